package nlpolicy

import (
	"math"
	"testing"
)

var (
	colours = &Enum{Name: "colour", Names: []Value{{"red", 1}, {"green", 2}, {"blue", 250}}}
	depths  = &Enum{Name: "depth", Names: []Value{{"ground", 0}, {"cellar", math.MaxUint64}}}
	ways    = &Enum{Name: "way", Flags: true, Names: []Value{{"up", 1}, {"down", 2}, {"far", 1 << 40}}}
)

func TestEnumText(t *testing.T) {
	for _, tc := range []struct {
		e    *Enum
		v    uint64
		want string
	}{
		{colours, 1, "red"}, {colours, 250, "blue"}, {colours, 0, "0"}, {colours, 300, "300"},
		{ways, 0, "0"}, {ways, 1, "up"}, {ways, 3, "up|down"}, {ways, 0x8002, "down|0x8000"}, {ways, 12, "0xc"}, {ways, 1<<40 | 1, "up|far"},
	} {
		got := tc.e.Text(tc.v)
		if got != tc.want {
			t.Errorf("%s %d is %q, want %q", tc.e.Name, tc.v, got, tc.want)
		}
		if v, err := tc.e.Parse(got, 64); v != tc.v || err != nil {
			t.Errorf("%s %q is %d, %v", tc.e.Name, got, v, err)
		}
	}
	for v, want := range map[int64]string{0: "ground", -1: "cellar", -2: "-2", 7: "7"} {
		if got := depths.SignedText(v); got != want {
			t.Errorf("depth %d is %q, want %q", v, got, want)
		}
		if back, err := depths.ParseSigned(want, 8); back != v || err != nil {
			t.Errorf("depth %q is %d, %v", want, back, err)
		}
	}
	if n := testing.AllocsPerRun(10, func() { _ = colours.Text(250) }); n != 0 {
		t.Errorf("%v allocations for a name", n)
	}
}

func TestParseEnum(t *testing.T) {
	if v, err := ParseEnum[uint8](colours, "0xff"); v != 255 || err != nil {
		t.Errorf("0xff is %d, %v", v, err)
	}
	if v, err := ParseEnum[int8](depths, "cellar"); v != -1 || err != nil {
		t.Errorf("cellar is %d, %v", v, err)
	}
	if v, err := ParseEnum[int8](ways, "up|0x80"); v != -127 || err != nil {
		t.Errorf("up|0x80 is %d, %v", v, err)
	}
	for text, want := range map[string]string{
		"256":  `colour: "256" exceeds 8 bits`,
		"-1":   `colour: "-1" is neither one of its names nor a number`,
		"":     `colour: "" is neither one of its names nor a number`,
		"pink": `colour: "pink" is neither one of its names nor a number`,
	} {
		if _, err := ParseEnum[uint8](colours, text); err == nil || err.Error() != want {
			t.Errorf("%q: %v", text, err)
		}
	}
	if _, err := ParseEnum[int8](depths, "128"); err == nil || err.Error() != `depth: "128" exceeds 8 bits` {
		t.Errorf("128: %v", err)
	}
	if _, err := ParseEnum[uint32](ways, "up|far"); err == nil || err.Error() != `way: "far" exceeds 32 bits` {
		t.Errorf("up|far: %v", err)
	}
	if _, err := ParseEnum[uint32](ways, "up|"); err == nil {
		t.Error("up| is accepted")
	}
}

func TestMemberType(t *testing.T) {
	for _, tc := range []struct {
		member Member
		want   Kind
	}{
		{Member{Size: 1}, U8}, {Member{Size: 2}, U16}, {Member{Size: 4}, U32}, {Member{Size: 8}, U64}, {Member{Size: 3}, Unused},
		{Member{Size: 4, Kind: S32}, S32}, {Member{Size: 4, Struct: &Struct{}}, Binary}, {Member{Size: 4, Kind: Pad}, Pad},
	} {
		if got := tc.member.Type(); got != tc.want {
			t.Errorf("%+v: %s, want %s", tc.member, got, tc.want)
		}
	}
}
