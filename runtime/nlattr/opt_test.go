package nlattr

import (
	"bytes"
	"net/netip"
	"reflect"
	"strings"
	"testing"
)

// TestOptMethods compares every method of the encoder and the decoder for a value
// that may be absent with the one for a value that is there.
func TestOptMethods(t *testing.T) {
	count := 0
	for i := range reflect.TypeFor[*Encoder]().NumMethod() {
		name := reflect.TypeFor[*Encoder]().Method(i).Name
		plain, ok := strings.CutPrefix(name, "Opt")
		if !ok {
			continue
		}
		count++
		var opt, want, absent Encoder
		args := []reflect.Value{reflect.ValueOf(uint16(7))}
		method := reflect.ValueOf(&opt).MethodByName(name)
		arg := method.Type().In(1)
		none, some, value := reflect.New(arg).Elem(), reflect.New(arg).Elem(), reflect.Value{}
		if arg.Kind() == reflect.Struct {
			value = sampleOf(some.Field(0))
			some.FieldByName("OK").SetBool(true)
		} else {
			value = sampleOf(some)
		}
		rest := []reflect.Value{reflect.ValueOf(16)}[:method.Type().NumIn()-2]
		method.Call(append(append(args, some), rest...))
		if reflect.ValueOf(&absent).MethodByName(name).Call(append(append(args, none), rest...)); absent.Len() != 0 {
			t.Errorf("%s appends %x for an absent value", name, absent.Written())
		}
		if plain == "Flag" {
			want.Flag(7)
		} else {
			reflect.ValueOf(&want).MethodByName(plain).Call(append(append(args, value), rest...))
		}
		if want.Len() == 0 || opt.Err() != nil || !bytes.Equal(opt.Written(), want.Written()) {
			t.Errorf("%s appends %x, %s %x", name, opt.Written(), plain, want.Written())
		}

		d := NewDecoder(want.Written())
		d.Next()
		read := reflect.ValueOf(&d).MethodByName(name)
		if !read.IsValid() || read.Type().NumIn() > 0 {
			continue
		}
		got := read.Call(nil)[0]
		if !got.FieldByName("OK").Bool() || got.Field(0).Interface() != value.Interface() || d.Err() != nil {
			t.Errorf("%s reads %v, error %v, want %v", name, got, d.Err(), value)
		}
	}
	if count < 30 {
		t.Errorf("%d methods", count)
	}
}

// sampleOf makes a value that is not zero.
func sampleOf(v reflect.Value) reflect.Value {
	switch {
	case v.Type() == reflect.TypeFor[netip.Addr]():
		v.Set(reflect.ValueOf(netip.MustParseAddr("192.0.2.1")))
	case v.Type() == reflect.TypeFor[Bitfield32]():
		v.Set(reflect.ValueOf(Bitfield32{Value: 1, Selector: 3}))
	case v.Kind() == reflect.Bool:
		v.SetBool(true)
	case v.Kind() == reflect.String:
		v.SetString("abc")
	case v.Kind() == reflect.Slice:
		v.SetBytes([]byte{1, 2, 3})
	case v.CanInt():
		v.SetInt(-5)
	default:
		v.SetUint(0x71)
	}
	return v
}

type hue int32

func TestOptEnum(t *testing.T) {
	for name, f := range map[string]func(*Encoder, uint16, Opt[hue]){
		"Uint8": OptEnum8[hue], "Uint16": OptEnum16[hue], "Uint16BE": OptEnum16BE[hue], "Uint16LE": OptEnum16LE[hue],
		"Uint32": OptEnum32[hue], "Uint32BE": OptEnum32BE[hue], "Uint32LE": OptEnum32LE[hue],
		"Uint64": OptEnum64[hue], "Uint64BE": OptEnum64BE[hue], "Uint64LE": OptEnum64LE[hue],
		"Uint": OptEnumUint[hue], "UintBE": OptEnumUintBE[hue], "UintLE": OptEnumUintLE[hue],
		"Int": OptEnumInt[hue], "IntBE": OptEnumIntBE[hue], "IntLE": OptEnumIntLE[hue],
	} {
		var opt, want Encoder
		f(&opt, 7, Opt[hue]{})
		if opt.Len() != 0 {
			t.Errorf("%s: an absent value is %x", name, opt.Written())
		}
		f(&opt, 7, Some(hue(0x41)))
		method := reflect.ValueOf(&want).MethodByName(name)
		method.Call([]reflect.Value{reflect.ValueOf(uint16(7)), reflect.ValueOf(0x41).Convert(method.Type().In(1))})
		if want.Len() == 0 || !bytes.Equal(opt.Written(), want.Written()) {
			t.Errorf("%s: %x, want %x", name, opt.Written(), want.Written())
		}
	}
}

func TestOptArray(t *testing.T) {
	for name, f := range map[string][2]func(*Encoder, uint16, []uint16){
		"host":   {OptArray[uint16, uint16], PutArray[uint16, uint16]},
		"big":    {OptArrayBE[uint16, uint16], PutArrayBE[uint16, uint16]},
		"little": {OptArrayLE[uint16, uint16], PutArrayLE[uint16, uint16]},
	} {
		var opt, want Encoder
		f[0](&opt, 7, nil)
		f[0](&opt, 7, []uint16{})
		f[0](&opt, 7, []uint16{1, 2})
		f[1](&want, 7, []uint16{})
		f[1](&want, 7, []uint16{1, 2})
		if !bytes.Equal(opt.Written(), want.Written()) {
			t.Errorf("%s: %x, want %x", name, opt.Written(), want.Written())
		}
	}
}

func TestOptAddrKeepsWhatIsNone(t *testing.T) {
	var e Encoder
	e.Bytes(7, []byte{1, 2, 3, 4, 5})
	d := NewDecoder(e.Written())
	d.Next()
	was := Some(netip.MustParseAddr("192.0.2.1"))
	got := was
	var unknown []Attr
	if d.OptAddr(&got, &unknown); got != was || len(unknown) != 1 || len(unknown[0].Data) != 5 {
		t.Errorf("%v, kept %v", got, unknown)
	}
	e.Reset(nil)
	e.Addr(7, netip.IPv6Loopback())
	d.Reset(e.Written(), nil)
	d.Next()
	if d.OptAddr(&got, &unknown); got != Some(netip.IPv6Loopback()) || len(unknown) != 1 || d.Err() != nil {
		t.Errorf("%v, kept %v, error %v", got, unknown, d.Err())
	}
}

// Structs come in every length.
func TestFixed(t *testing.T) {
	for b, want := range map[string]string{"": "\x00\x00\x00", "ab": "ab\x00", "abc": "abc", "abcd": "abc"} {
		if got := Fixed([]byte(b), 3); string(got) != want {
			t.Errorf("%q: %q, want %q", b, got, want)
		}
	}
	short := []byte{1, 2}
	if n := testing.AllocsPerRun(100, func() { sum(Fixed(short, 16)) }); n != 0 {
		t.Errorf("a short struct allocates %v times", n)
	}
}

func sum(b []byte) (n int) {
	for _, c := range b {
		n += int(c)
	}
	return n
}

func TestStruct(t *testing.T) {
	var e Encoder
	b := e.Struct(7, 5)
	copy(b, "abcde")
	var want Encoder
	want.Bytes(7, []byte("abcde"))
	if len(b) != 5 || !bytes.Equal(e.Written(), want.Written()) {
		t.Errorf("%x, want %x", e.Written(), want.Written())
	}
	out, err := AppendStruct([]byte("x"), 3, func(b []byte) { copy(b, "yz") })
	if string(out) != "xyz\x00" || err != nil {
		t.Errorf("%q, %v", out, err)
	}
}
