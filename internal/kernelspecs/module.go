package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/nlgen/nlgen/internal/kernelspecs/agree"
)

const module = "github.com/nlgen/nlgen"

// scratch is the module that packages are written to.
type scratch struct {
	dir    string // empty for a temporary folder
	rounds int    // random messages of each type that are compared with gen/dynamic
	w      io.Writer
}

// check writes the packages into the module and lets the go command build, vet and test them. It reports whether all is well.
func (m *scratch) check(ctx context.Context, results []*result) (ok bool, err error) {
	if m.dir == "" {
		if m.dir, err = os.MkdirTemp("", "kernelspecs"); err != nil {
			return false, err
		}
		defer func() { err = errors.Join(err, os.RemoveAll(m.dir)) }()
	} else if err := os.MkdirAll(m.dir, 0o777); err != nil {
		return false, err
	} else if entries, err := os.ReadDir(m.dir); err != nil || len(entries) > 0 {
		return false, errors.Join(err, fmt.Errorf("%s is not empty", m.dir))
	}
	if err := writeModule(m.dir); err != nil {
		return false, err
	}
	count, messages := 0, 0
	for _, r := range results {
		if r.pkg == nil {
			continue
		}
		count++
		messages += len(r.pkg.Family.Messages)
		if err := r.write(filepath.Join(m.dir, filepath.FromSlash(folder(r.name)))); err != nil {
			return false, err
		}
	}
	if count == 0 {
		return true, nil
	}
	ok = true
	for _, step := range []struct {
		what string
		args []string
	}{
		{fmt.Sprintf("go vet of %d packages", count), []string{"vet", "./..."}},
		{fmt.Sprintf("go test of %d packages", count), []string{"test", "-vet=off", "-skip", "^" + agreeTest + "$", "./..."}},
		{fmt.Sprintf("%d message types, each with %d random messages, beside gen/dynamic", messages, m.rounds),
			[]string{"test", "-vet=off", "-timeout=60m", "-run", "^" + agreeTest + "$", "./..."}},
	} {
		good, err := m.step(ctx, step.what, step.args)
		if err != nil {
			return false, err
		}
		ok = ok && good
	}
	return ok, m.compile(ctx, results)
}

// largest is how many packages are timed.
const largest = 5

// compile prints how long the largest packages take to compile. Everything that they import is compiled by now, and a comment that is new
// in one of their files makes the go command compile them again.
func (m *scratch) compile(ctx context.Context, results []*result) error {
	built := slices.DeleteFunc(slices.Clone(results), func(r *result) bool { return r.pkg == nil })
	slices.SortStableFunc(built, func(a, b *result) int { return b.bytes - a.bytes })
	for _, r := range built[:min(largest, len(built))] {
		dir := filepath.Join(m.dir, filepath.FromSlash(folder(r.name)))
		f := r.pkg.Files[0]
		content := fmt.Appendf(bytes.Clone(f.Content), "\n// Changed at %d.\n", time.Now().UnixNano())
		if err := os.WriteFile(filepath.Join(dir, f.Name), content, 0o666); err != nil {
			return err
		}
		if _, err := m.step(ctx, fmt.Sprintf("go build of %s, %d lines", r.name, r.lines), []string{"build", "./" + folder(r.name)}); err != nil {
			return err
		}
	}
	return nil
}

// step runs the go command in the module and prints what came of it, with the output if something is wrong.
func (m *scratch) step(ctx context.Context, what string, args []string) (ok bool, err error) {
	start := time.Now()
	cmd := exec.CommandContext(ctx, "go", args...)
	cmd.Dir = m.dir
	cmd.Env = append(os.Environ(), "GOWORK=off", agree.Rounds+"="+strconv.Itoa(m.rounds))
	out, err := cmd.CombinedOutput()
	var exit *exec.ExitError
	if err != nil && (!errors.As(err, &exit) || ctx.Err() != nil) {
		return false, fmt.Errorf("go %s: %w", args[0], err)
	}
	verdict := "ok"
	if err != nil {
		verdict = "failed"
		if _, err := m.w.Write(out); err != nil {
			return false, err
		}
	}
	_, printed := fmt.Fprintf(m.w, "%s: %s, %.1f s\n", what, verdict, time.Since(start).Seconds())
	return err == nil, printed
}

// folder returns the folder of a package: that of the spec's name, since several specs may describe one family, with each part made one
// that the go command looks into.
func folder(name string) string {
	parts := strings.Split(name, "/")
	for i, part := range parts {
		clean := strings.Map(func(r rune) rune {
			switch {
			case 'a' <= r && r <= 'z', 'A' <= r && r <= 'Z', '0' <= r && r <= '9', r == '-', r == '_', r == '.':
				return r
			default:
				return '-'
			}
		}, part)
		if clean == "testdata" || clean == "vendor" || strings.HasPrefix(clean, "_") || strings.HasPrefix(clean, ".") || strings.HasSuffix(clean, ".") {
			clean = "x" + clean + "x"
		}
		parts[i] = clean
	}
	return path.Join(parts...)
}

// agreeTest is the test that compares a package with gen/dynamic.
const agreeTest = "TestAgree"

// agreement returns that test: it names the package's message types.
func (r *result) agreement() []byte {
	var b bytes.Buffer
	fmt.Fprintf(&b, "package %s\n\nimport (\n\t\"testing\"\n\n\t%q\n)\n\n", r.pkg.Name, module+"/internal/kernelspecs/agree")
	fmt.Fprintf(&b, "func %s(t *testing.T) {\n\tagree.Run(t, %#v, agree.Types{\n", agreeTest, r.Source)
	for _, m := range r.pkg.Family.Messages {
		fmt.Fprintf(&b, "\t\t%q: func() agree.Message { return new(%s) },\n", m.Go, m.Go)
	}
	b.WriteString("\t})\n}\n")
	return b.Bytes()
}

// write writes the files of a package.
func (r *result) write(dir string) error {
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return err
	}
	for _, f := range r.pkg.Files {
		if err := os.WriteFile(filepath.Join(dir, f.Name), f.Content, 0o666); err != nil {
			return err
		}
	}
	return os.WriteFile(filepath.Join(dir, "agree_test.go"), r.agreement(), 0o666)
}

// writeModule makes dir a module that needs the one of this checkout, and finds everything that this one needs in the same versions. Its
// path is within that of the checkout, so that it may use internal packages.
func writeModule(dir string) error {
	root, err := checkout()
	if err != nil {
		return err
	}
	for _, name := range []string{"go.mod", "go.sum"} {
		data, err := os.ReadFile(filepath.Join(root, name))
		if err != nil {
			return err
		}
		text := string(data)
		if name == "go.mod" {
			text = strings.Replace(text, "module "+module+"\n", "module "+module+"/scratch\n", 1) +
				"\nrequire " + module + " v0.0.0\n\nreplace " + module + " => " + root + "\n"
		}
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o666); err != nil {
			return err
		}
	}
	return nil
}

// checkout returns the root of this module: the first folder upward with its go.mod.
func checkout() (string, error) {
	dir, err := os.Getwd()
	if err != nil {
		return "", err
	}
	for at := dir; ; at = filepath.Dir(at) {
		data, err := os.ReadFile(filepath.Join(at, "go.mod"))
		if err == nil && strings.HasPrefix(string(data), "module "+module+"\n") {
			return at, nil
		}
		if at == filepath.Dir(at) {
			return "", fmt.Errorf("%s is not within a checkout of %s", dir, module)
		}
	}
}
