package vm

import (
	"bytes"
	"io"
)

// copyUntil copies r to w until the word that ends the output, and reports whether it came. What was read is passed on at once, but
// for a tail that may be the beginning of that word. After an error of w the rest is still read, so that the writer does not wait.
func copyUntil(w io.Writer, r io.Reader, end []byte) (complete bool, err error) {
	var held []byte
	buf := make([]byte, 64<<10)
	pass := func(b []byte) {
		if err == nil && len(b) > 0 {
			_, err = w.Write(b)
		}
	}
	for {
		n, readErr := r.Read(buf)
		held = append(held, buf[:n]...)
		if i := bytes.Index(held, end); i >= 0 {
			pass(held[:i])
			return true, err
		}
		keep := overlap(held, end)
		pass(held[:len(held)-keep])
		held = append(held[:0], held[len(held)-keep:]...)
		if readErr != nil {
			pass(held)
			return false, err
		}
	}
}

// overlap returns the length of the longest tail of b that end begins with.
func overlap(b, end []byte) int {
	for n := min(len(b), len(end)-1); n > 0; n-- {
		if bytes.HasPrefix(end, b[len(b)-n:]) {
			return n
		}
	}
	return 0
}
