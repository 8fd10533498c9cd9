package headers

import (
	"encoding/binary"
	"slices"
	"strings"
	"testing"
)

// encode returns types as a kernel tells them: words and a text of names, each ended by a NUL.
func encode(names string, words ...uint32) []byte {
	b := binary.NativeEndian.AppendUint16(nil, 0xeb9f)
	b = append(b, 1, 0)
	length := uint32(4 * len(words))
	for _, x := range append([]uint32{24, 0, length, length, uint32(len(names))}, words...) {
		b = binary.NativeEndian.AppendUint32(b, x)
	}
	return append(b, names...)
}

func info(kind, parts uint32) uint32 { return kind<<24 | parts }

func TestBTF(t *testing.T) {
	names := "\x00u16\x00__be16\x00hdr\x00port\x00rest\x00RED\x00BLUE\x00flags\x00"
	at := func(name string) uint32 { return uint32(strings.Index(names, "\x00"+name+"\x00") + 1) }
	data := encode(names,
		at("u16"), info(kindInt, 0), 2, 16, // 1
		at("__be16"), info(kindTypedef, 0), 1, // 2
		0, info(kindArray, 0), 0, 1, 1, 2, // 3: u16[2]
		at("hdr"), info(kindStruct, 3)|1<<31, 8, // 4: the offsets hold the sizes of bit fields, too
		at("port"), 2, 0, at("rest"), 3, 16, at("flags"), 1, 3<<24|48,
		0, info(kindEnum, 2)|1<<31, 4, at("RED"), 0xffffffff, at("BLUE"), 7, // 5
		0, info(kindE64, 1), 8, at("flags"), 1, 2, // 6
	)
	types, err := readBTF(data)
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]int64{"RED": -1, "BLUE": 7, "flags": 1<<33 | 1} {
		if got := types.constants[name]; got.enum == nil || got.value != want {
			t.Errorf("%s is %d, want %d", name, got.value, want)
		}
	}
	want := []place{
		{name: "port", offset: 0, size: 2, typ: "__be16", leaf: true},
		{name: "rest", offset: 2, size: 4},
		{name: "rest0", offset: 2, size: 2, typ: "u16", leaf: true},
		{name: "rest1", offset: 4, size: 2, typ: "u16", leaf: true},
		{name: "flags", offset: 6, size: 2, typ: "u16", leaf: true},
	}
	if got := places(types.structs["hdr"]); !slices.Equal(got, want) {
		t.Errorf("got %+v\nwant %+v", got, want)
	}
	for i := range len(data) {
		if _, err := readBTF(data[:i]); err == nil {
			t.Errorf("%d bytes are taken", i)
		}
	}
}
