package headers

import (
	"bytes"
	"cmp"
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"testing"

	"github.com/nlgen/nlgen/internal/drift"
)

// TestHeaders compares every family with the C headers of this machine: each difference must be explained. HEADERS says where they are,
// as for make drift.
func TestHeaders(t *testing.T) {
	folder := cmp.Or(os.Getenv("HEADERS"), Newest())
	judge(t, func(macros []string) (*Types, error) { return Compile(folder, macros) })
}

// TestRunning compares every family with the types that the running kernel tells of itself.
func TestRunning(t *testing.T) {
	judge(t, func([]string) (*Types, error) { return Running() })
}

func judge(t *testing.T, open func([]string) (*Types, error)) {
	t.Helper()
	families, err := drift.Families()
	if err != nil {
		t.Fatal(err)
	}
	var release []int
	v, _, err := Judge(families, func(macros []string) (*Types, error) {
		types, err := open(macros)
		if err == nil {
			release = types.Release
		}
		return types, err
	})
	switch {
	case errors.Is(err, exec.ErrNotFound), errors.Is(err, fs.ErrNotExist), errors.Is(err, ErrOlder):
		t.Skip("there is nothing to compare with: ", err)
	case err != nil:
		t.Fatal(err)
	}
	if v.Bad() {
		var b bytes.Buffer
		if err := v.Write(&b, nil); err != nil {
			t.Fatal(err)
		}
		if drift.Unknown(release) {
			t.Skipf("release %d is newer than what has been looked at:\n%s", release, &b)
		}
		t.Errorf("our specs have drifted:\n%s", &b)
	}
	facts := 0
	for _, c := range v.Comparisons {
		facts += c.Facts
	}
	t.Logf("%d facts of %d families, %s", facts, len(v.Comparisons), v.Comparisons[0].Theirs)
}
