package vm

import (
	"bytes"
	"crypto/sha256"
	"debug/elf"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
)

// A Kernel is a kernel image with its modules, somewhere on the host.
type Kernel struct {
	Version string
	Image   string // the file that boots

	builtin map[string]bool // modules that are part of the image
	cache   string          // the folder for modules that were unpacked

	reading sync.Mutex        // several guests may be made at once
	files   map[string]string // module → its file, perhaps compressed
	info    map[string]*modinfo
}

// modinfo is what a module says about itself in its section .modinfo.
type modinfo struct {
	data    []byte   // the module itself
	depends []string // modules whose symbols it uses
	before  []string // modules it would like to be loaded before it
}

// OpenKernel returns the newest kernel below a folder that has boot/vmlinuz-VERSION and lib/modules/VERSION, as an unpacked package
// and the root of a machine do.
func OpenKernel(root string) (*Kernel, error) {
	images, err := filepath.Glob(filepath.Join(root, "boot", "vmlinuz-*"))
	if err != nil {
		return nil, err
	}
	slices.SortFunc(images, func(a, b string) int { return compareVersions(b, a) })
	for _, image := range images {
		version := strings.TrimPrefix(filepath.Base(image), "vmlinuz-")
		for _, lib := range []string{"usr/lib", "lib"} {
			dir := filepath.Join(root, lib, "modules", version)
			if _, err := os.Stat(filepath.Join(dir, "kernel")); err != nil {
				continue
			}
			k := &Kernel{Version: version, Image: image, info: map[string]*modinfo{}}
			return k, k.index(dir)
		}
	}
	return nil, fmt.Errorf("%s holds no boot/vmlinuz-VERSION with lib/modules/VERSION", root)
}

// index finds the files of the modules.
func (k *Kernel) index(dir string) error {
	cache, err := cacheDir()
	if err != nil {
		return err
	}
	sum := sha256.Sum256([]byte(dir))
	k.cache = filepath.Join(cache, fmt.Sprintf("modules-%s-%x", k.Version, sum[:4]))
	k.files, k.builtin = map[string]string{}, map[string]bool{}
	err = filepath.WalkDir(filepath.Join(dir, "kernel"), func(name string, entry fs.DirEntry, err error) error {
		if module, suffix, ok := strings.Cut(filepath.Base(name), ".ko"); ok && err == nil && entry.Type().IsRegular() && (suffix == "" || suffix[0] == '.') {
			k.files[underscores(module)] = name
		}
		return err
	})
	if err != nil {
		return err
	}
	list, err := os.ReadFile(filepath.Join(dir, "modules.builtin"))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	for _, line := range strings.Fields(string(list)) {
		k.builtin[underscores(strings.TrimSuffix(filepath.Base(line), ".ko"))] = true
	}
	return nil
}

// order returns the modules and all that they need, each after what it needs, and the names that this kernel does not know.
// What the kernel has built in is left out. The caller holds k.reading.
func (k *Kernel) order(modules []Module) (ordered []Module, unknown []string, err error) {
	options, seen := map[string]string{}, map[string]bool{}
	for _, m := range modules {
		options[m.Name] = m.Options
		if m.File != "" {
			k.files[m.Name] = m.File
		}
	}
	var visit func(name string) error
	visit = func(name string) error {
		if seen[name] || k.files[name] == "" {
			return nil
		}
		seen[name] = true
		info, err := k.module(name)
		if err != nil {
			return err
		}
		for _, need := range slices.Concat(info.depends, info.before) {
			if err := visit(need); err != nil {
				return err
			}
		}
		ordered = append(ordered, Module{Name: name, Options: options[name]})
		return nil
	}
	for _, m := range modules {
		if k.files[m.Name] == "" && !k.builtin[m.Name] {
			unknown = append(unknown, m.Name)
		}
		if err := visit(m.Name); err != nil {
			return nil, nil, err
		}
	}
	return ordered, unknown, nil
}

// module reads a module.
func (k *Kernel) module(name string) (*modinfo, error) {
	if info := k.info[name]; info != nil {
		return info, nil
	}
	data, err := k.unpack(name)
	if err != nil {
		return nil, err
	}
	info, err := parseModinfo(data)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", k.files[name], err)
	}
	for i, want := range info.before {
		// Such a wish may name a cipher; its plain implementation has a suffix.
		if generic := want + "_generic"; k.files[want] == "" && k.files[generic] != "" {
			info.before[i] = generic
		}
	}
	k.info[name] = info
	return info, nil
}

// parseModinfo reads the section .modinfo, a list of "key=value" that end with NUL.
func parseModinfo(data []byte) (*modinfo, error) {
	file, err := elf.NewFile(bytes.NewReader(data))
	if err != nil {
		return nil, err
	}
	section := file.Section(".modinfo")
	if section == nil {
		return nil, errors.New("no section .modinfo")
	}
	text, err := section.Data()
	if err != nil {
		return nil, err
	}
	info := &modinfo{data: data}
	for _, pair := range strings.Split(string(text), "\x00") {
		switch key, value, _ := strings.Cut(pair, "="); key {
		case "depends":
			for _, need := range strings.FieldsFunc(value, func(r rune) bool { return r == ',' }) {
				info.depends = append(info.depends, underscores(need))
			}
		case "softdep":
			// "pre: a b post: c"
			if list, ok := strings.CutPrefix(value, "pre:"); ok {
				list, _, _ = strings.Cut(list, "post:")
				for _, want := range strings.Fields(list) {
					info.before = append(info.before, underscores(want))
				}
			}
		}
	}
	return info, nil
}

// unpackers are the commands that unpack a compressed module to their output, by the suffix of its file, and their Debian packages.
var unpackers = map[string]struct {
	command []string
	deb     string
}{
	".xz":  {[]string{"xz", "-dc"}, "xz-utils"},
	".zst": {[]string{"zstd", "-dcq"}, "zstd"},
	".gz":  {[]string{"gzip", "-dc"}, "gzip"},
}

// unpack returns a module as the kernel loads it. What had to be unpacked is kept for the next run.
func (k *Kernel) unpack(name string) ([]byte, error) {
	packed := k.files[name]
	if filepath.Ext(packed) == ".ko" {
		return os.ReadFile(packed)
	}
	kept := filepath.Join(k.cache, name+".ko")
	if !stale(kept, packed) {
		return os.ReadFile(kept)
	}
	u, known := unpackers[filepath.Ext(packed)]
	if !known {
		return nil, fmt.Errorf("%s: compressed in an unknown way", packed)
	}
	if _, err := exec.LookPath(u.command[0]); err != nil {
		return nil, unavailable("the modules of the kernel are compressed, and there is no %s to unpack them; on Debian it is in the package %s",
			u.command[0], u.deb)
	}
	data, err := exec.Command(u.command[0], append(u.command[1:], packed)...).Output()
	if err != nil {
		return nil, fmt.Errorf("%s: %w", packed, err)
	}
	return data, keep(kept, data)
}

// stale reports whether kept is missing or older than what it was made from.
func stale(kept, source string) bool {
	a, err := os.Stat(kept)
	if err != nil {
		return true
	}
	b, err := os.Stat(source)
	return err != nil || a.ModTime().Before(b.ModTime())
}

// keep writes a file at once, so that another process never sees half of it.
func keep(name string, data []byte) error {
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		return err
	}
	f, err := os.CreateTemp(filepath.Dir(name), ".new-*")
	if err != nil {
		return err
	}
	defer os.Remove(f.Name())
	if _, err := f.Write(data); err != nil {
		f.Close()
		return err
	}
	if err := f.Close(); err != nil {
		return err
	}
	return os.Rename(f.Name(), name)
}
