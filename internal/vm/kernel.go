package vm

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// ErrUnavailable is what an error unwraps to if the machine lacks something that a guest needs. Its text says what, and how to get it.
var ErrUnavailable = errors.New("no virtual machine")

func unavailable(format string, args ...any) error {
	return fmt.Errorf("%w: "+format, append([]any{ErrUnavailable}, args...)...)
}

// series is the kernel that is preferred: the specs of this project are those of its long-term release.
const series = "6.12."

// kernelPackage matches the names of Debian's packages with a kernel for ordinary machines and its modules. Its version has three
// numbers; a name with two is a package that only depends on another.
var kernelPackage = regexp.MustCompile(`^linux-image-(\d+\.\d+\.\d+[0-9a-z.+~-]*)-amd64(-unsigned)?$`)

// FindKernel returns the kernel that which stands for: a folder with boot/ and lib/modules/ (the root of a machine is one), a .deb
// file, or the name of a package that apt offers. Without one it is the newest that was fetched before, or else what apt offers.
// Packages are unpacked in the user's folder for caches.
func FindKernel(ctx context.Context, which string) (*Kernel, error) {
	cache, err := cacheDir()
	if err != nil {
		return nil, err
	}
	switch {
	case which == "":
		if k := cachedKernel(cache); k != nil {
			return k, nil
		}
		name, err := offeredKernel(ctx)
		if err != nil {
			return nil, err
		}
		return fetchKernel(ctx, cache, name)
	case strings.HasSuffix(which, ".deb"):
		deb, err := filepath.Abs(which)
		if err != nil {
			return nil, err
		}
		return unpackKernel(ctx, filepath.Join(cache, strings.TrimSuffix(filepath.Base(deb), ".deb")), deb)
	case strings.ContainsRune(which, filepath.Separator) || isFolder(which):
		return OpenKernel(which)
	default:
		return fetchKernel(ctx, cache, which)
	}
}

// cacheDir is where packages are unpacked.
func cacheDir() (string, error) {
	dir, err := os.UserCacheDir()
	return filepath.Join(dir, "nlgen", "vm"), err
}

// cachedKernel returns the newest kernel in the cache, or nil.
func cachedKernel(cache string) *Kernel {
	entries, err := os.ReadDir(cache)
	if err != nil {
		return nil
	}
	var names []string
	for _, entry := range entries {
		names = append(names, entry.Name())
	}
	for name := choosePackage(names); name != ""; name = choosePackage(names) {
		if k, err := OpenKernel(filepath.Join(cache, name)); err == nil {
			return k
		}
		names = slices.DeleteFunc(names, func(n string) bool { return n == name })
	}
	return nil
}

// offeredKernel asks apt for a kernel.
func offeredKernel(ctx context.Context) (string, error) {
	if _, err := exec.LookPath("apt-cache"); err != nil {
		return "", unavailable("no kernel is in the cache and there is no apt to get one; give one with KERNEL=, a folder with boot/ and lib/modules/ or a .deb file")
	}
	out, err := run(ctx, time.Minute, "", "apt-cache", "pkgnames", "linux-image-")
	if err != nil {
		return "", unavailable("apt-cache: %w", err)
	}
	name := choosePackage(strings.Fields(out))
	if name == "" {
		return "", unavailable("apt offers no package linux-image-*-amd64; run apt-get update, or give a kernel with KERNEL=, a folder with boot/ and lib/modules/ or a .deb file")
	}
	return name, nil
}

// choosePackage returns the best package with a kernel: of the preferred series, then of the highest version. It is empty if there
// is none.
func choosePackage(names []string) string {
	best, bestVersion := "", ""
	for _, name := range names {
		m := kernelPackage.FindStringSubmatch(name)
		if m == nil || strings.Contains(m[1], "-rt") || strings.Contains(m[1], "-cloud") {
			continue
		}
		preferred, bestPreferred := strings.HasPrefix(m[1], series), strings.HasPrefix(bestVersion, series)
		newer := compareVersions(m[1], bestVersion)
		if best == "" || preferred && !bestPreferred || preferred == bestPreferred && (newer > 0 || newer == 0 && name > best) {
			best, bestVersion = name, m[1]
		}
	}
	return best
}

// compareVersions compares the numbers in two versions, one after the other.
func compareVersions(a, b string) int { return slices.Compare(numbers(a), numbers(b)) }

func numbers(version string) []int {
	var out []int
	for _, digits := range strings.FieldsFunc(version, func(r rune) bool { return r < '0' || r > '9' }) {
		n, err := strconv.Atoi(digits)
		if err != nil {
			n = 1 << 30 // Too long for a number: certainly not an old version.
		}
		out = append(out, n)
	}
	return out
}

// fetchKernel downloads a package, unless it is there already.
func fetchKernel(ctx context.Context, cache, name string) (*Kernel, error) {
	dest := filepath.Join(cache, name)
	if k, err := OpenKernel(dest); err == nil {
		return k, nil
	}
	if !strings.HasPrefix(name, "linux-image-") {
		return nil, fmt.Errorf("kernel %q is no folder, no .deb file and no package linux-image-*", name)
	}
	if _, err := exec.LookPath("apt-get"); err != nil {
		return nil, unavailable("there is no apt-get to download %s", name)
	}
	if err := os.MkdirAll(cache, 0o755); err != nil {
		return nil, err
	}
	// The folder can be entered by all, because apt downloads as another user.
	temp, err := os.MkdirTemp(cache, ".download-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(temp)
	if _, err := run(ctx, 10*time.Minute, temp, "apt-get", "-q", "download", name); err != nil {
		return nil, unavailable("apt-get can not download %s: %w", name, err)
	}
	debs, err := filepath.Glob(filepath.Join(temp, "*.deb"))
	if err != nil || len(debs) != 1 {
		return nil, unavailable("apt-get downloaded no package for %s", name)
	}
	return unpackKernel(ctx, dest, debs[0])
}

// unpackKernel unpacks a package to dest, which appears at once or not at all.
func unpackKernel(ctx context.Context, dest, deb string) (*Kernel, error) {
	if err := os.MkdirAll(filepath.Dir(dest), 0o755); err != nil {
		return nil, err
	}
	temp, err := os.MkdirTemp(filepath.Dir(dest), ".unpack-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(temp)
	if _, err := exec.LookPath("dpkg-deb"); err != nil {
		return nil, unavailable("there is no dpkg-deb to unpack %s", deb)
	}
	root := filepath.Join(temp, "root")
	if _, err := run(ctx, 5*time.Minute, "", "dpkg-deb", "-x", deb, root); err != nil {
		return nil, err
	}
	if _, err := OpenKernel(root); err != nil {
		return nil, err
	}
	if err := os.RemoveAll(dest); err != nil {
		return nil, err
	}
	if err := os.Rename(root, dest); err != nil {
		return nil, err
	}
	return OpenKernel(dest)
}

// run runs a command and returns its output. It does not wait for longer than the limit, not even for a process that can not be
// killed because the kernel does not let go of it: such a one is left behind, and holds nothing of this process.
func run(ctx context.Context, limit time.Duration, dir, name string, args ...string) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	log, err := os.CreateTemp("", "nlgen-vm-*.log")
	if err != nil {
		return "", err
	}
	defer os.Remove(log.Name())
	defer log.Close()
	cmd := exec.Command(name, args...)
	cmd.Dir, cmd.Stdout, cmd.Stderr = dir, log, log
	if err := cmd.Start(); err != nil {
		return "", err
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	select {
	case err = <-ended:
	case <-ctx.Done():
		// The process may be gone already; there is nothing else to do about it.
		_ = cmd.Process.Kill()
		err = fmt.Errorf("%s did not end: %w", name, ctx.Err())
	}
	out, readErr := os.ReadFile(log.Name())
	if err != nil {
		return "", fmt.Errorf("%w\n%s", err, strings.TrimSpace(string(out)))
	}
	return string(out), readErr
}

func isFolder(name string) bool {
	info, err := os.Stat(name)
	return !errors.Is(err, fs.ErrNotExist) && err == nil && info.IsDir()
}
