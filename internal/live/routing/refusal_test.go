package routing

import (
	"errors"
	"strings"
	"syscall"
	"testing"
)

// A refusal is a request that the kernel does not carry out, and the error that must come of it. Where kernels have several words for
// it, they are separated by a bar.
type refusal struct {
	name  string
	call  func() error
	errno syscall.Errno
	want  string
}

func (r refusal) check(t *testing.T) {
	t.Helper()
	err := r.call()
	if !errors.Is(err, r.errno) {
		t.Errorf("%s: %v, want %v", r.name, err, r.errno)
		return
	}
	for want := range strings.SplitSeq(r.want, "|") {
		if err.Error() == want {
			return
		}
	}
	t.Errorf("%s:\ngot  %s\nwant %s", r.name, err, r.want)
}
