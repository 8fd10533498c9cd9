package nlattr

import (
	"bytes"
	"errors"
	"net/netip"
	"testing"
)

func TestEntries(t *testing.T) {
	var e Encoder
	array := e.Begin(1)
	entry := e.BeginEntry(300)
	e.End(entry)
	e.End(array)
	d := NewDecoder(e.b)
	d.Next()
	f := d.Enter()
	if !d.Next() || d.Type() != 300 {
		t.Errorf("entry is %d", d.Type())
	}
	d.Leave(f)

	array = e.Begin(1)
	e.End(e.BeginEntry(0x4000))
	e.End(array)
	if err := e.Err(); !errors.Is(err, ErrNumber) {
		t.Errorf("entry 0x4000: %v", err)
	}
}

// records encodes two records with a length at offset 2 of a header of four bytes.
func records(t *testing.T) []byte {
	t.Helper()
	var e Encoder
	nest := e.BeginRaw(7)
	for _, first := range []byte{1, 2} {
		start := e.Len()
		e.Extend(4)[0] = first
		e.Bytes(3, []byte{first})
		e.EndRecord(start, 2)
	}
	e.End(nest)
	b, err := e.Finish()
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// readRecords returns the first bytes of the headers and of the attributes.
func readRecords(d *Decoder) (list []byte) {
	var f Frame
	for d.NextRecord(&f, 4, 2) {
		list = append(list, d.Header(4)[0])
		for d.Next() {
			list = append(list, d.Uint8())
		}
		d.LeaveRecord(&f)
	}
	return list
}

func TestRecords(t *testing.T) {
	b := records(t)
	d := NewDecoder(b)
	d.Next()
	if n := d.Records(4, 2); n != 2 {
		t.Errorf("%d records", n)
	}
	f := d.Enter()
	if got := readRecords(&d); !bytes.Equal(got, []byte{1, 1, 2, 2}) {
		t.Errorf("records %v", got)
	}
	d.Leave(f)
	if d.Next() || d.Err() != nil {
		t.Errorf("after the records: %v", d.Err())
	}
}

func TestRecordErrors(t *testing.T) {
	for name, tc := range map[string]struct {
		payload []byte
		want    error
	}{
		"short header":      {[]byte{1, 0}, ErrTrailing},
		"length below":      {[]byte{1, 0, 3, 3}, ErrTruncated},
		"length above":      {[]byte{1, 0, 99, 99}, ErrTruncated},
		"broken attributes": {append([]byte{1, 0}, append(native.AppendUint16(nil, 8), 0xff, 0xff, 0, 0)...), ErrTruncated},
	} {
		var e Encoder
		e.Bytes(7, tc.payload)
		d := NewDecoder(e.b)
		d.Next()
		f := d.Enter()
		readRecords(&d)
		d.Leave(f)
		var at *Error
		if err := d.Err(); !errors.Is(err, tc.want) || !errors.As(err, &at) || len(at.Path) != 1 || at.Path[0] != 7 {
			t.Errorf("%s: %v", name, err)
		}
	}
	var e Encoder
	e.Extend(0x10000)
	e.EndRecord(0, 2)
	if err := e.Err(); !errors.Is(err, ErrTooLong) {
		t.Errorf("a record of 64 KiB: %v", err)
	}
}

func TestPaddedText(t *testing.T) {
	var e Encoder
	e.PaddedText(1, "abc", 6)
	if want := []byte{'a', 'b', 'c', 0, 0, 0, 0, 0}; !bytes.Equal(e.b[4:], want) || native.Uint16(e.b) != 10 {
		t.Errorf("%x", e.b)
	}
	e = Encoder{}
	e.PaddedText(1, "abcdefg", 6)
	if want := []byte("abcdefg\x00"); !bytes.Equal(e.b[4:], want) || native.Uint16(e.b) != 11 {
		t.Errorf("%x", e.b)
	}
	e = Encoder{}
	e.PaddedText(1, "a\x00b", 6)
	if err := e.Err(); !errors.Is(err, ErrNul) {
		t.Errorf("a text with a NUL: %v", err)
	}
}

func TestAddr4(t *testing.T) {
	var e Encoder
	e.Addr4(1, netip.MustParseAddr("192.0.2.1"))
	e.Bytes(2, make([]byte, 16))
	d := NewDecoder(e.b)
	d.Next()
	if a := d.Addr4(); a.String() != "192.0.2.1" {
		t.Errorf("address %v", a)
	}
	d.Next()
	if a := d.Addr4(); a.IsValid() || !errors.Is(d.Err(), ErrLength) {
		t.Errorf("address of 16 bytes: %v, %v", a, d.Err())
	}
}

func TestCString(t *testing.T) {
	var e Encoder
	member := make([]byte, 4)
	PutCString(&e, "name", member, "ab")
	if got := CString(member); got != "ab" || e.Err() != nil {
		t.Errorf("%q, %v", got, e.Err())
	}
	PutCString(&e, "name", member, "abcd")
	if got := CString(member); got != "abcd" || e.Err() != nil {
		t.Errorf("%q, %v", got, e.Err())
	}
	PutCString(&e, "name", member, "abcde")
	if err := e.Err(); !errors.Is(err, ErrLength) {
		t.Errorf("a text that is too long: %v", err)
	}
	e = Encoder{}
	PutCString(&e, "name", member, "a\x00")
	if err := e.Err(); !errors.Is(err, ErrNul) {
		t.Errorf("a text with a NUL: %v", err)
	}
}

// colour is an enum.
type colour uint8

func (c colour) String() string { return map[colour]string{1: "red"}[c] }

func TestSelectorText(t *testing.T) {
	if got := NamedSelector(Some(colour(1))) + NamedSelector(Opt[colour]{V: 1}); got != "red" {
		t.Errorf("named selector %q", got)
	}
	if got := NumberSelector(Some(int8(-3))) + NumberSelector(Some(uint64(1)<<63)) + NumberSelector(Opt[uint8]{}); got != "-39223372036854775808" {
		t.Errorf("number selector %q", got)
	}
	parse := func(s string) (colour, error) {
		if s == "red" {
			return 1, nil
		}
		return 0, errors.New("no")
	}
	if got := ParseSelector(Some("red"), parse); got != Some(colour(1)) {
		t.Errorf("parsed %v", got)
	}
	if got := ParseSelector(Some("blue"), parse); got.OK {
		t.Errorf("parsed %v", got)
	}
	if got := ParseNumberSelector[uint8](Some("255")); got != Some(uint8(255)) {
		t.Errorf("parsed %v", got)
	}
	if got := ParseNumberSelector[int8](Some("-3")); got != Some(int8(-3)) {
		t.Errorf("parsed %v", got)
	}
	for _, text := range []string{"256", "-1", "x", ""} {
		if got := ParseNumberSelector[uint8](Some(text)); got.OK {
			t.Errorf("%q parsed as %v", text, got)
		}
	}
	if got := ParseNumberSelector[uint8](Opt[string]{V: "1"}); got.OK {
		t.Errorf("an absent text parsed as %v", got)
	}
}

func TestSelect(t *testing.T) {
	for value, want := range map[string]string{
		"a": "", "b": "",
		"c":    `attribute 2 (offset 0): sub-message and selector disagree: content for a, b does not go with kind "c"`,
		"a, b": `attribute 2 (offset 0): sub-message and selector disagree: content for a, b does not go with kind "a, b"`,
		"":     "attribute 2 (offset 0): sub-message and selector disagree: content for a, b needs kind to be set",
	} {
		var e Encoder
		e.Select(2, "kind", value, "a, b")
		if got := errText(e.Err()); got != want {
			t.Errorf("%q: %s, want %s", value, got, want)
		}
		e.Reset(nil)
		if e.Select(2, "kind", value, ""); e.Err() != nil {
			t.Errorf("%q for content of any kind: %v", value, e.Err())
		}
	}
}

func TestSelector(t *testing.T) {
	for wanted, want := range map[string]struct {
		value Opt[string]
		err   string
	}{
		"a":    {Some("a"), ""},
		"":     {Opt[string]{}, ""},
		"a, b": {Opt[string]{}, "attribute 2 (offset 0): sub-message and selector disagree: set kind: the content fits a, b"},
	} {
		var e Encoder
		if got := e.Selector(2, "kind", wanted); got != want.value || errText(e.Err()) != want.err {
			t.Errorf("%q: %v, error %v", wanted, got, e.Err())
		}
	}
}

func errText(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}
