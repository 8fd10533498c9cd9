package policy

import (
	"bytes"
	"strings"
	"testing"

	"github.com/nlgen/nlgen/internal/drift"
	"github.com/nlgen/nlgen/internal/nettest"
	"github.com/nlgen/nlgen/internal/witness"
)

func TestMain(m *testing.M) { nettest.Main(m) }

// TestKernel compares every generic netlink family with that of the running kernel: each difference must be explained.
func TestKernel(t *testing.T) {
	ours, err := drift.Families()
	if err != nil {
		t.Fatal(err)
	}
	known, err := Known()
	if err != nil {
		t.Fatal(err)
	}
	ctx, conn := witness.Dial(t)
	list, absent, err := CompareAll(ctx, conn, ours)
	if err != nil {
		t.Fatal(err)
	}
	v := Judge(known, list, Release())
	if v.Bad() {
		var b bytes.Buffer
		if err := v.Write(&b, nil); err != nil {
			t.Fatal(err)
		}
		if drift.Unknown(drift.Version(Release())) {
			t.Skipf("%s is newer than what has been looked at:\n%s", Release(), &b)
		}
		t.Errorf("our specs have drifted:\n%s", &b)
	}
	for _, c := range list {
		t.Logf("%s: %d facts, %d differences, all explained", c.Family, c.Facts, len(c.Differences))
	}
	if len(absent) > 0 {
		t.Logf("not in this kernel: %s", strings.Join(absent, ", "))
	}
	if len(list) == 0 {
		t.Error("nothing was compared")
	}
}
