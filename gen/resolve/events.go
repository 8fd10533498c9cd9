package resolve

import (
	"github.com/nlgen/nlgen/gen/diag"
	"github.com/nlgen/nlgen/gen/ir"
)

// events lists what arrives without a request.
func (f *family) events(*diag.Report) {
	for _, o := range f.opList {
		if o.Reply != nil && (o.Event || o.Notify != nil) {
			f.Events = append(f.Events, &ir.Event{Op: o.Op, Number: o.Number, Message: o.Reply})
		}
	}
}
