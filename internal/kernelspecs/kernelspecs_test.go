package main

import (
	"bytes"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/nlgen/nlgen/gen"
	"github.com/nlgen/nlgen/gen/diag"
)

// The specs that the kernel publishes, beside the checkout. They are data to test with and no part of the project.
const (
	kernelSpecs = "../../../shared/kernel-specs"
	newest      = kernelSpecs + "/linux-6.16"
	// Traffic that was recorded from real kernels.
	corpus = "../../../shared/corpus"
)

func needSpecs(t testing.TB) {
	t.Helper()
	if _, err := os.Stat(kernelSpecs); err != nil {
		t.Skipf("the kernel's specs are not in %s", kernelSpecs)
	}
}

// TestKernelSpecs generates the packages of all specs of the kernel, as they are and with the errata, and tests those of one generation.
func TestKernelSpecs(t *testing.T) {
	needSpecs(t)
	for _, args := range [][]string{{"-generate", kernelSpecs}, {"-generate", "-errata", kernelSpecs}, {"-rounds=50", newest}} {
		if testing.Short() && args[0] != "-generate" {
			t.Skip("building the packages takes half a minute, skipped by -short")
		}
		var stdout, stderr bytes.Buffer
		code, err := run(t.Context(), args, &stdout, &stderr)
		t.Logf("kernelspecs %s\n%s", strings.Join(args, " "), &stdout)
		if code != 0 || err != nil {
			t.Errorf("kernelspecs %s: status %d, error %v\n%s", strings.Join(args, " "), code, err, &stderr)
		}
		if strings.Contains(stdout.String(), "over budget") {
			t.Error("a package is larger than it should be")
		}
	}
}

// TestSynthetic holds what comes of a family as large as nl80211: it is small enough to build, and its messages share types without being
// any different on the wire.
func TestSynthetic(t *testing.T) {
	dir := t.TempDir()
	if err := writeSynthetic(dir); err != nil {
		t.Fatal(err)
	}
	files, err := find([]string{dir})
	if err != nil {
		t.Fatal(err)
	}
	r := generate(files)[0]
	if r.pkg == nil {
		t.Fatal(r.report.Diagnostics())
	}
	t.Logf("%d operations, %d lines, %d bytes, %.2f s", len(r.pkg.Family.Ops), r.lines, r.bytes, r.took.Seconds())
	if len(r.pkg.Family.Ops) != syntheticOps || r.lines > 20_000 || r.bytes > 700<<10 {
		t.Errorf("%d operations make %d lines, %d bytes", len(r.pkg.Family.Ops), r.lines, r.bytes)
	}
	if testing.Short() {
		t.Log("building the package takes half a minute and is left out by -short")
		return
	}
	var stdout, stderr bytes.Buffer
	if code, err := run(t.Context(), []string{"-rounds=20", dir}, &stdout, &stderr); code != 0 || err != nil {
		t.Errorf("status %d, error %v\n%s%s", code, err, &stdout, &stderr)
	}
}

// TestProject compares the packages of the families of this repository with gen/dynamic.
func TestProject(t *testing.T) {
	if testing.Short() {
		t.Skip("building the packages takes half a minute, skipped by -short")
	}
	args := []string{"-rounds=50", "../../nlgen.yaml"}
	if _, err := os.Stat(corpus); err == nil {
		args = append([]string{"-corpus=" + corpus}, args...)
	}
	var stdout, stderr bytes.Buffer
	code, err := run(t.Context(), args, &stdout, &stderr)
	t.Logf("kernelspecs %s\n%s", strings.Join(args, " "), &stdout)
	if code != 0 || err != nil {
		t.Errorf("kernelspecs %s: status %d, error %v\n%s", strings.Join(args, " "), code, err, &stderr)
	}
}

// build generates the packages of all specs of a folder at once, as nlgen does for those of an nlgen.yaml.
func build(t testing.TB) (packages int) {
	files, err := find([]string{newest})
	if err != nil {
		t.Fatal(err)
	}
	project := &gen.Project{Output: "out"}
	for _, f := range files {
		project.Targets = append(project.Targets, &gen.Target{Spec: f.Spec})
	}
	return len(project.Build(new(diag.Report)))
}

// TestCost prints what it takes to generate all packages of a generation, and holds the memory that it takes below a limit.
func TestCost(t *testing.T) {
	needSpecs(t)
	start := time.Now()
	count := build(t)
	took := time.Since(start)
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	t.Logf("%d packages in %.2f s; %d MB from the system, %d MB allocated in all", count, took.Seconds(), m.Sys>>20, m.TotalAlloc>>20)
	if count == 0 {
		t.Error("nothing was generated")
	}
	if limit := uint64(300 << 20); m.Sys > limit {
		t.Errorf("generating takes %d MB of memory", m.Sys>>20)
	}
}

func BenchmarkGenerate(b *testing.B) {
	needSpecs(b)
	b.ReportAllocs()
	for b.Loop() {
		build(b)
	}
}

const demo = `name: demo
doc: Demo family.
protocol: genetlink
attribute-sets:
  - {name: main, attributes: [{name: id, type: u32, doc: Identifier.}]}
operations:
  list:
    - {name: get, doc: Get one., attribute-set: main, do: {request: {attributes: [id]}}}
`

// TestRun makes sure that any folder will do: several specs of one family, folders in it, and specs that are wrong.
func TestRun(t *testing.T) {
	dir := t.TempDir()
	for name, text := range map[string]string{
		"a/demo.yaml": demo, "a/again_1.yaml": demo, "_b/internal/testdata/demo.yml": demo,
		"bad.yaml": strings.Replace(demo, "u32", "u33", 1), "README": "no spec",
	} {
		path := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	args := []string{dir}
	if testing.Short() {
		args = []string{"-generate", dir}
	}
	var stdout, stderr bytes.Buffer
	code, err := run(t.Context(), args, &stdout, &stderr)
	if code != 1 || err != nil {
		t.Errorf("status %d, error %v", code, err)
	}
	var lines []string
	for line := range strings.Lines(stdout.String()) {
		lines = append(lines, strings.Join(strings.Fields(line)[:2], " "))
	}
	want := []string{"spec level", "_b/internal/testdata/demo genetlink", "a/again_1 genetlink", "a/demo genetlink", "bad refused:", "4 specs"}
	if !testing.Short() {
		want = append(want, "go vet", "go test", "3 message", "go build", "go build", "go build")
	}
	if got := strings.Join(lines, "\n"); got != strings.Join(want, "\n") {
		t.Errorf("got:\n%s", &stdout)
	}
	if !testing.Short() && strings.Count(stdout.String(), " of 3 packages: ok") != 2 {
		t.Errorf("got:\n%s", &stdout)
	}
	if !strings.Contains(stderr.String(), `bad.yaml:5:48: "type" is "u33"`) {
		t.Errorf("got:\n%s", &stderr)
	}
}

func TestUsage(t *testing.T) {
	for _, args := range [][]string{{}, {"-nosuch"}, {t.TempDir()}, {filepath.Join(t.TempDir(), "nosuch")}} {
		var stdout, stderr bytes.Buffer
		if code, err := run(t.Context(), args, &stdout, &stderr); code != 2 || err == nil && stderr.Len() == 0 {
			t.Errorf("%q: status %d, error %v, %s", args, code, err, &stderr)
		}
	}
}
