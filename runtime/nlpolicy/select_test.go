package nlpolicy

import "testing"

// TestSelectLength makes sure that a selector of the wrong length chooses nothing, though its first bytes would.
func TestSelectLength(t *testing.T) {
	for _, c := range []struct {
		kind    Kind
		payload []byte
		want    bool
	}{
		{U8, []byte{3}, true},
		{U8, []byte{3, 0}, false},
		{U8, nil, false},
		{Uint, []byte{0, 0, 0, 0}, false}, // Nothing is called 0.
		{Uint, []byte{3}, false},
		{String, []byte("3"), true},
	} {
		if f := modes.Select(&Attr{Name: "mode", Kind: c.kind}, c.payload); (f != nil) != c.want {
			t.Errorf("%v %x chooses %v", c.kind, c.payload, f)
		}
	}
}
