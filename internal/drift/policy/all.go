package policy

import (
	"context"
	_ "embed"
	"errors"
	"os"
	"slices"
	"strings"

	"github.com/nlgen/nlgen/gen/ir"
	"github.com/nlgen/nlgen/internal/drift"
	"github.com/nlgen/nlgen/runtime/nlconn"
)

// Known are the known differences between our specs and kernels.
//
//go:embed known.txt
var Known string

// CompareAll compares those of our families that the running kernel has. It returns the names of the others, too.
func CompareAll(ctx context.Context, conn *nlconn.Conn, ours []*ir.Family) (list []*drift.Comparison, absent []string, err error) {
	for _, f := range ours {
		if !f.Generic() {
			continue
		}
		c, err := Compare(ctx, conn, f)
		switch {
		case errors.Is(err, os.ErrNotExist):
			absent = append(absent, f.Name)
		case err != nil:
			return nil, nil, err
		default:
			list = append(list, c)
		}
	}
	return list, absent, nil
}

// measure is the kernel that our specs are of.
const measure = "6.18"

// Judge explains the differences from the kernel of a release, such as 6.18.44. A kernel that is older than our specs lacks some of what
// they have, which the lines with "newer" say and no other kernel may need, and it need not have every other known difference.
func Judge(known []*drift.Known, list []*drift.Comparison, release string) *drift.Verdict {
	if slices.Compare(drift.Version(release), drift.Version(measure)) < 0 {
		v := drift.Judge(known, list)
		v.Stale = nil
		return v
	}
	return drift.Judge(slices.DeleteFunc(slices.Clone(known), func(k *drift.Known) bool { return k.Right == drift.Newer }), list)
}

// Release returns the release of the running kernel, empty if it does not say.
func Release() string {
	text, err := os.ReadFile("/proc/sys/kernel/osrelease")
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(text))
}
