package resolve

import (
	"github.com/nlgen/nlgen/gen/diag"
	"github.com/nlgen/nlgen/gen/ir"
)

// events lists what arrives without a request. An event that a generic family sends to no group it sends to who asked for it: that is no
// answer, unless it has the number of one.
func (f *family) events(*diag.Report) {
	answers := map[uint16]bool{}
	for _, o := range f.opList {
		for _, m := range []*ir.Mode{o.Do, o.Dump} {
			if m != nil && m.HasReply {
				answers[m.ReplyNumber] = true
			}
		}
	}
	for _, o := range f.opList {
		if o.Reply != nil && (o.Event || o.Notify != nil) {
			private := f.Generic() && o.Event && o.Group == nil && !answers[o.Number]
			f.Events = append(f.Events, &ir.Event{Op: o.Op, Number: o.Number, Message: o.Reply, Private: private})
		}
	}
}
