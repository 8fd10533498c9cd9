package taskstats

import (
	"errors"
	"fmt"
	"os"

	"golang.org/x/sys/unix"
)

// workEnv names what a process of this program does in place of tests.
const workEnv = "NLGEN_TASKSTATS_WORK"

// copies is how many pages the work of that name copies.
const copies = 1000

// works are what the kernel counts waits of.
var works = map[string]func() error{
	// Pages that have only been read share one page of zeros; each is copied when it is written to.
	"copies": func() error {
		page := os.Getpagesize()
		b, err := memory(copies*page, unix.MADV_NOHUGEPAGE, unix.MADV_POPULATE_READ)
		if err != nil {
			return err
		}
		for i := 0; i < len(b); i += page {
			b[i] = 1
		}
		return nil
	},
	// Most of the free memory is in small pieces, and huge pages are wanted of it.
	"compaction": func() error {
		free, err := freeMemory()
		if err != nil {
			return err
		}
		page := os.Getpagesize()
		b, err := memory(free/8*7, unix.MADV_NOHUGEPAGE, unix.MADV_POPULATE_WRITE)
		for i := 0; err == nil && i+page <= len(b); i += 8 * page {
			err = unix.Madvise(b[i:i+page], unix.MADV_DONTNEED)
		}
		if err != nil {
			return err
		}
		if free, err = freeMemory(); err != nil {
			return err
		}
		_, err = memory(free/4*3, unix.MADV_HUGEPAGE, unix.MADV_POPULATE_WRITE)
		return err
	},
}

// work does what the environment names, and returns the exit status.
func work(name string) int {
	err := errors.New("there is no such work")
	if f := works[name]; f != nil {
		err = f()
	}
	if err != nil {
		fmt.Fprintf(os.Stderr, "%s: %v\n", name, err)
		return 1
	}
	return 0
}

// memory returns new memory, with advice for the kernel.
func memory(size int, advice ...int) ([]byte, error) {
	b, err := unix.Mmap(-1, 0, size, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_PRIVATE|unix.MAP_ANONYMOUS)
	if err != nil {
		return nil, err
	}
	for _, a := range advice {
		if err := unix.Madvise(b, a); err != nil {
			return nil, fmt.Errorf("advice %d on %d bytes: %w", a, size, err)
		}
	}
	return b, nil
}

// freeMemory is how many bytes nobody uses.
func freeMemory() (int, error) {
	var s unix.Sysinfo_t
	err := unix.Sysinfo(&s)
	return int(s.Freeram) * int(s.Unit), err
}
