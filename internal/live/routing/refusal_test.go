package routing

import (
	"syscall"
	"testing"

	"github.com/nlgen/nlgen/internal/witness"
)

// A refusal is a request that the kernel does not carry out, and the error that must come of it, as in witness.Refused.
type refusal struct {
	name  string
	call  func() error
	errno syscall.Errno
	want  string
}

func (r refusal) check(t *testing.T) {
	t.Helper()
	witness.Refused(t, r.name, r.call(), r.errno, r.want)
}
