package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"slices"
	"strings"
)

// nettest is the package that tests which talk to the kernel use, directly or through a helper.
const nettest = "github.com/nlgen/nlgen/internal/nettest"

// generated is the folder of the generated packages. Of their tests just the examples talk to the kernel.
const generated = "github.com/nlgen/nlgen/generated/"

// A pkg is a package whose tests are run.
type pkg struct {
	path   string // its import path
	dir    string
	binary string // the program with its tests; empty if it could not be built
	run    string // which of its tests are run if nothing else is asked for; empty for all
}

// findPackages returns the packages that match the patterns and have tests. Without patterns it returns all of the module whose tests
// talk to the kernel.
func findPackages(ctx context.Context, patterns []string) ([]*pkg, error) {
	all := patterns
	if len(patterns) == 0 {
		all = []string{"./..."}
	}
	const format = "{{.ImportPath}}\t{{.Dir}}\t{{join .Deps \" \"}}"
	out, err := goCommand(ctx, append([]string{"list", "-e", "-test", "-f", format}, all...)...)
	if err != nil {
		return nil, err
	}
	packages := parseList(out, len(patterns) == 0)
	if len(packages) == 0 {
		return nil, errors.New("no package was found that has such tests")
	}
	return packages, nil
}

// parseList reads lines of import path, folder and dependencies. With -test, go list shows the program with the tests of a package as
// a package of its own, with a suffix. If live is set it keeps those that depend on nettest.
func parseList(out string, live bool) []*pkg {
	var packages []*pkg
	for _, line := range strings.Split(out, "\n") {
		fields := strings.Split(line, "\t")
		if len(fields) != 3 {
			continue
		}
		name, ok := strings.CutSuffix(fields[0], ".test")
		if !ok || live && !slices.ContainsFunc(strings.Fields(fields[2]), func(dep string) bool { return dep == nettest }) {
			continue
		}
		p := &pkg{path: name, dir: fields[1]}
		if live && strings.HasPrefix(name, generated) {
			p.run = "^Example"
		}
		packages = append(packages, p)
	}
	return packages
}

// moduleRoot returns the folder of the module.
func moduleRoot(ctx context.Context) (string, error) {
	out, err := goCommand(ctx, "list", "-m", "-f", "{{.Dir}}")
	return strings.TrimSpace(out), err
}

// build builds the tests below bin. The go command names a program after the last part of its package's path, so packages that share
// that part are built apart. What does not build is told and stays without a program.
func build(ctx context.Context, bin string, packages []*pkg) error {
	for n, batch := range batches(packages) {
		out := filepath.Join(bin, fmt.Sprint(n))
		if err := os.Mkdir(out, 0o755); err != nil {
			return err
		}
		args := []string{"test", "-c", "-ldflags=-s -w", "-o", out + string(filepath.Separator)}
		for _, p := range batch {
			args = append(args, p.path)
		}
		if _, err := goCommand(ctx, args...); err != nil {
			fmt.Fprintln(os.Stderr, "vmtest:", err)
		}
		for _, p := range batch {
			binary := filepath.Join(out, path.Base(p.path)+".test")
			if _, err := os.Stat(binary); err == nil {
				p.binary = binary
			}
		}
	}
	return ctx.Err()
}

// batches parts the packages so that no two of a batch end in the same word.
func batches(packages []*pkg) [][]*pkg {
	var out [][]*pkg
	count := map[string]int{}
	for _, p := range packages {
		n := count[path.Base(p.path)]
		count[path.Base(p.path)]++
		if n == len(out) {
			out = append(out, nil)
		}
		out[n] = append(out[n], p)
	}
	return out
}

// goCommand runs the go command for the guest, which runs static programs for one kind of machine, and returns its output.
func goCommand(ctx context.Context, args ...string) (string, error) {
	cmd := exec.CommandContext(ctx, "go", args...)
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0", "GOOS=linux", "GOARCH=amd64")
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if err := cmd.Run(); err != nil {
		return "", fmt.Errorf("go %s: %w\n%s", args[0], err, strings.TrimSpace(stderr.String()))
	}
	return stdout.String(), nil
}
