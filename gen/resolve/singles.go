package resolve

import "github.com/nlgen/nlgen/gen/diag"

// singles marks the operations that the user says are answered by one message.
func (f *family) singles(report *diag.Report) {
	first := map[string]diag.Pos{}
	for _, s := range f.opts.Single {
		o := f.opOf[s.Operation]
		switch pos, twice := first[s.Operation]; {
		case twice:
			report.Errorf(s.Pos, "operation %q is listed twice", s.Operation).See(pos, "first listed here")
		case o == nil:
			report.Errorf(s.Pos, "family %q has no operation %q%s", f.Name, s.Operation, guess(f, s.Operation, f.opList, (*op).name))
		case !hasReply(o.src.Do):
			report.Errorf(s.Pos, "the do of operation %q has no reply, so it is not answered by one message", s.Operation).See(o.Pos, "declared here")
		default:
			o.Single = true
		}
		first[s.Operation] = s.Pos
	}
}
