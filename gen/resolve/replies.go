package resolve

import (
	"github.com/nlgen/nlgen/gen/diag"
	"github.com/nlgen/nlgen/gen/spec"
)

// replies gives the replies of operations the headers and sets that the user says they have. Operations are bound by now, notifications
// are not: they have what the replies have.
func (f *family) replies(report *diag.Report) {
	first := map[string]diag.Pos{}
	for _, r := range f.opts.Replies {
		if pos, ok := first[r.Operation]; ok {
			report.Errorf(r.Pos, "the reply of operation %q is described twice", r.Operation).See(pos, "first described here")
			continue
		}
		first[r.Operation] = r.Pos
		f.reply(report, r)
	}
}

func (f *family) reply(report *diag.Report, r Reply) {
	val := func(name string) spec.Val[string] { return spec.Val[string]{V: name, Pos: r.Pos, Set: true} }
	o := f.opOf[r.Operation]
	switch {
	case o == nil:
		report.Errorf(r.Pos, "a reply is described of operation %q, which family %q lacks%s", r.Operation, f.Name,
			guess(f, r.Operation, f.opList, (*op).name))
		return
	case r.FixedHeader == "" && r.AttributeSet == "":
		report.Errorf(r.Pos, `the reply of operation %q has neither a "fixed-header" nor an "attribute-set" of its own`, r.Operation)
		return
	case isAsync(o.src):
		report.Errorf(r.Pos, "operation %q is not called, so nothing is its reply", r.Operation).See(o.Pos, "declared here")
		return
	case !hasReply(o.src.Do) && !hasReply(o.src.Dump):
		report.Errorf(r.Pos, "operation %q has no reply", r.Operation).See(o.Pos, "declared here")
		return
	}
	if r.FixedHeader != "" {
		header := f.header(report, "reply of", r.Operation, val(r.FixedHeader))
		if header != nil && header == o.Header {
			report.Errorf(r.Pos, "the reply of operation %q has the fixed header %q of its request anyway", r.Operation, r.FixedHeader)
		}
		o.reply.header = header
	}
	if r.AttributeSet != "" {
		set := irSet(f.set(report, "reply of", r.Operation, val(r.AttributeSet)))
		if set != nil && set == o.Set {
			report.Errorf(r.Pos, "the reply of operation %q has the attributes %q of its request anyway", r.Operation, r.AttributeSet)
		}
		o.reply.set, o.reply.whole = set, true
	}
}

func hasReply(src *spec.Exchange) bool { return src != nil && src.Reply != nil }
