package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/nlgen/nlgen/internal/vm"
)

func TestParse(t *testing.T) {
	o, err := parse([]string{"-modules", "dummy,veth", "-mem", "300", "-run", "A|B", "./a", "./b", "--", "-test.short"}, io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	got := fmt.Sprintf("%v %d %d %s %q %q", o.modules, o.memory, o.cpus, o.run, o.patterns, o.testArgs)
	if want := `[{dummy  } {veth  }] 300 2 A|B ["./a" "./b"] ["-test.short"]`; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	if o.verbose || o.fetch || o.timeout < o.testTimeout {
		t.Errorf("defaults: %+v", o)
	}
	for _, args := range []string{"-modules @none", "-mem 1", "-smp 0", "-timeout 0s", "-nothing", "-sh true ./pkg"} {
		var complaint bytes.Buffer
		if _, err := parse(strings.Fields(args), &complaint); err == nil || complaint.Len() == 0 {
			t.Errorf("%s: %v, %q", args, err, complaint.String())
		}
	}
}

func TestParseList(t *testing.T) {
	list := strings.Join([]string{
		"m/a\t/src/a\tfmt",
		"m/a.test\t/src/a\tfmt m/a " + nettest,
		"m/a [m/a.test]\t/src/a\tfmt " + nettest,
		"m/b.test\t/src/b\tfmt m/b",
		generated + "c.test\t/src/c\tfmt " + nettest,
		"broken",
	}, "\n")
	show := func(packages []*pkg) (out string) {
		for _, p := range packages {
			out += p.path + " " + p.dir + p.run + ";"
		}
		return out
	}
	if got, want := show(parseList(list, true)), "m/a /src/a;"+generated+"c /src/c^Example;"; got != want {
		t.Errorf("live: got %s, want %s", got, want)
	}
	if got, want := show(parseList(list, false)), "m/a /src/a;m/b /src/b;"+generated+"c /src/c;"; got != want {
		t.Errorf("all: got %s, want %s", got, want)
	}
}

func TestBatches(t *testing.T) {
	var packages []*pkg
	for _, p := range []string{"m/x", "m/y", "n/x", "o/x", "n/y"} {
		packages = append(packages, &pkg{path: p})
	}
	var got []string
	for _, batch := range batches(packages) {
		var words []string
		for _, p := range batch {
			words = append(words, p.path)
		}
		got = append(got, strings.Join(words, " "))
	}
	if want := "m/x m/y|n/x n/y|o/x"; strings.Join(got, "|") != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestScript(t *testing.T) {
	o := &options{run: "it's", testTimeout: time.Minute, testArgs: []string{"-x"}}
	got := o.script([]*pkg{{path: "m/a"}, {path: "m/b", dir: "/src/b", binary: "/bin/b.test"}})
	want := "exec 2>&1\nwhile read -r n; do\ncase $n in\n1)\tcd '/src/b' && printf '" + mark + "begin 1\\n'\n" +
		"\t'/bin/b.test' '-test.v=test2json' '-test.timeout=1m0s' '-test.run=it'\\''s' '-x' </dev/null\n" +
		"\tprintf '" + mark + "end 1 %d\\n' $? ;;\nesac\ndone\n"
	if got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	o.coverage = "/host/file"
	got = o.script(nil)
	want = "exec 2>&1\nexport NLGEN_COVERAGE=/coverage\nwhile read -r n; do\ncase $n in\nesac\ndone\ntest ! -e /coverage || sed 's/^/" + mark + "heard /' /coverage\n"
	if got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

func TestHeard(t *testing.T) {
	var shown, heard bytes.Buffer
	r := &reader{report: newReport(&shown, make([]*pkg, 1), true)}
	r.heard = &heard
	fmt.Fprint(r, mark+"heard {1}\n"+mark+"heard {2 3}\nwords\n")
	if shown.String() != "words\n" || heard.String() != "{1}\n{2 3}\n" {
		t.Errorf("shown %q, heard %q", shown.String(), heard.String())
	}
}

// guestOutput is what the tests of four packages print; the last two packages do not come to their end.
const guestOutput = mark + "begin 0\n" +
	"\x16=== RUN   TestA\n\x16=== RUN   TestA/x\n\x16--- PASS: TestA/x (0.00s)\n\x16=== NAME  TestA\n\x16--- PASS: TestA (0.00s)\n\x16=== NAME  \n" +
	"\x16=== RUN   TestB\nopen line\x16--- SKIP: TestB (0.00s)\n--- FAIL: fake\n\x16PASS\n" + mark + "end 0 0\n" +
	mark + "begin 1\n" +
	"\x16=== RUN   TestC\n\x16=== RUN   TestC/y\n    c_test.go:1: bad\n\x16--- FAIL: TestC/y (0.00s)\n\x16--- FAIL: TestC (0.00s)\n\x16FAIL\n" +
	mark + "end 1 1\n" +
	mark + "begin 2\n\x16=== RUN   TestD\nkilled" + mark + "end 2 137\n" +
	mark + "begin 3\n\x16=== RUN   TestE\nstuck"

func TestReport(t *testing.T) {
	packages := []*pkg{{path: "m/a"}, {path: "m/c"}, {path: "m/d"}, {path: "m/e"}, {path: "m/f"}, {path: "m/g"}}
	for _, p := range packages[:5] {
		p.binary = "x"
	}
	const summary = "ok  \tm/a\t1.000s\nFAIL\tm/c\t1.000s\tTestC/y TestC\nFAIL\tm/d\t1.000s\t[exit status 137]\nFAIL\tm/e [did not end]\nFAIL\tm/f [did not begin]\n" +
		"FAIL\tm/g [build failed]\n1 passed, 5 failed, 1 skipped\n"
	const badOnes = "# m/c\n=== RUN   TestC\n=== RUN   TestC/y\n    c_test.go:1: bad\n--- FAIL: TestC/y (0.00s)\n--- FAIL: TestC (0.00s)\nFAIL\n" +
		"# m/d\n=== RUN   TestD\nkilled\n# m/e\n=== RUN   TestE\nstuck\n"
	for _, size := range []int{1, 7, len(guestOutput)} {
		var b bytes.Buffer
		var asked int
		r := &reader{report: newReport(&b, packages, false), next: func() { asked++ }}
		clock := time.Unix(1, 0)
		r.now = func() time.Time { clock = clock.Add(time.Second); return clock }
		for rest := []byte(guestOutput); len(rest) > 0; {
			n, err := r.Write(rest[:min(size, len(rest))])
			if err != nil {
				t.Fatal(err)
			}
			rest = rest[n:]
		}
		r.close()
		r.finish()
		if asked != 3 {
			t.Errorf("asked for another package %d times, and three were tested", asked)
		}
		if got := b.String(); got != badOnes+summary {
			t.Errorf("in pieces of %d:\n%s\nwant\n%s", size, got, badOnes+summary)
		}
		if r.ok() {
			t.Error("ok in spite of failures")
		}
	}
}

func TestReportVerbose(t *testing.T) {
	var b bytes.Buffer
	r := &reader{report: newReport(&b, []*pkg{{path: "m/a", binary: "x"}}, true), next: func() {}}
	r.now = func() time.Time { return time.Unix(1, 0) }
	text, _, _ := strings.Cut(guestOutput, mark+"begin 1")
	fmt.Fprint(r, text)
	r.close()
	r.finish()
	want := "# m/a\n=== RUN   TestA\n=== RUN   TestA/x\n--- PASS: TestA/x (0.00s)\n=== NAME  TestA\n--- PASS: TestA (0.00s)\n" +
		"=== RUN   TestB\nopen line\n--- SKIP: TestB (0.00s)\n--- FAIL: fake\nPASS\nok  \tm/a\t0.000s\n1 passed, 0 failed, 1 skipped\n"
	if b.String() != want || !r.ok() {
		t.Errorf("got\n%s\nwant\n%s", b.String(), want)
	}
}

func TestStatus(t *testing.T) {
	for err, want := range map[error]int{
		fmt.Errorf("x: %w", vm.ErrUnavailable):            69,
		fmt.Errorf("x: %w", context.DeadlineExceeded):     124,
		fmt.Errorf("x: %w", vm.ErrDied):                   125,
		fmt.Errorf("something else, such as a full disk"): 1,
	} {
		if got := status(err); got != want {
			t.Errorf("%v: got %d, want %d", err, got, want)
		}
	}
}
