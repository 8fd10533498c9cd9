package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"strings"
	"time"
)

const module = "github.com/nlgen/nlgen"

// check writes the packages into a module, in dir or a temporary folder, and lets the go command build, vet and test them. It reports
// whether all is well; output of the go command goes to w.
func check(ctx context.Context, dir string, results []*result, w io.Writer) (ok bool, err error) {
	if dir == "" {
		if dir, err = os.MkdirTemp("", "kernelspecs"); err != nil {
			return false, err
		}
		defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	} else if err := os.MkdirAll(dir, 0o777); err != nil {
		return false, err
	} else if entries, err := os.ReadDir(dir); err != nil || len(entries) > 0 {
		return false, errors.Join(err, fmt.Errorf("%s is not empty", dir))
	}
	if err := writeModule(dir); err != nil {
		return false, err
	}
	count := 0
	for _, r := range results {
		if r.pkg == nil {
			continue
		}
		count++
		if err := r.write(filepath.Join(dir, filepath.FromSlash(folder(r.name)))); err != nil {
			return false, err
		}
	}
	if count == 0 {
		return true, nil
	}
	ok = true
	for _, args := range [][]string{{"vet", "./..."}, {"test", "-vet=off", "./..."}} {
		start := time.Now()
		cmd := exec.CommandContext(ctx, "go", args...)
		cmd.Dir = dir
		cmd.Env = append(os.Environ(), "GOWORK=off")
		out, err := cmd.CombinedOutput()
		var exit *exec.ExitError
		if err != nil && (!errors.As(err, &exit) || ctx.Err() != nil) {
			return false, fmt.Errorf("go %s: %w", args[0], err)
		}
		verdict := "ok"
		if err != nil {
			ok, verdict = false, "failed"
			if _, err := w.Write(out); err != nil {
				return false, err
			}
		}
		if _, err := fmt.Fprintf(w, "go %s of %d packages: %s, %.1f s\n", args[0], count, verdict, time.Since(start).Seconds()); err != nil {
			return false, err
		}
	}
	return ok, nil
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
	return nil
}

// writeModule makes dir a module that needs the one of this checkout, and finds everything that this one needs in the same versions.
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
			text = strings.Replace(text, "module "+module+"\n", "module scratch\n", 1) +
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
