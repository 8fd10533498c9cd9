package dynamic

import (
	"encoding/hex"
	"errors"
	"strings"
	"testing"

	"github.com/nlgen/nlgen/gen/ir"
	"github.com/nlgen/nlgen/runtime/nlattr"
)

// all returns the codec of the spec with every construct.
func all(t testing.TB) *Codec { return read(t, "testdata/all.yaml") }

// zeroHead is the header of that spec with every member zero, as it stands on a
// little-endian wire and as JSON has it.
const (
	zeroHead     = "000000000000000000000000"
	zeroHeadJSON = `"family": 0, "hue": "red", "index": 0, "flags": [], "shared": 0`
)

// bytesOf returns the bytes of a message, less the zero header.
func bytesOf(t *testing.T, c *Codec, input string) (string, error) {
	t.Helper()
	o := new(Object)
	if err := o.UnmarshalJSON([]byte(input)); err != nil {
		t.Fatalf("%s: %v", input, err)
	}
	b, err := c.Append(nil, c.Op("get"), o)
	if err != nil {
		return "", err
	}
	return strings.TrimPrefix(showBytes(ir.NoHint, b), zeroHead), nil
}

// TestForms goes through the forms that JSON may have: the bytes that they all
// become, and the JSON that these become. An attribute's header is left out where
// only its payload matters: "7:" stands for one with number 7.
func TestForms(t *testing.T) {
	if nlattr.GetUint16([]byte{1, 0}) != 1 {
		t.Skip("the bytes are those of little-endian machines")
	}
	c := all(t)
	for _, tc := range []struct {
		want  string // bytes
		json  string // decoded; the key and its value
		forms []string
	}{
		{"0500010007000000", `"u8": 7`, []string{`{"u8": 7}`, `{"u8": "7"}`, `{"u8": "0x7"}`, `{"u8": 7, "text": null}`}},
		{"0600020012340000", `"be16": 4660`, []string{`{"be16": 4660}`, `{"be16": "0x1234"}`}},
		{"0800030004030201", `"le32": 16909060`, []string{`{"le32": 16909060}`}},
		{"0c000400ffffffffffffffff", `"u64": 18446744073709551615`, []string{`{"u64": 18446744073709551615}`, `{"u64": "18446744073709551615"}`}},
		{"06000500feff0000", `"s16": -2`, []string{`{"s16": -2}`, `{"s16": "-2"}`, `{"s16": "-0x2"}`}},
		{"0c0006000000000000000080", `"s64": -9223372036854775808`, []string{`{"s64": -9223372036854775808}`}},
		{"08000700ffffffff", `"uint": 4294967295`, []string{`{"uint": 4294967295}`}},
		{"0c0007000000000001000000", `"uint": 4294967296`, []string{`{"uint": 4294967296}`}},
		{"08000800ffffffff", `"sint": -1`, []string{`{"sint": -1}`}},
		{"0c0008000000008000000000", `"sint": 2147483648`, []string{`{"sint": 2147483648}`}},
		{"0800090007000000", `"color": "blue"`, []string{`{"color": "blue"}`, `{"color": 7}`, `{"color": "7"}`}},
		{"0800090005000000", `"color": 5`, []string{`{"color": 5}`, `{"color": "Unknown(5)"}`}},
		{"08000a0021000000", `"bits": ["one", "six"]`, []string{`{"bits": ["six", "one"]}`, `{"bits": 33}`, `{"bits": ["one", 32]}`, `{"bits": [33]}`}},
		{"08000a0002000000", `"bits": ["two"]`, []string{`{"bits": "two"}`, `{"bits": "2"}`}},
		{"08000a0009000000", `"bits": ["one", 8]`, []string{`{"bits": ["one", 8]}`, `{"bits": "0x9"}`}},
		{"08000a0000000000", `"bits": []`, []string{`{"bits": []}`, `{"bits": 0}`}},
		{"06000b0081000000", `"color-bits": ["red", "blue"]`, []string{`{"color-bits": ["red", "blue"]}`, `{"color-bits": 129}`}},
		{"04000c00", `"flag": true`, []string{`{"flag": true}`, `{"flag": 1}`}},
		{"", ``, []string{`{}`, `{"flag": false}`, `{"flag": null, "u8": null, "nest": null, "many": [], "array": null}`}},
		{"07000d0068690000", `"text": "hi"`, []string{`{"text": "hi"}`}},
		{"05000d0000000000", `"text": ""`, []string{`{"text": ""}`}},
		{"08000e0068690000", `"fixed": "hi"`, []string{`{"fixed": "hi"}`}},
		{"0a000e006c6f6e6765720000", `"fixed": "longer"`, []string{`{"fixed": "longer"}`}}, // The kernel is the judge.
		{"06000f000aff0000", `"data": "0aff"`, []string{`{"data": "0aff"}`, `{"data": "0A FF"}`}},
		{"04000f00", `"data": ""`, []string{`{"data": null}`, `{"data": ""}`}},
		{"0a0010000203040506070000", `"mac": "02:03:04:05:06:07"`, []string{`{"mac": "02:03:04:05:06:07"}`, `{"mac": "020304050607"}`, `{"mac": "02-03-04-05-06-07"}`}},
		{"08001100c0000201", `"v4": "192.0.2.1"`, []string{`{"v4": "192.0.2.1"}`, `{"v4": 3221225985}`}},
		{"08001200c0000201", `"addr": "192.0.2.1"`, []string{`{"addr": "192.0.2.1"}`, `{"addr": "c0000201"}`}},
		{"1400120020010db8000000000000000000000001", `"addr": "2001:db8::1"`, []string{`{"addr": "2001:db8::1"}`}},
		{"05001200c0000000", `"addr": "c0"`, []string{`{"addr": "c0"}`}},
		{"1400130000112233445566778899aabbccddeeff", `"uuid": "00112233-4455-6677-8899-aabbccddeeff"`,
			[]string{`{"uuid": "00112233-4455-6677-8899-aabbccddeeff"}`, `{"uuid": "00112233445566778899aabbccddeeff"}`}},
		{"060014000aff0000", `"hex": "0a ff"`, []string{`{"hex": "0a ff"}`, `{"hex": "0aff"}`}},
		{"08001500f0ffffff", `"hex-number": "-0x10"`, []string{`{"hex-number": "-0x10"}`, `{"hex-number": -16}`}},
		{"2c00160001000000000000000200000000000000003502030405060700006162000000000000070000000000", `"struct": {"a": 1, "b": 2, "in": {"port": 53, "mac": "02:03:04:05:06:07"}, "label": "ab", "color": "blue"}`,
			[]string{`{"struct": {"a": 1, "b": 2, "in": {"port": 53, "mac": "020304050607"}, "label": "ab", "color": 7}}`}},
		{"2c00160000000000000000000000000000000000000000000000000000000000000000000000000000000000", `"struct": {"a": 0, "b": 0, "in": {"port": 0, "mac": "00:00:00:00:00:00"}, "label": "", "color": "red"}`,
			[]string{`{"struct": {}}`, `{"struct": {"a": null, "in": {}}}`}},
		{"0800170000010002", `"packed": [1, 2]`, []string{`{"packed": [1, 2]}`, `{"packed": "00010002"}`}},
		{"0600180001070000", `"packed-colors": ["green", "blue"]`, []string{`{"packed-colors": ["green", "blue"]}`}},
		{"0c0019000100000021000000", `"bitfield": {"value": ["one"], "selector": ["one", "six"]}`,
			[]string{`{"bitfield": {"value": 1, "selector": ["one", "six"]}}`}},
		{"0c00190001000000" + "01000000", `"bitfield": {"value": ["one"], "selector": ["one"]}`, []string{`{"bitfield": {"value": "one"}}`}},
		{"0c001a000100000003000000", `"plain-bitfield": {"value": 1, "selector": 3}`, []string{`{"plain-bitfield": {"selector": 3, "value": 1}}`}},
		{"0c001b80" + "0500010001000000", `"nest": {"u8": 1}`, []string{`{"nest": {"u8": 1}}`}},
		{"04001b80", `"nest": {}`, []string{`{"nest": {}}`}},
		{"06001c0061000000" + "06001c0062000000", `"many": ["a", "b"]`, []string{`{"many": ["a", "b"]}`}},
		{"06001c0061000000", `"many": ["a"]`, []string{`{"many": "a"}`, `{"many": ["a"]}`}},
		{"0c001d800800010001000000" + "04001d80", `"many-nests": [{"id": 1}, {}]`, []string{`{"many-nests": [{"id": 1}, {}]}`}},
		{"14001e800c0000800800010001000000" + "04000180", `"array": [{"0": {"id": 1}}, {"1": {}}]`, []string{`{"array": [{"id": 1}, {}]}`, `{"array": [{"0": {"id": 1}}, {"1": {}}]}`}},
		{"08001e8004000580", `"array": [{"5": {}}]`, []string{`{"array": [{"5": {}}]}`}},
		{"14001f800800000001000000" + "0800010002000000", `"numbers": [1, 2]`, []string{`{"numbers": [1, 2]}`}},
		{"100020800a0000000203040506070000", `"blobs": ["02:03:04:05:06:07"]`, []string{`{"blobs": ["02:03:04:05:06:07"]}`}},
		{"14002180100001800c000280" + "0800010009000000", `"levels": {"op-id": 1, "sub-id": 2, "id": 9}`, []string{`{"levels": {"op-id": 1, "sub-id": 2, "id": 9}}`}},
		{"10002180" + "04000180" + "08000180" + "04000280", `"levels": [{"op-id": 1}, {"op-id": 1, "sub-id": 2}]`,
			[]string{`{"levels": [{"op-id": 1}, {"op-id": 1, "sub-id": 2}]}`}},
		{"10002180" + "0c000180" + "04000280" + "04000380", `"levels": [{"op-id": 1, "sub-id": 2}, {"op-id": 1, "sub-id": 3}]`,
			[]string{`{"levels": [{"op-id": 1, "sub-id": 2}, {"sub-id": 3, "op-id": 1}]}`}},
		{"0800220073657400" + "0c0023800800010001000000", `"kind": "set", "options": {"id": 1}`, []string{`{"kind": "set", "options": {"id": 1}}`}},
		{"0b00220068656164657200000700230001020300", `"kind": "header", "options": {"x": 1, "y": 2, "name": 3}`, []string{`{"kind": "header", "options": {"x": 1, "y": 2, "name": 3}}`}},
		{"09002200626f74680000000010002380010200000800010001000000", `"kind": "both", "options": {"x": 1, "y": 2, "name": 0, "id": 1}`,
			[]string{`{"kind": "both", "options": {"id": 1, "x": 1, "y": 2}}`}},
		{"0a002200656d707479000000" + "04002300", `"kind": "empty", "options": {}`, []string{`{"kind": "empty", "options": {}}`}},
		{"0a0022006f74686572000000" + "06002300abcd0000", `"kind": "other", "options": "abcd"`, []string{`{"kind": "other", "options": "ab cd"}`}},
		{"0800220073657400" + "10002480" + "0c000180" + "0800010001000000", `"kind": "set", "stats": {"app": {"id": 1}}`,
			[]string{`{"kind": "set", "stats": {"app": {"id": 1}}}`}},
		{"0800250001000000" + "0c0026800800010001000000", `"number-kind": "green", "number-options": {"id": 1}`, []string{`{"number-kind": 1, "number-options": {"id": 1}}`}},
		{"0800250009000000" + "0700260001000000", `"number-kind": 9, "number-options": {"x": 1, "y": 0, "name": 0}`, []string{`{"number-kind": 9, "number-options": {"x": 1}}`}},
		{"06006400abcd0000", `"UnknownAttr(100)": "abcd"`, []string{`{"UnknownAttr(100)": "abcd"}`, `{"UnknownAttr(100)": ["ab cd"]}`}},
		{"08006480" + "04000500", `"UnknownAttr(100)": {"UnknownAttr(5)": ""}`, []string{`{"UnknownAttr(100)": {"UnknownAttr(5)": null}}`}},
		{"0500640001000000" + "0500640002000000", `"UnknownAttr(100)": ["01", "02"]`, []string{`{"UnknownAttr(100)": ["01", "02"]}`}},
	} {
		for _, form := range tc.forms {
			got, err := bytesOf(t, c, form)
			if err != nil || got != tc.want {
				t.Errorf("%s becomes\n %s, %v, want\n %s", form, got, err, tc.want)
			}
		}
		b := unhex(t, zeroHead+tc.want)
		o, err := c.Decode(c.Op("get"), b)
		want := "{" + zeroHeadJSON + ", " + tc.json + "}"
		if got := string(AppendJSON(nil, o)); err != nil || got != strings.Replace(want, ", }", "}", 1) {
			t.Errorf("%s becomes\n %s, %v, want\n %s", tc.want, got, err, want)
		}
	}
}

// TestHeader mixes members of the header and attributes.
func TestHeader(t *testing.T) {
	c := all(t)
	o := new(Object)
	const input = `{"u8": 1, "flags": ["two"], "hue": "blue", "shared": 9, "index": 3, "text": "x", "family": null}`
	if err := o.UnmarshalJSON([]byte(input)); err != nil {
		t.Fatal(err)
	}
	b, err := c.Append([]byte("before"), c.Op("get"), o)
	if err != nil {
		t.Fatal(err)
	}
	rest, ok := strings.CutPrefix(string(b), "before")
	if !ok || len(rest) != 12+8+8 {
		t.Fatalf("got %x", b)
	}
	back, err := c.Decode(c.Op("get"), []byte(rest))
	const want = `{"family": 0, "hue": "blue", "index": 3, "flags": ["two"], "shared": 9, "u8": 1, "text": "x"}`
	if err != nil || string(AppendJSON(nil, back)) != want {
		t.Errorf("got %s, %v", AppendJSON(nil, back), err)
	}
}

// TestHeaderOutgrown has a number that is too large for the member with the name
// of an attribute: only the attribute can hold it, and means it.
func TestHeaderOutgrown(t *testing.T) {
	c := readSource(t, "outgrown.yaml", []byte(`
name: outgrown
protocol: netlink-raw
protonum: 0
definitions:
  - name: head
    type: struct
    members: [{name: table, type: u8}, {name: rest, type: pad, len: 3}]
attribute-sets:
  - name: top
    attributes: [{name: table, type: u32}]
operations:
  enum-model: directional
  fixed-header: head
  list:
    - name: get
      attribute-set: top
      do: {request: {value: 1, attributes: [table]}, reply: {value: 1, attributes: [table]}}
`))
	for _, tc := range []struct{ input, wire, want string }{
		{`{"table": 255}`, "ff000000", `{"table": 255}`},
		{`{"table": 256}`, "00000000" + "0800010000010000", `{"table": 256}`},
		{"", "fc000000" + "0800010000010000", `{"table": 256}`},
		{"", "64000000" + "0800010064000000", `{"table": 100}`},
	} {
		wire, err := hex.DecodeString(tc.wire)
		if err != nil {
			t.Fatal(err)
		}
		back, err := c.Decode(c.Op("get"), wire)
		if got := string(AppendJSON(nil, back)); err != nil || got != tc.want {
			t.Errorf("%s becomes %s, %v, want %s", tc.wire, got, err, tc.want)
		}
		if tc.input == "" {
			continue
		}
		o := new(Object)
		if err := o.UnmarshalJSON([]byte(tc.input)); err != nil {
			t.Fatal(err)
		}
		if got, err := c.Append(nil, c.Op("get"), o); err != nil || hex.EncodeToString(got) != tc.wire {
			t.Errorf("%s becomes %x, %v, want %s", tc.input, got, err, tc.wire)
		}
	}
}

// TestEncodeErrors goes through JSON that makes no message: each error names the
// path.
func TestEncodeErrors(t *testing.T) {
	c := all(t)
	for _, tc := range []struct{ input, want string }{
		{`{"nope": 1}`, `nope: unknown name, attribute set "top" has no such attribute`},
		{`{"kind": "header", "options": {"nope": 1}}`, "options.nope: unknown name, there are no attributes here"},
		{`{"UnknownAttr(20000)": ""}`, "UnknownAttr(20000): unknown name"},
		{`{"UnknownAttr(2)": [["00"]]}`, "UnknownAttr(2)[0]: got an array, want hex digits or an object"},
		{`{"u8": 256}`, "u8: number is out of range"},
		{`{"u8": -1}`, "u8: number is out of range"},
		{`{"u8": 1.5}`, `u8: "1.5" is no integer`},
		{`{"u8": "many"}`, `u8: "many" is no integer`},
		{`{"u8": true}`, "u8: got true or false, want a number"},
		{`{"u64": 18446744073709551616}`, "u64: number is out of range"},
		{`{"s16": 32768}`, "s16: number is out of range"},
		{`{"s64": "-9223372036854775809"}`, "s64: number is out of range"},
		{`{"color": "mauve"}`, `color: "mauve" is no value of color`},
		{`{"bits": ["one", "seven"]}`, `bits[1]: "seven" is no value of bits`},
		{`{"bits": [[1]]}`, "bits[0]: got an array, want a name or a number"},
		{`{"bits": 4294967296}`, "bits: number is out of range"},
		{`{"flag": "yes"}`, "flag: got a string, want true or false"},
		{`{"text": ["a"]}`, "text: got an array, want a string"},
		{`{"text": "a\u0000b"}`, "text: string contains a NUL byte"},
		{`{"data": "0"}`, `data: "0" are no hex digits`},
		{`{"data": 7}`, "data: got a number, want hex digits"},
		{`{"addr": "1.2.3"}`, `addr: "1.2.3" is no address`},
		{`{"addr": "fe80::1%eth0"}`, `addr: "fe80::1%eth0" is no address`},
		{`{"struct": {"in": {"port": 70000}}}`, "struct.in.port: number is out of range"},
		{`{"struct": {"gap": "0000"}}`, `struct.gap: unknown name, struct "outer" has no such member`},
		{`{"struct": {"label": "far too long"}}`, "struct.label: payload has the wrong length: 12 bytes of 8"},
		{`{"struct": {"label": 1}}`, "struct.label: got a number, want a string"},
		{`{"packed": [1, 65536]}`, "packed[1]: number is out of range"},
		{`{"bitfield": 1}`, "bitfield: got a number, want an object of value and selector"},
		{`{"bitfield": {"other": 1}}`, "bitfield.other: unknown name"},
		{`{"nest": [1]}`, "nest: got an array, want an object"},
		{`{"nest": {"nest": {"u8": 999}}}`, "nest.nest.u8: number is out of range"},
		{`{"many-nests": [{"id": 1}, {"id": "x"}]}`, `many-nests[1].id: "x" is no integer`},
		{`{"array": {"id": 1}}`, "array: got an object, want an array"},
		{`{"array": [{"3": {"id": "x"}}]}`, `array[0].id: "x" is no integer`},
		{`{"numbers": [1, "x"]}`, `numbers[1]: "x" is no integer`},
		{`{"levels": {"sub-id": 1}}`, `levels: "op-id" is missing`},
		{`{"levels": [{"op-id": 1, "id": 1}]}`, `levels[0]: "sub-id" is missing`},
		{`{"levels": {"op-id": 16384}}`, "levels.op-id: attribute number exceeds 14 bits"},
		{`{"levels": 1}`, "levels: got a number, want an object"},
		{`{"options": {"id": 1}}`, `options: the selector of the sub-message is missing or unknown: "kind"`},
		{`{"kind": "other", "options": {"id": 1}}`, `options: the selector of the sub-message is missing or unknown: "kind"`},
		{`{"kind": "empty", "options": {"id": 1}}`, `options.id: unknown name`},
		{`{"kind": "set", "options": 1}`, `options: got a number, want an object`},
		{`{"padding": "00"}`, "padding: an attribute of type pad is never sent"},
		{`{"never": "00"}`, "never: an attribute of type unused is never sent"},
		{`{"kind": "` + strings.Repeat("x", 70000) + `"}`, "kind: "},
		{`{"index": "x"}`, `index: "x" is no integer`},
		{strings.Repeat(`{"nest": `, 40) + "{}" + strings.Repeat("}", 40), "nest.nest.nest."},
	} {
		_, err := bytesOf(t, c, tc.input)
		var e *Error
		if !errors.As(err, &e) || !strings.HasPrefix(err.Error(), tc.want) || e.Offset >= 0 {
			t.Errorf("%.100s: got %v, want %s", tc.input, err, tc.want)
		}
	}
}

// TestDecodeErrors goes through bytes that are no message, strictly and leniently.
func TestDecodeErrors(t *testing.T) {
	if nlattr.GetUint16([]byte{1, 0}) != 1 {
		t.Skip("the bytes are those of little-endian machines")
	}
	c := all(t)
	for _, tc := range []struct{ input, want, lenient string }{
		{"00000000", "offset 4: attribute is truncated", ""},
		{zeroHead + "0500", "offset 12: trailing bytes after the last attribute", ""},
		{zeroHead + "03000100", "offset 12: attribute is truncated", ""},
		{zeroHead + "0500010001000000" + "ff000100", "offset 20: attribute is truncated", ""},
		{zeroHead + "0600010001000000", "u8 (offset 12): payload has the wrong length", `"UnknownAttr(1)": "0100"`},
		{zeroHead + "0500070001000000", "uint (offset 12): payload has the wrong length", `"UnknownAttr(7)": "01"`},
		{zeroHead + "0700170000010000", "packed (offset 12): payload has the wrong length", `"UnknownAttr(23)": "000100"`},
		{zeroHead + "0800190001000000", "bitfield (offset 12): payload has the wrong length", `"UnknownAttr(25)": "01000000"`},
		{zeroHead + "0c001b80" + "0600010001000000", "nest.u8 (offset 16): payload has the wrong length", `"nest": {"UnknownAttr(1)": "0100"}`},
		{zeroHead + "0c001b80" + "0900010001000000", "nest (offset 16): attribute is truncated", `"UnknownAttr(27)": "0900010001000000"`},
		{zeroHead + "0c001d80" + "0800010001000000" + "0c001d80" + "0600010001000000", "many-nests[1].id (offset 28): payload has the wrong length",
			`"many-nests": [{"id": 1}, {"UnknownAttr(1)": "0100"}]`},
		{zeroHead + "10001e80" + "0c000580" + "0600010001000000", "array[0].id (offset 20): payload has the wrong length",
			`"array": [{"5": {"UnknownAttr(1)": "0100"}}]`},
		{zeroHead + "0c001f80" + "0600050001000000", "numbers[0] (offset 16): payload has the wrong length", `"UnknownAttr(31)": {"UnknownAttr(5)": "0100"}`},
		{zeroHead + "14002180" + "10000180" + "0c000280" + "0600010001000000", "levels[0].id (offset 24): payload has the wrong length",
			`"levels": {"op-id": 1, "sub-id": 2, "UnknownAttr(1)": "0100"}`},
		{zeroHead + "0800220073657400" + "0c0023800600010001000000", "options.id (offset 24): payload has the wrong length",
			`"kind": "set", "options": {"UnknownAttr(1)": "0100"}`},
	} {
		b := unhex(t, tc.input)
		_, err := c.Decode(c.Op("get"), b)
		var e *Error
		if !errors.As(err, &e) || err.Error() != tc.want || e.Offset > len(b) {
			t.Errorf("%s: got %v, want %s", tc.input, err, tc.want)
		}
		o, misfits, err := c.DecodeLenient(c.Op("get"), b)
		if tc.lenient == "" {
			if err == nil || err.Error() != tc.want {
				t.Errorf("%s, leniently: got %v, want %s", tc.input, err, tc.want)
			}
			continue
		}
		want := "{" + zeroHeadJSON + ", " + tc.lenient + "}"
		if got := string(AppendJSON(nil, o)); err != nil || got != want {
			t.Errorf("%s, leniently: got\n %s, %v, want\n %s", tc.input, got, err, want)
		}
		if len(misfits) != 1 || misfits[0].Error() != tc.want {
			t.Errorf("%s: misfits are %v, want %s", tc.input, misfits, tc.want)
		}
		// Nothing is lost: encoded again, the bytes are the same.
		if again, err := c.Append(nil, c.Op("get"), o); err != nil || len(again) != len(b) {
			t.Errorf("%s, leniently, becomes %x again, %v", tc.input, again, err)
		}
	}
}

// TestTolerance decodes what kernels and tools send beside what specs say.
func TestTolerance(t *testing.T) {
	if nlattr.GetUint16([]byte{1, 0}) != 1 {
		t.Skip("the bytes are those of little-endian machines")
	}
	c := all(t)
	for input, want := range map[string]string{
		"05000100010000000500010002000000":                         `"u8": 2`,
		"08001b00" + "04000c00":                                    `"nest": {"flag": true}`,
		"08000c0001000000":                                         `"flag": true`,
		"08000d0061006200":                                         `"text": "a"`,
		"07000d0061626300":                                         `"text": "abc"`,
		"06004940" + "12340000":                                    `"UnknownAttr(73)": "1234"`,
		"08004980" + "12340000":                                    `"UnknownAttr(73)": "12340000"`,
		"0c002700" + "0000000000000000" + "04002800":               "",
		"08002900" + "01000000":                                    "",
		"07002300" + "aabbcc00" + "0800220073657400":               `"UnknownAttr(35)": "aabbcc", "kind": "set"`,
		"06002300" + "aabb0000" + "0b00220068656164657200":         `"options": "aabb", "kind": "header"`,
		"0c002300" + "0102030405060708" + "0b00220068656164657200": `"options": {"x": 1, "y": 2, "name": 3}, "kind": "header"`,
		"05001600" + "09000000":                                    `"struct": {"a": 9, "b": 0, "in": {"port": 0, "mac": "00:00:00:00:00:00"}, "label": "", "color": "red"}`,
		"04001e80":                                                 `"array": []`,
		"04002180":                                                 `"levels": []`,
		"08002180" + "04000180":                                    `"levels": {"op-id": 1}`,
		// In a sub-message, an attribute replaces the member of its name.
		"09002200626f746800000000" + "0e002380" + "01020900" + "0600020078000000": `"kind": "both", "options": {"x": 1, "y": 2, "name": "x"}`,
	} {
		o, _, err := c.DecodeLenient(c.Op("get"), unhex(t, zeroHead+input))
		wantJSON := strings.Replace("{"+zeroHeadJSON+", "+want+"}", ", }", "}", 1)
		if got := string(AppendJSON(nil, o)); err != nil || got != wantJSON {
			t.Errorf("%s: got\n %s, %v, want\n %s", input, got, err, wantJSON)
		}
	}
}

// TestDepth nests attributes deeper than anybody means it.
func TestDepth(t *testing.T) {
	c := all(t)
	b := []byte{}
	for range 200 {
		e := nlattr.NewEncoder(nil)
		nest := e.Begin(27)
		e.Append(b)
		e.End(nest)
		b, _ = e.Finish()
	}
	b = append(make([]byte, 12), b...)
	if _, err := c.Decode(c.Op("get"), b); !errors.Is(err, nlattr.ErrTooDeep) {
		t.Errorf("got %v", err)
	}
	o, misfits, err := c.DecodeLenient(c.Op("get"), b)
	if err != nil || len(misfits) != 1 || !errors.Is(misfits[0], nlattr.ErrTooDeep) {
		t.Errorf("got %v, %v", misfits, err)
	}
	if again, err := c.Append(nil, c.Op("get"), o); err != nil || len(again) != len(b) {
		t.Errorf("%d bytes become %d again: %v", len(b), len(again), err)
	}
}

// TestRecords goes through structs with their lengths, which a user names.
func TestRecords(t *testing.T) {
	if nlattr.GetUint16([]byte{1, 0}) != 1 {
		t.Skip("the bytes are those of little-endian machines")
	}
	c := withRecords(t)
	const bytes = "18002a00" + "0c000700" + "0800010001000000" + "08000000" + "04000200"
	got, err := bytesOf(t, c, `{"hops": [{"hops": 7, "pad": 0, "id": 1}, {"UnknownAttr(2)": ""}]}`)
	if err != nil || got != bytes {
		t.Errorf("got %s, %v, want %s", got, err, bytes)
	}
	o, err := c.Decode(c.Op("get"), unhex(t, zeroHead+bytes))
	const wantJSON = `"hops": [{"hops": 7, "pad": 0, "id": 1}, {"hops": 0, "pad": 0, "name": ""}]`
	if s := string(AppendJSON(nil, o)); err != nil || !strings.HasSuffix(s, wantJSON+"}") {
		t.Errorf("got %s, %v, want %s", s, err, wantJSON)
	}
	for _, broken := range []string{"08002a00" + "03000000", "08002a00" + "09000000", "07002a00" + "04000000"} {
		if _, err := c.Decode(c.Op("get"), unhex(t, zeroHead+broken)); !errors.Is(err, nlattr.ErrTruncated) || !strings.HasPrefix(err.Error(), "hops[0] (offset") {
			t.Errorf("%s: got %v", broken, err)
		}
	}
}
