package emit

import (
	"testing"

	"github.com/nlgen/nlgen/gen/ir"
)

func TestOrdered(t *testing.T) {
	for _, tc := range []struct {
		text, typ string
		order     ir.Order
		hint      ir.Hint
		want      string
	}{
		{"UDP port.", "u16", ir.Host, ir.NoHint, "UDP port."},
		{"UDP port.", "u16", ir.BigEndian, ir.NoHint, "UDP port (big-endian)"},
		{"Flags. In requests only", "u32", ir.LittleEndian, ir.Hex, "Flags. In requests only (little-endian)"},
		{"Family (AF_*).", "u16", ir.BigEndian, ir.NoHint, "Family (AF_*); big-endian"},
		{"", "u64", ir.BigEndian, ir.NoHint, "big-endian"},
		{"Key.", "binary", ir.BigEndian, ir.NoHint, "Key."},
		{"TTL.", "u8", ir.BigEndian, ir.NoHint, "TTL."},
		{"Address.", "u32", ir.BigEndian, ir.IPv4, "Address."},
		{"Port, in network byte order.", "u16", ir.BigEndian, ir.NoHint, "Port, in network byte order."},
	} {
		if got := ordered(tc.text, tc.typ, tc.order, tc.hint); got != tc.want {
			t.Errorf("%q of type %s: %q, want %q", tc.text, tc.typ, got, tc.want)
		}
	}
}

func TestCNames(t *testing.T) {
	for _, tc := range []struct{ prefix, text, want string }{
		{"", "Links.", ""},
		{"IFLA_", "Links.", ", IFLA_*"},
		{"IFLA_", "Links (IFLA_*).", ""},
	} {
		if got := cNames(tc.prefix, tc.text); got != tc.want {
			t.Errorf("%q, %q: %q, want %q", tc.prefix, tc.text, got, tc.want)
		}
	}
}

func TestCStruct(t *testing.T) {
	for text, want := range map[string]string{
		"A rate.":                    "the C struct tc_rate",
		"A rate (struct psched_cfg)": "the struct tc-rate",
	} {
		if got := cStruct(&ir.Struct{Name: "tc-rate", Doc: text}); got != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
}
