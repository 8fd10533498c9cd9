package drift

import (
	"bytes"
	"cmp"
	"errors"
	"io/fs"
	"os"
	"testing"
)

// kernelSpecs is where the kernel's specs stand beside the checkout, unless SPECS says otherwise, as for make drift.
const kernelSpecs = "../../../shared/kernel-specs"

// TestSpecs compares the specs of this repository with the kernel's: each difference must be explained.
func TestSpecs(t *testing.T) {
	folder := cmp.Or(os.Getenv("SPECS"), kernelSpecs)
	theirs, release, err := Read(folder)
	if errors.Is(err, fs.ErrNotExist) {
		t.Skipf("the kernel's specs are not in %s: say with SPECS where they are", folder)
	}
	if err != nil {
		t.Fatal(err)
	}
	ours, err := Families()
	if err != nil {
		t.Fatal(err)
	}
	known, err := KnownSpecs()
	if err != nil {
		t.Fatal(err)
	}
	v := Judge(known, CompareAll(ours, theirs), release)
	if len(v.Comparisons) == 0 {
		t.Errorf("%s has none of our families", folder)
	}
	if v.Bad() {
		var b bytes.Buffer
		if err := v.Write(&b, nil); err != nil {
			t.Fatal(err)
		}
		t.Errorf("our specs have drifted:\n%s", &b)
	}
	for _, c := range v.Comparisons {
		t.Logf("%s: %d facts, %d differences, all explained", c.Family, c.Facts, len(c.Differences))
	}
}

// TestKnown holds the files of known differences to their form.
func TestKnown(t *testing.T) {
	known, err := KnownSpecs()
	if err != nil || len(known) == 0 {
		t.Errorf("%d known differences, error %v", len(known), err)
	}
}
