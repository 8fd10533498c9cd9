package vm

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
)

// module returns the smallest ELF file that has a section .modinfo.
func module(modinfo ...string) []byte {
	names := "\x00.modinfo\x00.shstrtab\x00"
	info := strings.Join(modinfo, "\x00") + "\x00"
	const header, section = 64, 64
	var b bytes.Buffer
	put := func(values ...any) {
		for _, v := range values {
			binary.Write(&b, binary.LittleEndian, v)
		}
	}
	b.WriteString("\x7fELF\x02\x01\x01" + strings.Repeat("\x00", 9))
	put(uint16(1), uint16(62), uint32(1), uint64(0), uint64(0), uint64(header), uint32(0), uint16(header), uint16(0), uint16(0), uint16(section),
		uint16(3), uint16(2))
	at := uint64(header + 3*section)
	for _, s := range []struct {
		name, kind uint32
		size       int
	}{{0, 0, 0}, {1, 1, len(info)}, {10, 3, len(names)}} {
		put(s.name, s.kind, uint64(0), uint64(0), at, uint64(s.size), uint32(0), uint32(0), uint64(1), uint64(0))
		at += uint64(s.size)
	}
	b.WriteString(info + names)
	return b.Bytes()
}

// tree writes an unpacked kernel with these modules, and returns its folder.
func tree(t *testing.T, version string, modules map[string][]byte) string {
	t.Helper()
	root := t.TempDir()
	t.Setenv("XDG_CACHE_HOME", filepath.Join(root, "cache"))
	t.Setenv("HOME", root)
	write := func(name string, content []byte) {
		name = filepath.Join(root, name)
		if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, content, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	write("boot/vmlinuz-"+version, nil)
	write("boot/vmlinuz-9.9.9", nil) // An image without modules.
	write("lib/modules/"+version+"/modules.builtin", []byte("kernel/net/core/in-side.ko\n"))
	for name, content := range modules {
		write("lib/modules/"+version+"/kernel/"+name, content)
	}
	return root
}

func TestOrder(t *testing.T) {
	root := tree(t, "6.12.3", map[string][]byte{
		"net/top.ko":       module("license=x", "depends=mid-dle,base", "softdep=pre: fast post: late"),
		"net/mid-dle.ko":   module("depends=base"),
		"base.ko":          module("depends="),
		"fast_generic.ko":  module("depends=base"),
		"loop_a.ko":        module("depends=loop_b"),
		"loop_b.ko":        module("depends=loop_a"),
		"notes.txt":        nil,
		"late.ko":          module("depends="),
		"net/broken.ko":    []byte("no module"),
		"net/strange.ko.q": nil,
	})
	k, err := OpenKernel(root)
	if err != nil {
		t.Fatal(err)
	}
	if k.Version != "6.12.3" {
		t.Errorf("version %s", k.Version)
	}
	own := filepath.Join(t.TempDir(), "own.ko")
	if err := os.WriteFile(own, module("depends=base"), 0o644); err != nil {
		t.Fatal(err)
	}
	for list, want := range map[string]string{
		"top":                    "base mid_dle fast_generic top",
		"base,top":               "base mid_dle fast_generic top",
		"mid-dle:x=1:y=2,base":   "base mid_dle(x=1 y=2)",
		"loop_a":                 "loop_b loop_a",
		"in-side,late,nowhere,x": "late / nowhere x",
		own + ":z=3,late":        "base own(z=3) late",
	} {
		modules, err := ParseModules(list)
		if err != nil {
			t.Fatal(err)
		}
		ordered, unknown, err := k.order(modules)
		if err != nil {
			t.Errorf("%s: %v", list, err)
		}
		var words []string
		for _, m := range ordered {
			if m.Options != "" {
				m.Name += "(" + m.Options + ")"
			}
			words = append(words, m.Name)
		}
		if len(unknown) > 0 {
			words = append(append(words, "/"), unknown...)
		}
		if got := strings.Join(words, " "); got != want {
			t.Errorf("%s: got %q, want %q", list, got, want)
		}
	}
	for _, name := range []string{"broken", "strange"} {
		if _, _, err := k.order([]Module{{Name: name}}); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// Guests that are made at once share what was read of the kernel. The race detector tells if one does not wait for the other.
func TestInitrdsAtOnce(t *testing.T) {
	if _, err := findBusybox(); err != nil {
		t.Skip(err)
	}
	k, err := OpenKernel(tree(t, "6.12.3", map[string][]byte{"a.ko": module("depends=b"), "b.ko": module("depends=")}))
	if err != nil {
		t.Fatal(err)
	}
	var writing sync.WaitGroup
	for i := range 4 {
		name := filepath.Join(t.TempDir(), fmt.Sprint(i))
		writing.Go(func() {
			if _, err := writeInitrd(name, Config{Kernel: k, Modules: []Module{{Name: "a"}}}, "end"); err != nil {
				t.Error(err)
			}
		})
	}
	writing.Wait()
}

func TestOpenKernelEmpty(t *testing.T) {
	if _, err := OpenKernel(t.TempDir()); err == nil {
		t.Error("a kernel in an empty folder")
	}
}

func TestParseModules(t *testing.T) {
	modules, err := ParseModules("@core, wireguard,bonding,dummy:numdummies=3,/a/b/net-own.ko:x=1")
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []Module{
		{Name: "bonding", Options: "max_bonds=0"}, {Name: "8021q"}, {Name: "dummy", Options: "numdummies=0"}, {Name: "wireguard"},
		{Name: "net_own", Options: "x=1", File: "/a/b/net-own.ko"},
	} {
		if !slices.Contains(modules, want) {
			t.Errorf("%v is not in %v", want, modules)
		}
	}
	for _, list := range []string{"@nothing", "a;b", "x:$(y)", "a\nb"} {
		if _, err := ParseModules(list); err == nil {
			t.Errorf("%q is accepted", list)
		}
	}
	for _, group := range Groups() {
		if modules, err := ParseModules("@" + group); err != nil || len(modules) == 0 {
			t.Errorf("@%s: %v, %v", group, modules, err)
		}
	}
	if modules, err := ParseModules(""); err != nil || modules != nil {
		t.Errorf("no modules: %v, %v", modules, err)
	}
}

func TestChoosePackage(t *testing.T) {
	for want, offered := range map[string]string{
		"linux-image-6.12.117+deb12-amd64-unsigned": "linux-image-6.1.0-50-amd64 linux-image-6.12.117+deb12-amd64-unsigned linux-image-6.12.99+deb12-amd64 " +
			"linux-image-6.12.120+deb12-rt-amd64 linux-image-6.12.119+deb12-cloud-amd64 linux-image-6.12-amd64 linux-image-6.12.121+deb12-amd64-dbg " +
			"linux-image-6.12.117+deb12-amd64 linux-image-6.18.1+deb14-amd64 linux-image-amd64 linux-image-6.12.130+deb12-arm64",
		"linux-image-6.1.0-50-amd64": "linux-image-6.1.0-9-amd64 linux-image-6.1.0-50-amd64 linux-image-5.10.0-99-amd64",
		"":                           "linux-image-amd64 linux-doc",
	} {
		if got := choosePackage(strings.Fields(offered)); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

func TestFindKernelRefused(t *testing.T) {
	t.Setenv("XDG_CACHE_HOME", t.TempDir())
	t.Setenv("HOME", t.TempDir())
	t.Setenv("PATH", t.TempDir())
	if _, err := FindKernel(t.Context(), ""); !errors.Is(err, ErrUnavailable) {
		t.Errorf("without apt: %v", err)
	}
	if _, err := FindKernel(t.Context(), "linux-image-6.12.1-amd64"); !errors.Is(err, ErrUnavailable) {
		t.Errorf("a package without apt: %v", err)
	}
	for _, which := range []string{"firefox", t.TempDir(), filepath.Join(t.TempDir(), "none")} {
		if _, err := FindKernel(t.Context(), which); err == nil || errors.Is(err, ErrUnavailable) {
			t.Errorf("%s: %v", which, err)
		}
	}
}
