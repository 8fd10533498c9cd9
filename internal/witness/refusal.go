package witness

import (
	"errors"
	"strings"
	"syscall"
	"testing"
)

// Refused holds the error of a request that the kernel must refuse against an errno and a text. Where kernels have several words for
// it, they are separated by a bar.
func Refused(t *testing.T, what string, err error, errno syscall.Errno, want string) {
	t.Helper()
	if !errors.Is(err, errno) {
		t.Errorf("%s: %v, want %v", what, err, errno)
		return
	}
	for text := range strings.SplitSeq(want, "|") {
		if err.Error() == text {
			return
		}
	}
	t.Errorf("%s:\ngot  %s\nwant %s", what, err, want)
}
