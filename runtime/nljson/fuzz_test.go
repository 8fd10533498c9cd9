package nljson

import (
	"bytes"
	"encoding/json"
	"testing"

	"github.com/nlgen/nlgen/runtime/nlattr"
)

// FuzzAppend turns bytes into JSON: it must be JSON, and if it can be read back,
// the same JSON must come of it.
func FuzzAppend(f *testing.F) {
	for _, s := range []string{
		`{"u8":255,"u16":4789,"caps":["rx","top",16],"link":{"kind":"both","data":{"id":7,"family":2}}}`,
		`{"policy":[{"policy-id":3,"attr-id":4,"id":5},{"policy-id":3,"attr-id":5}],"many":[1,2]}`,
		`{"policy":[{"policy-id":3},{"policy-id":3,"attr-id":4}],"many-policies":[{"a":1},[{"a":1},{"a":1,"id":2}]]}`,
		`{"slots":{"first":1,"slots":[1,2]},"link":{"kind":"slots","data":{"slots":[3]}},"headed":["00","0000000001000000"]}`,
		`{"multipath":[{"flags":1,"ifindex":-3,"id":7}],"ops":[{"1":{"id":1}}],"struct":{"count":4}}`,
		`{"UnknownAttr(68)":["0102","",{"UnknownAttr(1)":"aa"}],"bits":{"value":["tx"]},"addr":"::1"}`,
	} {
		f.Add(encodeSet(f, s))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		if got, err := Append(nil, message, b); err == nil && !json.Valid(got) {
			t.Fatalf("%x gives %s", b, got)
		}
		got, err := AppendSet(nil, topSet, b)
		if err != nil {
			return
		}
		if !json.Valid(got) {
			t.Fatalf("%x gives %s", b, got)
		}
		if len(got) > 64+200*len(b) {
			t.Fatalf("%d bytes give %d", len(b), len(got))
		}
		var e nlattr.Encoder
		if err := EncodeSet(&e, topSet, got); err != nil {
			// What has no place in the JSON was left out, and may be needed: a
			// value that its attribute may not have, or a nest that grew.
			return
		}
		if bytes.Contains(got, []byte(`"count":0,"slots":[`)) {
			return // a number of elements that is zero is filled in
		}
		again, _ := e.Finish()
		second, err := AppendSet(nil, topSet, again)
		if err != nil || !bytes.Equal(got, second) {
			t.Fatalf("%s\nand then\n%s %v", got, second, err)
		}
	})
}

// FuzzEncode turns JSON into bytes, which must be good attributes.
func FuzzEncode(f *testing.F) {
	for _, s := range []string{
		`{"u8":255,"u16":"0x12","caps":["rx","top",16],"link":{"data":{"id":7,"family":2},"kind":"both"}}`,
		`{"policy":[{"policy-id":3,"attr-id":4,"id":5},{"policy-id":3,"attr-id":5}],"many":[1,2]}`,
		`{"policy":[{"policy-id":3},{"policy-id":3,"attr-id":4}],"many-policies":[{"a":1},[{"a":1},{"a":1,"id":2}]]}`,
		`{"slots":{"first":1,"slots":[1,2]},"link":{"kind":"slots","data":{"slots":[3]}},"headed":["00","0000000001000000"]}`,
		`{"multipath":[{"flags":1,"ifindex":-3,"id":7}],"ops":[{"1":{"id":1}},{}],"struct":{"at":{"x":4}}}`,
		`{"UnknownAttr(68)":["0102","",{"UnknownAttr(1)":"aa"}],"bits":{"value":["tx"]},"addr":"::1","mac":"00:11"}`,
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, src []byte) {
		_ = EncodeStruct(make([]byte, 28), bigStruct, src)
		for _, m := range []bool{false, true} {
			var e nlattr.Encoder
			var err error
			if m {
				err = Encode(&e, message, src)
			} else {
				err = EncodeSet(&e, topSet, src)
			}
			b, ferr := e.Finish()
			if (err == nil) != (ferr == nil) {
				t.Fatalf("%v and %v", err, ferr)
			}
			if err != nil || m {
				continue
			}
			if _, err := AppendSet(nil, topSet, b); err != nil || len(b)%4 != 0 {
				t.Fatalf("%s gives %x: %v", src, b, err)
			}
		}
	})
}
