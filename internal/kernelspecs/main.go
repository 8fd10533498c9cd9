// Command kernelspecs generates the packages of all specs in some folders, builds, vets and tests them in a scratch module, compares them
// there with gen/dynamic, and prints a table. It shows that nlgen takes specs as they are published, unmodified.
//
// It uses nlgen as a library and the go command; it knows nothing of what is in a spec or in a package.
package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	code, err := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	if err != nil {
		fmt.Fprintln(os.Stderr, "kernelspecs:", err)
	}
	os.Exit(code)
}

// run does the work of the command and returns its exit status: 0, 1 if a spec or a package is bad, 2 if the work could not be done.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) (int, error) {
	flags := flag.NewFlagSet("kernelspecs", flag.ContinueOnError)
	flags.SetOutput(stderr)
	errata := flags.Bool("errata", false, "apply the errata that come with nlgen")
	verbose := flags.Bool("v", false, "show all warnings and notes, not only errors")
	keep := flags.String("keep", "", "write the module with the packages to this empty folder and keep it")
	skip := flags.Bool("generate", false, "only generate; do not build, vet and test")
	rounds := flags.Int("rounds", 2000, "random messages of each type that are compared with gen/dynamic")
	made := flags.Bool("synthetic", false, "add a spec as large as that of nl80211, made for the purpose")
	corpus := flags.String("corpus", "", "a folder with recorded traffic that is compared, too")
	flags.Usage = func() {
		fmt.Fprintln(stderr, "usage: go run ./internal/kernelspecs [flags] FOLDER|nlgen.yaml...")
		flags.PrintDefaults()
	}
	if err := flags.Parse(args); err != nil {
		return 2, nil // The flag package has said why.
	}
	folders := flags.Args()
	if *made {
		dir, err := os.MkdirTemp("", "synthetic")
		if err != nil {
			return 2, err
		}
		defer os.RemoveAll(dir)
		if err := writeSynthetic(dir); err != nil {
			return 2, err
		}
		folders = append(folders, dir)
	}
	if len(folders) == 0 {
		flags.Usage()
		return 2, nil
	}
	files, err := find(folders)
	if err != nil {
		return 2, err
	}
	if *corpus != "" {
		if *corpus, err = filepath.Abs(*corpus); err != nil {
			return 2, err
		}
	}
	for i := range files {
		files[i].Errata, files[i].Corpus = *errata, *corpus
	}
	results := generate(files)
	bad := false
	for _, r := range results {
		if err := r.show(stderr, *verbose); err != nil {
			return 2, err
		}
		bad = bad || r.pkg == nil
	}
	if err := table(stdout, results); err != nil {
		return 2, err
	}
	if !*skip {
		m := scratch{dir: *keep, rounds: *rounds, w: stdout}
		ok, err := m.check(ctx, results)
		if err != nil {
			return 2, err
		}
		bad = bad || !ok
	}
	if bad {
		return 1, nil
	}
	return 0, nil
}
