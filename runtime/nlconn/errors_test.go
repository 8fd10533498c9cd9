package nlconn_test

import (
	"errors"
	"syscall"
	"testing"

	"github.com/nlgen/nlgen/runtime/nlconn"
	"github.com/nlgen/nlgen/runtime/nlmsg"
	"github.com/nlgen/nlgen/runtime/nlpolicy"
	"github.com/nlgen/nlgen/runtime/nlserve"
	"github.com/nlgen/nlgen/runtime/nltest"
)

// An error that a family has of its own is told by its name, by a dump and by a request; one of the system by that of the system.
func TestOwnErrors(t *testing.T) {
	family := nlconn.Family{Name: "sets", Protocol: nlconn.ProtocolNetfilter,
		Errors: &nlpolicy.Enum{Name: "error", Names: []nlpolicy.Value{{Name: "exist", Value: 4103}}}}
	add := nlconn.Operation{Family: &family, Name: "add", Request: 9, Reply: 9}
	for errno, want := range map[syscall.Errno]string{
		4103: "sets: add: exist: errno 4103",
		4104: "sets: add: errno 4104",
		17:   "sets: add: EEXIST: file exists",
	} {
		conn := nltest.NewScript(t,
			nltest.ExpectDump(&add).Answer(datagram(nltest.DoneError(errno, ""))),
			nltest.Expect(&add).Answer(datagram(nltest.Refuse(errno, ""))),
		).Conn()
		_, dumped := nlconn.Collect[nlserve.Empty](soon(t), conn, &add, nil)
		for _, err := range []error{nlconn.Exec(soon(t), conn, &add, nil), dumped} {
			var e *nlmsg.Error
			if !errors.As(err, &e) || e.Errno != errno || err.Error() != want {
				t.Errorf("%v, want %s", err, want)
			}
		}
	}
}
