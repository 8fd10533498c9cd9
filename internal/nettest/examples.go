package nettest

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"
)

// live matches the examples that talk to the kernel: those of a package and of
// its Client.
const live = "^Example(_.*|Client.*)?$"

// errLacking is what this machine lacks: a tool, or something in its kernel.
var errLacking = errors.New("lacking here")

// Examples is [Main] for a package with examples that talk to the kernel. It calls
// setup, unless that is nil, which makes what they work on. Examples cannot skip:
// where there is no private namespace, or setup returns an error of [Need] or one
// about a missing tool, they are left out with that reason. Any other error of
// setup fails the tests.
func Examples(m *testing.M, setup func() error) {
	prepare = func() {
		if reason != "" {
			leaveOut(reason)
			return
		}
		if setup == nil {
			return
		}
		switch err := setup(); {
		case errors.Is(err, errLacking):
			leaveOut(err.Error())
		case err != nil:
			fmt.Fprintln(os.Stderr, "nettest: setting up the examples:", err)
			os.Exit(2)
		}
	}
	Main(m)
}

// prepare is called in the process that runs the tests, before they run.
var prepare = func() {}

// leaveOut skips the examples that talk to the kernel.
func leaveOut(why string) {
	flag.Parse()
	skip := flag.Lookup("test.skip").Value
	pattern := live
	if given := skip.String(); given != "" {
		pattern = given + "|" + live
	}
	if err := skip.Set(pattern); err != nil {
		fmt.Fprintln(os.Stderr, "nettest:", err)
		os.Exit(2)
	}
	if testing.Verbose() {
		fmt.Println("examples are left out:", why)
	}
}

// Need runs commands that fail where the kernel lacks what the examples are about.
func Need(lines ...string) error {
	err := Commands(lines...)
	if err != nil && !errors.Is(err, errLacking) {
		err = fmt.Errorf("%w: %w", errLacking, err)
	}
	return err
}

// Commands runs commands, each a line of words, and returns the error of the first
// that fails, with what it said.
func Commands(lines ...string) error {
	for _, line := range lines {
		words := strings.Fields(line)
		out, err := exec.Command(words[0], words[1:]...).CombinedOutput()
		if errors.Is(err, exec.ErrNotFound) {
			return fmt.Errorf("%w: %w", errLacking, err)
		}
		if err != nil {
			return fmt.Errorf("%s: %w: %s", line, err, strings.TrimSpace(string(out)))
		}
	}
	return nil
}
