package nljson

import (
	"bytes"
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/nlgen/nlgen/runtime/nlattr"
	"github.com/nlgen/nlgen/runtime/nlpolicy"
)

func encodeSet(t testing.TB, src string) []byte {
	t.Helper()
	var e nlattr.Encoder
	if err := EncodeSet(&e, topSet, []byte(src)); err != nil {
		t.Fatalf("%s: %v", src, err)
	}
	b, err := e.Finish()
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// TestRoundTrip writes JSON as attributes and those as JSON again.
func TestRoundTrip(t *testing.T) {
	for _, c := range []struct{ in, out string }{
		{`{}`, ``},
		{`{"u8":255,"u16":4789,"u32":4294967295,"u64":18446744073709551615}`, ``},
		{`{"s8":-128,"s64":-9223372036854775808}`, ``},
		{`{"u8":"7","s8":"-7","u16":"0x10","u32":null}`, `{"u8":7,"s8":-7,"u16":16}`},
		{`{"uint":4294967296,"sint":-2147483649}`, ``},
		{`{"uint":1,"sint":-1}`, ``},
		{`{"flag":true,"string":"a\"b\\\u0001\nü"}`, ``},
		{`{"flag":false,"string":""}`, `{"string":""}`},
		{`{"fixed":"four"}`, ``},
		{`{"fixed":"ab"}`, ``},
		{`{"fixed":"fifth"}`, ``},
		{`{"binary":"00ff10"}`, ``},
		{`{"binary":"00 FF 10","hex":"0011aa"}`, `{"binary":"00ff10","hex":"00 11 aa"}`},
		{`{"binary":null}`, `{"binary":""}`},
		{`{"hexnum":"0x1f"}`, ``},
		{`{"hexnum":-31}`, `{"hexnum":"-0x1f"}`},
		{`{"mac":"aabbccddeeff"}`, `{"mac":"aa:bb:cc:dd:ee:ff"}`},
		{`{"mac":"AA-bb:cc dd ee ff"}`, `{"mac":"aa:bb:cc:dd:ee:ff"}`},
		{`{"addr":"192.0.2.1"}`, ``},
		{`{"addr":"2001:db8::1"}`, ``},
		{`{"addr":"::ffff:192.0.2.1"}`, ``},
		{`{"addr":"c0000201"}`, `{"addr":"192.0.2.1"}`},
		{`{"addr":"aabbcc"}`, ``},
		{`{"addr4":"192.0.2.1"}`, ``},
		{`{"addr4":3221225985}`, `{"addr4":"192.0.2.1"}`},
		{`{"uuid":"00112233-4455-6677-8899-aabbccddeeff"}`, ``},
		{`{"uuid":"00112233445566778899aabbccddeeff"}`, `{"uuid":"00112233-4455-6677-8899-aabbccddeeff"}`},
		{`{"uuid":"0011","fddi":"aabb"}`, ``},
		{`{"mode":"late","smode":"none"}`, ``},
		{`{"mode":7,"smode":-1}`, `{"mode":"late","smode":"none"}`},
		{`{"mode":6,"smode":-2}`, ``},
		{`{"mode":"Unknown(6)"}`, `{"mode":6}`},
		{`{"caps":["rx","top",16]}`, `{"caps":["rx",16,"top"]}`},
		{`{"caps":"rx"}`, `{"caps":["rx"]}`},
		{`{"caps":5}`, `{"caps":["tx","rx"]}`},
		{`{"caps":[]}`, ``},
		{`{"caps":["0x80000001"]}`, `{"caps":["tx","top"]}`},
		{`{"svar":["top"]}`, ``},
		{`{"modes":["off","late",512]}`, ``},
		{`{"modes":"on"}`, `{"modes":["on"]}`},
		{`{"bits":{"value":["tx"],"selector":["tx","rx"]},"nbits":{"value":1,"selector":3}}`, ``},
		{`{"bits":{"value":"tx"}}`, `{"bits":{"value":["tx"],"selector":["tx"]}}`},
		{`{"struct":{"at":{"x":-2,"y":"on"},"label":"abcdef","mac":"00:01:02:03:04:05","count":18446744073709551615,"addr":"192.0.2.1"}}`, ``},
		{`{"struct":{"count":1,"at":{"x":3}}}`,
			`{"struct":{"at":{"x":3,"y":"off"},"label":"","mac":"00:00:00:00:00:00","count":1,"addr":"0.0.0.0"}}`},
		{`{"struct":"00050701"}`,
			`{"struct":{"at":{"x":5,"y":"late"},"label":"","mac":"00:00:00:00:00:00","count":0,"addr":"0.0.0.0"}}`},
		{`{"packed":[1,2,65535],"packed-modes":["on",9]}`, ``},
		{`{"packed":"00010002"}`, `{"packed":[1,2]}`},
		{`{"packed":[]}`, ``},
		{`{"link":{"kind":"vxlan","data":{"id":7}}}`, ``},
		{`{"link":{"data":{"id":7},"kind":"vxlan"}}`, ``},
		{`{"link":{"kind":"prio","data":{"x":1,"y":"on"}}}`, ``},
		{`{"link":{"kind":"both","data":{"id":7,"family":2,"hdr-flags":["tx"]}}}`,
			`{"link":{"kind":"both","data":{"family":2,"hdr-flags":["tx"],"id":7}}}`},
		{`{"link":{"kind":"empty","data":{}}}`, ``},
		{`{"link":{"kind":"new","data":"0102"}}`, ``},
		{`{"link":{"kind":"empty","data":"0102"}}`, ``},
		{`{"link":{"kind":"prio","data":"0102"}}`, ``}, // too short for the header
		{`{"link":{"data":"0102"}}`, ``},
		{`{"link":{"kind":"vxlan","data":"0800010007000000"}}`, `{"link":{"kind":"vxlan","data":{"id":7}}}`},
		{`{"link":{"kind":"vxlan","ops":[{"1":{"id":1,"app":{"id":9}}}]}}`, ``}, // the selector is outside
		{`{"mode":"on","by-mode":{"id":1}}`, ``},
		{`{"mode":5,"by-mode":{"leaf":1}}`, ``},
		{`{"mode":1,"loop":{"again":{"data":{"id":1}}}}`, `{"mode":"on","loop":{"again":{"data":{"id":1}}}}`},
		{`{"ops":[{"0":{"id":1}},{"7":{"name":"x"}},{"7":{}}]}`, ``},
		{`{"ops":[{"id":1},{"name":"x"}]}`, `{"ops":[{"0":{"id":1}},{"1":{"name":"x"}}]}`},
		{`{"ops":[]}`, ``},
		{`{"addrs":["192.0.2.1",1],"blobs":["::1","aabb"],"names":["x",""]}`,
			`{"addrs":["192.0.2.1","0.0.0.1"],"blobs":["::1","aabb"],"names":["x",""]}`},
		{`{"bit-fields":[{"value":["tx"],"selector":["tx","rx"]},{"value":[],"selector":[]}]}`, ``},
		{`{"policy":{"policy-id":3,"attr-id":4,"id":5}}`, ``},
		{`{"policy":[{"policy-id":3,"attr-id":4,"id":5},{"policy-id":3,"attr-id":5},{"policy-id":4,"attr-id":5,"name":"x"}]}`, ``},
		{`{"policy":{"policy-id":3}}`, ``},
		{`{"policy":[{"policy-id":3},{"policy-id":3,"attr-id":4,"id":5},{"policy-id":3}]}`, ``},
		{`{"policy":[]}`, ``},
		{`{"many-policies":[{"a":1,"id":2},[{"a":1},{"a":2}]]}`, ``},
		{`{"many":[1,2,1],"u8":1}`, ``},
		{`{"many":5}`, `{"many":[5]}`},
		{`{"many":[]}`, `{}`},
		{`{"many":[1],"u8":1,"many":[2,3]}`, `{"many":[1,2,3],"u8":1}`},
		{`{"many-caps":[["tx","rx"],"tx",4]}`, `{"many-caps":[["tx","rx"],["tx"],["rx"]]}`},
		{`{"many-nests":[{"id":1},{"id":2}]}`, ``},
		{`{"many-nests":{"id":1}}`, `{"many-nests":[{"id":1}]}`},
		{`{"many-ops":[[{"1":{"id":1}}],[]]}`, ``},
		{`{"multipath":[{"flags":1,"hops":2,"ifindex":-3},{"flags":0,"hops":0,"ifindex":4,"id":7,"name":"x"}]}`, ``},
		{`{"multipath":[{"id":1}]}`, `{"multipath":[{"flags":0,"hops":0,"ifindex":0,"id":1}]}`},
		{`{"multipath":[]}`, ``},
		{`{"headed":[{"len":9,"flags":1,"hops":2,"ifindex":-3},{"len":0,"flags":0,"hops":0,"ifindex":4,"id":7,"name":"x"}]}`, ``},
		{`{"headed":["0000000001000000",{"id":1}]}`,
			`{"headed":[{"len":0,"flags":0,"hops":0,"ifindex":1},{"len":0,"flags":0,"hops":0,"ifindex":0,"id":1}]}`},
		{`{"slots":{"first":7,"count":2,"slots":[1,2]}}`, ``},
		{`{"slots":{"slots":[1,2,3]}}`, `{"slots":{"first":0,"count":3,"slots":[1,2,3]}}`},
		{`{"slots":{"count":1}}`, `{"slots":{"first":0,"count":1,"slots":[]}}`},
		{`{"link":{"kind":"slots","data":{"slots":5}}}`, `{"link":{"kind":"slots","data":{"first":0,"count":1,"slots":[5]}}}`},
		{`{"UnknownAttr(68)":"0102","u8":1}`, ``},
		{`{"UnknownAttr(68)":["0102","",{"UnknownAttr(1)":"aa"}]}`, ``},
		{`{"UnknownAttr(68)":{"UnknownAttr(0)":"01","UnknownAttr(5)":{}}}`, ``},
		{`{"UnknownAttr(1)":"05"}`, `{"u8":5}`},
		{`{"u8":1,"u16":2,"u8":3}`, `{"u8":3,"u16":2}`},
		{" {\"u8\" :\n1 } ", `{"u8":1}`},
	} {
		want := c.out
		if want == "" {
			want = c.in
		}
		b := encodeSet(t, c.in)
		got, err := AppendSet([]byte("x"), topSet, b)
		if err != nil || string(got) != "x"+want {
			t.Errorf("%s\ngave  %s %v\nwant %s", c.in, got, err, want)
			continue
		}
		// What is written is read as the same bytes, but for indexes that were given up.
		if again := encodeSet(t, want); !bytes.Equal(encodeSet(t, string(got[1:])), again) {
			t.Errorf("%s: different bytes the second time", c.in)
		}
		if !json.Valid(got[1:]) {
			t.Errorf("%s is no JSON", got)
		}
	}
}

func TestBytes(t *testing.T) {
	if !littleEndian() {
		t.Skip("the bytes are those of a little-endian machine")
	}
	for _, c := range []struct{ in, want string }{
		{`{"u16":258}`, "\x06\x00\x02\x00\x01\x02\x00\x00"},
		{`{"link":{"kind":"vxlan","data":{"id":7}}}`,
			"\x1c\x00\x1d\x80\x0a\x00\x01\x00vxlan\x00\x00\x00\x0c\x00\x02\x80\x08\x00\x01\x00\x07\x00\x00\x00"},
		{`{"link":{"kind":"prio","data":{"x":1,"y":7}}}`,
			"\x18\x00\x1d\x80\x09\x00\x01\x00prio\x00\x00\x00\x00\x08\x00\x02\x00\x00\x01\x07\x00"},
		{`{"ops":[{},{"5":{}}]}`, "\x0c\x00\x1e\x80\x04\x00\x00\x80\x04\x00\x05\x80"},
		{`{"addrs":["1.2.3.4"]}`, "\x0c\x00\x1f\x80\x08\x00\x00\x00\x01\x02\x03\x04"},
		{`{"policy":[{"policy-id":3,"attr-id":4},{"policy-id":3,"attr-id":5}]}`,
			"\x10\x00\x22\x80\x0c\x00\x03\x80\x04\x00\x04\x80\x04\x00\x05\x80"},
		{`{"policy":[{"policy-id":3},{"policy-id":3,"attr-id":4},{"policy-id":3}]}`,
			"\x14\x00\x22\x80\x04\x00\x03\x80\x08\x00\x03\x80\x04\x00\x04\x80\x04\x00\x03\x80"},
		{`{"multipath":[{"ifindex":1,"id":2},{"ifindex":3}]}`,
			"\x1c\x00\x26\x00\x10\x00\x00\x00\x01\x00\x00\x00\x08\x00\x01\x00\x02\x00\x00\x00\x08\x00\x00\x00\x03\x00\x00\x00"},
		{`{"fixed":"ab","string":"ab"}`, "\x08\x00\x0b\x00ab\x00\x00\x07\x00\x0a\x00ab\x00\x00"},
		{`{"UnknownAttr(68)":{}}`, "\x04\x00\x44\x80"},
		{`{"bits":{"value":["tx"],"selector":5}}`, "\x0c\x00\x18\x00\x01\x00\x00\x00\x05\x00\x00\x00"},
	} {
		if got := encodeSet(t, c.in); string(got) != c.want {
			t.Errorf("%s:\ngot  %x\nwant %x", c.in, got, c.want)
		}
	}
}

func littleEndian() bool { return nlattr.GetUint16([]byte{1, 0}) == 1 }

func TestMessage(t *testing.T) {
	const in = `{"u8":1,"family":2,"hdr-flags":["tx"],"u16":3}`
	const want = `{"family":2,"hdr-flags":["tx"],"u8":1,"u16":3}`
	e := nlattr.NewEncoder([]byte("head"))
	if err := Encode(&e, message, []byte(in)); err != nil {
		t.Fatal(err)
	}
	b, _ := e.Finish()
	if n := len(b) - len("head"); n != 8+8+8 {
		t.Errorf("%d bytes", n)
	}
	got, err := Append(nil, message, b[4:])
	if err != nil || string(got) != want {
		t.Errorf("got %s %v", got, err)
	}
	// An attribute named like a member of the header is hidden by it.
	b = append(b, 8, 0, 42, 0, 1, 0, 0, 0)
	if got, err = Append(nil, message, b[4:]); err != nil || string(got) != want {
		t.Errorf("got %s %v", got, err)
	}
	if _, err = Append(nil, message, b[4:9]); !errors.Is(err, nlattr.ErrTruncated) {
		t.Error(err)
	}
	if got, err = Append([]byte("x"), &nlpolicy.Message{}, nil); err != nil || string(got) != "x{}" {
		t.Errorf("got %s %v", got, err)
	}
	if got, err = Append(nil, message, make([]byte, 6)); err != nil || string(got) != `{"family":0,"hdr-flags":[]}` {
		t.Errorf("got %s %v", got, err)
	}
}

// TestShadowed has values that the member of a header cannot hold, which the attribute with its name can.
func TestShadowed(t *testing.T) {
	message := &nlpolicy.Message{
		Header: &nlpolicy.Struct{Name: "rule", Size: 4, Members: []nlpolicy.Member{{Name: "table", Size: 1}}},
		Attrs:  &nlpolicy.Set{Name: "rule", Attrs: []nlpolicy.Attr{{Name: "table", Number: 15, Kind: nlpolicy.U32, Flags: nlpolicy.BigEndian}}},
	}
	for _, c := range []struct {
		in   string
		want []byte
	}{
		{`{"table":255}`, []byte{255, 0, 0, 0}},
		{`{"table":256}`, append([]byte{0, 0, 0, 0}, encoded(func(e *nlattr.Encoder) { e.Uint32BE(15, 256) })...)},
	} {
		got := encoded(func(e *nlattr.Encoder) {
			if err := Encode(e, message, []byte(c.in)); err != nil {
				t.Error(err)
			}
		})
		if !bytes.Equal(got, c.want) {
			t.Errorf("%s: got %x, want %x", c.in, got, c.want)
		}
	}
	var e nlattr.Encoder
	if err := Encode(&e, message, []byte(`{"table":"main"}`)); err == nil || err.Error() != `table (offset 9): "main" is no integer` {
		t.Errorf("a value that fits neither: %v", err)
	}
}

func encoded(f func(*nlattr.Encoder)) []byte {
	var e nlattr.Encoder
	f(&e)
	return e.Written()
}

func TestStruct(t *testing.T) {
	const text = `{"at":{"x":-2,"y":"on"},"label":"abc","mac":"00:01:02:03:04:05","count":1,"addr":"192.0.2.1"}`
	b := bytes.Repeat([]byte{0xff}, 30)
	if err := EncodeStruct(b, bigStruct, []byte(text)); err != nil {
		t.Fatal(err)
	}
	if got := AppendStruct([]byte("x"), bigStruct, b); string(got) != "x"+text {
		t.Errorf("got %s", got)
	}
	if b[3] != 0 || b[28] != 0xff {
		t.Errorf("padding is %x, behind the struct stands %x", b[3], b[28])
	}
	if got := AppendStruct(nil, bigStruct, b[:17]); !strings.Contains(string(got), `"count":1,"addr":"0.0.0.0"`) && littleEndian() {
		t.Errorf("got %s", got)
	}
	const twice = `{"count":1,"at":{"x":3},"count":null,"at":{"y":1}}`
	if err := EncodeStruct(b, bigStruct, []byte(twice)); err != nil || !bytes.Equal(b[:28], append([]byte{0, 0, 1}, make([]byte, 25)...)) {
		t.Errorf("of keys that come twice the last does not count: %x %v", b, err)
	}
	for _, c := range []struct{ in, want string }{
		{`[]`, "offset 0: got an array, want an object"},
		{`{"label":"1234567"}`, "label (offset 9): payload has the wrong length"},
		{`{"label":1}`, "label (offset 9): got a number, want a string"},
		{`{"mac":"00010203040506"}`, "mac (offset 7): payload has the wrong length"},
		{`{"nope":1}`, "nope (offset 8): unknown key in big"},
		{`{"at":{"pad":1}}`, "at.pad (offset 13): unknown key in point"},
		{`{"at":{"x":32768}}`, "at.x (offset 11): number out of range"},
		{`{`, "offset 1: unexpected EOF"},
	} {
		if err := EncodeStruct(make([]byte, 28), bigStruct, []byte(c.in)); err == nil || err.Error() != c.want {
			t.Errorf("%s: %v, want %s", c.in, err, c.want)
		}
	}
	if err := EncodeStruct(nil, bigStruct, []byte(text)); !errors.Is(err, nlattr.ErrTruncated) {
		t.Error(err)
	}
}

func TestEncodeErrors(t *testing.T) {
	long := strings.Repeat("00", 65532)
	for _, c := range []struct{ in, want string }{
		{``, "offset 0: unexpected EOF"},
		{`{"u8":1}x`, "offset 8: more than one JSON value"},
		{`{} {}`, "offset 3: more than one JSON value"},
		{`[1]`, "offset 0: got an array, want an object"},
		{`{"u8":1,}`, "offset 8: invalid character '}'"},
		{`{"u9":1}`, "u9 (offset 6): unknown key in top"},
		{`{"none":1}`, "none (offset 8): an attribute of type unused is never sent"},
		{`{"pad":""}`, "pad (offset 7): an attribute of type pad is never sent"},
		{`{"u8":256}`, "u8 (offset 6): number out of range"},
		{`{"u8":-1}`, "u8 (offset 6): number out of range"},
		{`{"s8":128}`, "s8 (offset 6): number out of range"},
		{`{"s8":-129}`, "s8 (offset 6): number out of range"},
		{`{"u64":18446744073709551616}`, "u64 (offset 7): number out of range"},
		{`{"s64":9223372036854775808}`, "s64 (offset 7): number out of range"},
		{`{"s64":-9223372036854775809}`, "s64 (offset 7): number out of range"},
		{`{"u8":1.5}`, `u8 (offset 6): "1.5" is no integer`},
		{`{"u8":1e2}`, `u8 (offset 6): "1e2" is no integer`},
		{`{"u8":true}`, "u8 (offset 6): got true or false, want a number"},
		{`{"u8":"x"}`, `u8 (offset 6): "x" is no integer`},
		{`{"mode":"lat"}`, `mode (offset 8): "lat" is no value of mode`},
		{`{"caps":["rx","nope"]}`, `caps[1] (offset 14): "nope" is no value of caps`},
		{`{"caps":[4294967296]}`, "caps[0] (offset 9): number out of range"},
		{`{"caps":[-1]}`, "caps[0] (offset 9): number out of range"},
		{`{"caps":[{}]}`, "caps[0] (offset 9): got an object, want a name or a number"},
		{`{"flag":1}`, "flag (offset 8): got a number, want true or false"},
		{`{"string":1}`, "string (offset 10): got a number, want a string"},
		{`{"string":"a\u0000b"}`, "string (offset 10): string contains a NUL byte"},
		{`{"binary":"0"}`, `binary (offset 10): "0" are no hex digits`},
		{`{"binary":[1]}`, `binary (offset 10): got an array, want hex digits`},
		{`{"addr":"1.2.3"}`, `addr (offset 8): "1.2.3" is no address`},
		{`{"addr":"fe80::1%eth0"}`, `addr (offset 8): "fe80::1%eth0" is no address`},
		{`{"bits":{"value":1,"mask":1}}`, "bits.mask (offset 26): unknown key"},
		{`{"nbits":{"value":[1]}}`, "nbits.value (offset 18): got an array, want a number"},
		{`{"bits":{"value":[4294967296]}}`, "bits.value[0] (offset 18): number out of range"},
		{`{"bits":1}`, "bits (offset 8): got a number, want an object"},
		{`{"link":[]}`, "link (offset 8): got an array, want an object"},
		{`{"link":{"kind":"x","data":{}}}`, "link.data (offset 27): the selector of the sub-message is missing or unknown"},
		{`{"link":{"data":{"id":1}}}`, "link.data (offset 16): the selector of the sub-message is missing or unknown"},
		{`{"link":{"kind":"vxlan","data":{"id":"x"}}}`, `link.data.id (offset 37): "x" is no integer`},
		{`{"ops":{}}`, "ops (offset 7): got an object, want an array"},
		{`{"ops":[{"id":1},{"id":-1}]}`, "ops[1].id (offset 23): number out of range"},
		{`{"many-nests":[{"id":1},{"id":-1}]}`, "many-nests[1].id (offset 30): number out of range"},
		{`{"policy":{}}`, `policy (offset 10): "policy-id" is missing`},
		{`{"policy":[{"policy-id":1,"id":1}]}`, `policy[0] (offset 11): "attr-id" is missing`},
		{`{"policy":{"policy-id":16384}}`, "policy.policy-id (offset 23): attribute number exceeds 14 bits"},
		{`{"multipath":[{"len":3}]}`, "multipath[0].len (offset 21): unknown key in op"},
		{`{"headed":[{"lens":3}]}`, "headed[0].lens (offset 19): unknown key in op"},
		{`{"headed":[3]}`, "headed[0] (offset 11): got a number, want an object"},
		{`{"slots":{"slots":[1,65536]}}`, "slots.slots[1] (offset 21): number out of range"},
		{`{"slots":{"nope":1}}`, "slots.nope (offset 17): unknown key in slots"},
		{`{"link":{"kind":"slots","data":{"nope":1}}}`, "link.data.nope (offset 39): unknown key in slots"},
		{`{"link":{"kind":"slots","data":{"UnknownAttr(1)":""}}}`, "link.data.UnknownAttr(1) (offset 49): unknown key in slots"},
		{`{"UnknownAttr(16384)":""}`, "UnknownAttr(16384) (offset 22): unknown key in top"},
		{`{"UnknownAttr(1)":[[]]}`, "UnknownAttr(1)[0] (offset 19): got an array, want hex digits or an object"},
		{`{"binary":"` + long + `"}`, "binary (offset 10): attribute exceeds 65535 bytes"},
		{`{"link":{"ops":[{"name":"` + long[:40000] + `"},{"name":"` + long[:40000] + `"}]}}`, "link.ops (offset 15): attribute exceeds 65535 bytes"},
		{strings.Repeat(`{"loop":`, 1) + strings.Repeat(`{"again":`, 40) + "{}" + strings.Repeat("}", 41),
			"loop" + strings.Repeat(".again", 32) + " (offset 296): attributes are nested too deep"},
		{strings.Repeat("[", 1000), "offset 129: values are nested too deep"},
	} {
		var e nlattr.Encoder
		err := EncodeSet(&e, topSet, []byte(c.in))
		if err == nil || !strings.HasPrefix(err.Error(), c.want) {
			t.Errorf("%.80s: %.200v, want %.200s", c.in, err, c.want)
		}
		if _, err := e.Finish(); err == nil {
			t.Errorf("%.80s: the encoder does not know", c.in)
		}
	}
}

func TestAppendErrors(t *testing.T) {
	if !littleEndian() {
		t.Skip("the bytes are those of a little-endian machine")
	}
	for _, c := range []struct{ in, want string }{
		{"\x05", "offset 0: trailing bytes after the last attribute"},
		{"\x05\x00\x01\x00\x01\x00\x00\x00\x09\x00\x01\x00\x01", "offset 8: attribute is truncated"},
		{"\x0c\x00\x1d\x80\x08\x00\x05\x00\x01\x02\x03", "offset 0: attribute is truncated"},
	} {
		got, err := AppendSet([]byte("x"), topSet, []byte(c.in))
		if err == nil || err.Error() != c.want || string(got) != "x" {
			t.Errorf("%x: %s %v, want %s", c.in, got, err, c.want)
		}
	}
}

// TestMisfits shows what is not as the tables say as unknown, and all else by name.
func TestMisfits(t *testing.T) {
	if !littleEndian() {
		t.Skip("the bytes are those of a little-endian machine")
	}
	for _, c := range []struct{ in, want string }{
		{"\x06\x00\x01\x00\x01\x02", `{"UnknownAttr(1)":"0102"}`},
		{"\x06\x00\x07\x00\x01\x02", `{"UnknownAttr(7)":"0102"}`},
		{"\x08\x00\x18\x00\x01\x02\x01\x01", `{"UnknownAttr(24)":"01020101"}`},
		{"\x07\x00\x1b\x00\x01\x02\x03", `{"UnknownAttr(27)":"010203"}`},
		{"\x06\x00\x23\x00\x01\x02\x00\x00\x05\x00\x23\x00\x01", `{"many":[513],"UnknownAttr(35)":"01"}`},
		{"\x05\x00\x23\x00\x01\x00\x00\x00\x05\x00\x23\x00\x02", `{"UnknownAttr(35)":["01","02"]}`},
		{"\x0c\x00\x1e\x80\x06\x00\x01\x00\x01\x02\x00\x00", `{"UnknownAttr(30)":{"UnknownAttr(1)":"0102"}}`},
		{"\x0a\x00\x1e\x80\x06\x00\x01\x00\x01\x02", `{"UnknownAttr(30)":"060001000102"}`},
		{"\x0d\x00\x1e\x80\x09\x00\x01\x00\x05\x00\x01\x00\x01", `{"ops":[{"1":{"UnknownAttr(1)":"01"}}]}`},
		{"\x0c\x00\x26\x00\x09\x00\x01\x00\x01\x02\x01\x02", `{"UnknownAttr(38)":"0900010001020102"}`},
		{"\x0c\x00\x22\x80\x08\x00\x01\x00\x03\x00\x01\x00", `{"UnknownAttr(34)":{"UnknownAttr(1)":"03000100"}}`},
	} {
		got, err := AppendSet(nil, topSet, []byte(c.in))
		if err != nil || string(got) != c.want {
			t.Errorf("%x: %s %v, want %s", c.in, got, err, c.want)
		}
	}
}

func TestForeignBytes(t *testing.T) {
	if !littleEndian() {
		t.Skip("the bytes are those of a little-endian machine")
	}
	for _, c := range []struct{ in, want string }{
		{"\x05\x00\x09\x00\x01", `{"flag":true}`},
		{"\x07\x00\x0a\x00abc", `{"string":"abc"}`},
		{"\x08\x00\x0a\x00a\x00bc", `{"string":"a"}`},
		{"\x07\x00\x0a\x00a\xffb\x00\x04\x00\x00\x00", "{\"string\":\"a\ufffdb\"}"},
		{"\x04\x00\x27\x00\x04\x00\x00\x00\x05\x00\x01\x00\x01", `{"u8":1}`},
		{"\x08\x00\x07\x00\x01\x00\x00\x00\x0c\x00\x08\x00\x01\x00\x00\x00\x00\x00\x00\x00", `{"uint":1,"sint":1}`},
		// NLA_F_NESTED may be missing, or be wrong on what is unknown.
		{"\x0c\x00\x1d\x00\x08\x00\x05\x00\x01\x02\x03\x04", `{"link":{"UnknownAttr(5)":"01020304"}}`},
		{"\x07\x00\x44\x80\x01\x02\x03", `{"UnknownAttr(68)":"010203"}`},
	} {
		got, err := AppendSet(nil, topSet, []byte(c.in))
		if err != nil || string(got) != c.want {
			t.Errorf("%x: %s %v, want %s", c.in, got, err, c.want)
		}
	}
}

// TestManyAttributes has more attributes than are compared one by one.
func TestManyAttributes(t *testing.T) {
	var e nlattr.Encoder
	for i := range 5000 {
		e.Uint8(uint16(100+i%300), uint8(i))
	}
	e.Uint16(35, 1)
	e.Uint8(1, 1)
	e.Uint16(35, 2)
	e.Uint8(1, 2)
	b, _ := e.Finish()
	got, err := AppendSet(nil, topSet, b)
	if err != nil {
		t.Fatal(err)
	}
	var v map[string]any
	if err := json.Unmarshal(got, &v); err != nil {
		t.Fatal(err)
	}
	if len(v) != 302 || len(v["UnknownAttr(399)"].([]any)) != 16 || len(v["many"].([]any)) != 2 || v["u8"] != 2.0 {
		t.Errorf("%d members, %v %v %v", len(v), v["UnknownAttr(399)"], v["many"], v["u8"])
	}
}

func TestDeepBytes(t *testing.T) {
	for _, typ := range []uint16{2, 99} { // again; unknown
		var b []byte
		for range 200 {
			var e nlattr.Encoder
			e.Bytes(typ|nlattr.Nested, b)
			b, _ = e.Finish()
		}
		text, err := AppendSet(nil, loopSet, b)
		if err != nil {
			t.Error(err)
			continue
		}
		var e nlattr.Encoder
		if err := EncodeSet(&e, loopSet, text); err != nil || len(e.Written()) != len(b) {
			t.Errorf("type %d: %d bytes become %d: %v", typ, len(b), len(e.Written()), err)
		}
	}
}

func BenchmarkAppend(b *testing.B) {
	var e nlattr.Encoder
	if err := Encode(&e, message, []byte(`{"family":2,"u8":1,"string":"eth0","mac":"001122334455","caps":["rx","tx"],"link":{"kind":"vxlan","data":{"id":7}}}`)); err != nil {
		b.Fatal(err)
	}
	body, _ := e.Finish()
	dst := make([]byte, 0, 4096)
	b.ReportAllocs()
	for b.Loop() {
		dst, _ = Append(dst[:0], message, body)
	}
}
