package resolve

import (
	"github.com/nlgen/nlgen/gen/diag"
	"github.com/nlgen/nlgen/gen/kind"
)

// presence decides how the fields of attributes tell a present value from an absent one.
func (f *family) presence(*diag.Report) {
	for _, s := range f.Sets {
		for _, a := range s.Attrs {
			a.Presence = kind.Presence(a)
		}
	}
}
