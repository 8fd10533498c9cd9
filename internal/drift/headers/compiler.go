package headers

import (
	"bytes"
	"debug/elf"
	_ "embed"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/nlgen/nlgen/internal/drift"
)

// includes is the C source that names the headers.
//
//go:embed headers.h
var includes string

// Newest returns the folder with the newest headers of this machine: those of a Debian package for building modules, or those that
// programs are built with.
func Newest() string {
	folders, _ := filepath.Glob("/usr/src/linux-headers-*-common/include/uapi")
	if len(folders) == 0 {
		return "/usr/include"
	}
	return slices.MaxFunc(folders, func(a, b string) int { return slices.Compare(drift.Version(a), drift.Version(b)) })
}

// Compile reads the headers of a folder, with the values of those macros that are in names. The error is [exec.ErrNotFound] if there is
// no C compiler, and [os.ErrNotExist] if there are no headers.
func Compile(folder string, names []string) (*Types, error) {
	release, err := release(folder)
	if err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp("", "nlgen-headers-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	c := &compiler{folder, dir}
	if err := c.empty("compiler.h", "compiler_types.h"); err != nil {
		return nil, err
	}
	list, err := c.run(includes, "-E", "-dM")
	if err != nil {
		return nil, err
	}
	macros := parseMacros(list)
	var b strings.Builder
	b.WriteString(includes)
	for _, name := range names {
		// An enum of its own for each lets each have the type that its value needs.
		if macros[name] != "" {
			fmt.Fprintf(&b, "enum { %s%s = (%s) };\n", ofMacro, name, name)
		}
	}
	t, err := c.compile(b.String())
	if err != nil {
		return nil, err
	}
	t.Of, t.Release = "headers of "+release, drift.Version(release)[:2]
	for _, name := range names {
		// A macro may have the name of an enum's entry and stand for it.
		if k, ok := t.constants[ofMacro+name]; ok && t.constants[name].enum == nil {
			t.constants[name] = constantOf{value: k.value}
		}
	}
	return t, nil
}

// ofMacro stands before the name of a macro in that of the enum's entry that has its value.
const ofMacro = "nlgen_macro_"

var (
	releaseName = regexp.MustCompile(`\d+\.\d+[^/]*`)
	macroLine   = regexp.MustCompile(`(?m)^#define (\w+) (.*)$`)
)

// release returns the release that headers are of: the one in the name of their folder, or that of linux/version.h.
func release(folder string) (string, error) {
	if _, err := os.Stat(filepath.Join(folder, "linux", "netlink.h")); err != nil {
		return "", err
	}
	if name := releaseName.FindString(folder); name != "" {
		return name, nil
	}
	text, err := os.ReadFile(filepath.Join(folder, "linux", "version.h"))
	if err != nil {
		return "", err
	}
	m := parseMacros(text)
	return m["LINUX_VERSION_MAJOR"] + "." + m["LINUX_VERSION_PATCHLEVEL"], nil
}

// parseMacros returns the macros without parameters.
func parseMacros(text []byte) map[string]string {
	m := map[string]string{}
	for _, line := range macroLine.FindAllSubmatch(text, -1) {
		m[string(line[1])] = string(line[2])
	}
	return m
}

// A compiler runs cc.
type compiler struct {
	folder string // with the headers
	dir    string // for its files
}

// empty writes headers that say nothing: the kernel's source includes some that never get to programs.
func (c *compiler) empty(names ...string) error {
	if err := os.Mkdir(filepath.Join(c.dir, "linux"), 0o777); err != nil {
		return err
	}
	for _, name := range names {
		if err := os.WriteFile(filepath.Join(c.dir, "linux", name), nil, 0o666); err != nil {
			return err
		}
	}
	return nil
}

// run runs the compiler on a source and returns what it prints.
func (c *compiler) run(source string, args ...string) ([]byte, error) {
	args = append(args, "-w", "-D__user=", "-D__force=", "-isystem", c.folder, "-isystem", c.dir, "-x", "c", "-")
	cmd := exec.Command("cc", args...)
	cmd.Stdin = strings.NewReader(source)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil && stderr.Len() > 0 {
		return nil, fmt.Errorf("cc: %w\n%s", err, bytes.TrimSpace(stderr.Bytes()))
	}
	return out, err
}

// compile returns the enums and structs of a source.
func (c *compiler) compile(source string) (*Types, error) {
	object := filepath.Join(c.dir, "headers.o")
	if _, err := c.run(source, "-g", "-gdwarf-4", "-fno-eliminate-unused-debug-types", "-c", "-o", object); err != nil {
		return nil, err
	}
	f, err := elf.Open(object)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	data, err := f.DWARF()
	if err != nil {
		return nil, err
	}
	return readDWARF(data)
}
