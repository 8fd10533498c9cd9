package tc

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"slices"

	"github.com/nlgen/nlgen/generated/tc"
)

// isAction says that the header is struct tcamsg.
func isAction(m any) bool {
	switch m.(type) {
	case *tc.NewactionRequest, *tc.GetactionDumpRequest, *tc.GetactionReply:
		return true
	}
	return false
}

// An attr is an attribute as it stands in a message, without the bit for nests, which the kernel mostly leaves off.
type attr struct {
	number uint16
	data   []byte
}

// attrs splits bytes into attributes, ordered by number. It says no if they are none.
func attrs(b []byte) ([]attr, bool) {
	var list []attr
	for len(b) >= 4 {
		n := int(binary.NativeEndian.Uint16(b))
		if n < 4 || n > len(b) {
			return nil, false
		}
		list = append(list, attr{binary.NativeEndian.Uint16(b[2:]) & 0x3fff, b[4:n]})
		b = b[min(len(b), (n+3)&^3):]
	}
	slices.SortStableFunc(list, func(a, b attr) int { return int(a.number) - int(b.number) })
	return list, len(b) == 0
}

// same says that two attributes are, apart from the zeros that the next one begins behind (struct tc_mqprio_qopt has 82 bytes), and
// from what tc leaves behind the end of the text of the action simple, which it sends as an array of 32 characters.
func same(a, b attr) bool {
	text, rest, ok := bytes.Cut(a.data, []byte{0})
	if ok && len(a.data) == 32 && a.number == 3 && len(rest) > 0 && bytes.Equal(b.data, append(text[:len(text):len(text)], 0)) {
		return true
	}
	pad := func(b []byte) []byte { return append(b[:len(b):len(b)], make([]byte, -len(b)&3)...) }
	return bytes.Equal(pad(a.data), pad(b.data))
}

// differ says where two lists of attributes differ, apart from their order.
func differ(a, b []byte) string {
	x, okx := attrs(a)
	y, oky := attrs(b)
	if !okx || !oky {
		return "no attributes"
	}
	if len(x) != len(y) {
		return fmt.Sprintf("%d attributes became %d", len(x), len(y))
	}
	for i := range x {
		if x[i].number != y[i].number {
			return fmt.Sprintf("attribute %d became %d", x[i].number, y[i].number)
		}
		if same(x[i], y[i]) {
			continue
		}
		diff := fmt.Sprintf("%x became %x", x[i].data, y[i].data)
		// Before the attributes of options there may be a C struct: of netem, of mqprio.
		for _, header := range []int{0, 24, 84} {
			if min(len(x[i].data), len(y[i].data)) < header+4 || !bytes.Equal(x[i].data[:header], y[i].data[:header]) {
				continue
			}
			if diff = differ(x[i].data[header:], y[i].data[header:]); diff == "" {
				break
			}
		}
		if diff != "" {
			return fmt.Sprintf("%d.%s", x[i].number, diff)
		}
	}
	return ""
}
