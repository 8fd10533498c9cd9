package policy

import (
	"context"
	"embed"
	"errors"
	"os"
	"slices"
	"strings"

	"github.com/nlgen/nlgen/gen/ir"
	"github.com/nlgen/nlgen/internal/drift"
	"github.com/nlgen/nlgen/runtime/nlconn"
)

// knownFile holds the known differences between our specs and kernels.
//
//go:embed known.txt
var knownFile embed.FS

// Known returns the known differences between our specs and kernels.
func Known() ([]*drift.Known, error) { return drift.ReadKnown(knownFile, "known.txt") }

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

// Judge explains the differences from the kernel of a release, such as 6.18.44. A kernel that is older than our specs need not have every
// known difference.
func Judge(known []*drift.Known, list []*drift.Comparison, release string) *drift.Verdict {
	version := drift.Version(release)
	v := drift.Judge(known, list, version[:min(len(version), 2)])
	if slices.Compare(version, drift.Version(measure)) < 0 {
		v.Stale = nil
	}
	return v
}

// Release returns the release of the running kernel, empty if it does not say.
func Release() string {
	text, err := os.ReadFile("/proc/sys/kernel/osrelease")
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(text))
}
