package kind

import "github.com/nlgen/nlgen/gen/ir"

// admits reports whether the checks of an attribute let a payload of n bytes pass.
func admits(c *ir.Checks, n int) bool {
	return c == nil || !(c.ExactLen != nil && n != *c.ExactLen || c.MinLen != nil && n < *c.MinLen || c.MaxLen != nil && n > *c.MaxLen)
}

// admitted is a length that the checks of an attribute let pass, near to want.
func admitted(c *ir.Checks, want int) int {
	if c == nil {
		return want
	}
	if c.ExactLen != nil {
		return *c.ExactLen
	}
	if c.MinLen != nil {
		want = max(want, *c.MinLen)
	}
	if c.MaxLen != nil {
		want = min(want, *c.MaxLen)
	}
	return want
}
