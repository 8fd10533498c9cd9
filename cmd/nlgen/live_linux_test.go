package main

import (
	"bytes"
	"context"
	"encoding/json"
	"flag"
	"io/fs"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/nlgen/nlgen"
	"github.com/nlgen/nlgen/internal/nettest"
)

// kernelSpecs is where the specs are that the kernel publishes. They are data to test with and no part of the project.
var kernelSpecs = flag.String("kernel-specs", "../../../shared/kernel-specs", "a folder with folders of the kernel's specs")

func TestMain(m *testing.M) { nettest.Main(m) }

// An answer is a JSON object.
type answer = map[string]any

// A session calls the command with one spec.
type session struct {
	*testing.T
	spec   string
	errata bool
	prefix string // of attribute names in the specs of linux 6.12 ("ifa-local"), which the tests write without
}

// withSpecs runs a test with each spec of a family that is there: those that the kernel publishes, with and without errata, and the
// built-in one.
func withSpecs(t *testing.T, family string, f func(s *session)) {
	t.Helper()
	nettest.Isolate(t)
	var files []string
	for _, name := range []string{family, strings.ReplaceAll(family, "-", "_")} {
		found, err := filepath.Glob(filepath.Join(*kernelSpecs, "*", name+".yaml"))
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, found...)
		if name == strings.ReplaceAll(family, "-", "_") {
			break
		}
	}
	for _, file := range files {
		for _, errata := range []bool{false, true} {
			name := filepath.Base(filepath.Dir(file))
			if errata {
				name += " with errata"
			}
			s := session{spec: file, errata: errata}
			if strings.Contains(filepath.Base(file), "_") {
				s.prefix = map[string]string{"rt-addr": "ifa-", "rt-route": "rta-"}[family]
			}
			t.Run(name, func(t *testing.T) {
				s.T = t
				f(&s)
			})
		}
	}
	if _, err := fs.Stat(nlgen.Files, "specs/"+family+".yaml"); err == nil {
		t.Run("built in", func(t *testing.T) { f(&session{T: t, spec: family}) })
	} else if len(files) == 0 {
		t.Skipf("there is no spec of %s, neither built in nor in %s", family, *kernelSpecs)
	}
}

// call calls a command with the session's spec.
func (s *session) call(command string, args ...string) (stdout, stderr string, code int) {
	args = append([]string{command, "-s", s.spec}, args...)
	if s.errata {
		args = append(args, "--errata")
	}
	for i, arg := range args {
		if s.prefix != "" && strings.HasPrefix(arg, "{") {
			args[i] = prefixed.ReplaceAllString(strings.ReplaceAll(arg, `"mtu":`, `"rtax-mtu":`), `"`+s.prefix+`$1":`)
		}
	}
	return call(args...)
}

// prefixed are attributes whose names have a prefix in old specs.
var prefixed = regexp.MustCompile(`"(local|address|label|dst|gateway|oif|priority|metrics|mtu|cacheinfo)":`)

// json calls a command that must succeed, and returns what it prints. The test is skipped if the kernel does not know the family or the
// operation.
func (s *session) json(command string, args ...string) any {
	s.Helper()
	stdout, stderr, code := s.call(command, args...)
	for _, why := range []string{"EOPNOTSUPP", "EPROTONOSUPPORT", "family not found", "protocol not supported", "unknown family", "generic netlink family"} {
		if code != 0 && strings.Contains(stderr, why) {
			s.Skipf("not in this kernel: %s", stderr)
		}
	}
	if code != 0 {
		s.Fatalf("nlgen %s %q: exit code %d, %s", command, args, code, stderr)
	}
	var v any
	if err := json.Unmarshal([]byte(stdout), &v); err != nil {
		s.Fatalf("nlgen %s %q prints no JSON: %v\n%s", command, args, err, stdout)
	}
	return v
}

// do carries out an operation.
func (s *session) do(op, request string, flags ...string) any {
	s.Helper()
	args := []string{op, "--json", request}
	if len(flags) > 0 {
		args = append(args, "--flags", strings.Join(flags, ","))
	}
	return s.json("do", args...)
}

// dump lists objects.
func (s *session) dump(op, request string) []answer {
	s.Helper()
	return objects(s.T, s.json("dump", op, "--json", request))
}

// refused carries out an operation that the kernel refuses, and compares the error. The test is skipped if the kernel does not know the
// family.
func (s *session) refused(op, request, want string, flags ...string) {
	s.Helper()
	args := []string{op, "--json", request}
	if len(flags) > 0 {
		args = append(args, "--flags", strings.Join(flags, ","))
	}
	stdout, stderr, code := s.call("do", args...)
	if strings.Contains(stderr, "generic netlink family") {
		s.Skipf("not in this kernel: %s", stderr)
	}
	if code != exitFindings || stdout != "" || !strings.Contains(stderr, want) {
		s.Errorf("nlgen do %q: exit code %d, on stdout\n%s\non stderr\n%s\nwant %s", args, code, stdout, stderr, want)
	}
}

// objects returns an array as the objects in it.
func objects(t *testing.T, v any) []answer {
	t.Helper()
	list, _ := v.([]any)
	var all []answer
	for _, x := range list {
		o, ok := x.(answer)
		if !ok {
			t.Fatalf("%v is no object", x)
		}
		for _, prefix := range []string{"ifa-", "rta-", "rtax-"} {
			for key, value := range o {
				if name, ok := strings.CutPrefix(key, prefix); ok && prefixed.MatchString(`"`+name+`":`) {
					o[name] = value
				}
			}
		}
		all = append(all, o)
	}
	return all
}

// tool runs a witness. The test is skipped if the machine has none of that name.
func tool(t *testing.T, line string) string {
	t.Helper()
	words := strings.Fields(line)
	path, err := exec.LookPath(words[0])
	if err != nil {
		t.Skipf("no witness: %v", err)
	}
	out, err := exec.Command(path, words[1:]...).CombinedOutput() // NB: also called when the test has ended.
	if err != nil {
		t.Fatalf("%s: %v: %s", line, err, out)
	}
	return string(out)
}

// witness runs a tool that prints an array of JSON objects.
func witness(t *testing.T, line string) []answer {
	t.Helper()
	out := tool(t, line)
	var v []answer
	if strings.TrimSpace(out) == "" {
		return nil
	}
	if err := json.Unmarshal([]byte(out), &v); err != nil {
		t.Fatalf("%s: %v: %s", line, err, out)
	}
	return v
}

// find returns the object that has a value under a key.
func find(t *testing.T, list []answer, key string, value any) answer {
	t.Helper()
	for _, o := range list {
		if o[key] == value {
			return o
		}
	}
	t.Fatalf("there is no object with %s %v in %v", key, value, list)
	return nil
}

// equal compares what ours and theirs have under some keys: "ours=theirs" or "both". What a tool leaves out is zero for it.
func equal(t *testing.T, ours, theirs answer, keys string) {
	t.Helper()
	for pair := range strings.FieldsSeq(keys) {
		our, their, ok := strings.Cut(pair, "=")
		if !ok {
			their = our
		}
		a, b := ours[our], theirs[their]
		if n, ok := a.(float64); ok && n == 0 && b == nil {
			continue
		}
		if a == nil || a != b {
			t.Errorf("%s is %v (%T), the tool's %s is %v (%T)\n%v\n%v", our, a, a, their, b, b, ours, theirs)
		}
	}
}

// listening runs the listen command until it has printed something that contains a text; meanwhile it makes the kernel tell, again and
// again, since nobody knows when the command has joined.
func (s *session) listening(want string, tell func(), args ...string) {
	s.Helper()
	ctx, cancel := context.WithTimeout(s.Context(), 20*time.Second)
	defer cancel()
	args = append([]string{"listen", "-s", s.spec}, args...)
	if s.errata {
		args = append(args, "--errata")
	}
	var out, errs buffer
	done := make(chan int, 1)
	go func() { done <- run(ctx, args, &out, &errs) }()
	for ctx.Err() == nil && !strings.Contains(out.String(), want) {
		select {
		case code := <-done:
			s.Fatalf("nlgen %q ended with %d: %s%s", args, code, out.String(), errs.String())
		case <-time.After(30 * time.Millisecond):
			tell()
		}
	}
	cancel()
	if code := <-done; code != 0 || !strings.Contains(out.String(), want) {
		s.Errorf("nlgen %q: exit code %d, on stdout\n%s\non stderr\n%s\nwant %s", args, code, out.String(), errs.String(), want)
	}
}

// buffer is a bytes.Buffer for two goroutines.
type buffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (b *buffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.Write(p)
}

func (b *buffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.String()
}
