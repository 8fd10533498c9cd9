package nlconn

import (
	"errors"
	"fmt"
	"strings"
)

// A RequestError is the error of one request of a batch.
type RequestError struct {
	Index int // in the order of Add
	Err   error
}

// Error returns the index and the error.
func (e *RequestError) Error() string { return fmt.Sprintf("request %d: %v", e.Index, e.Err) }

// Unwrap returns the error.
func (e *RequestError) Unwrap() error { return e.Err }

// A BatchError says what went wrong in a batch.
type BatchError struct {
	// Failed holds the requests that failed, in the order of Add. Of a transaction
	// that was refused it holds those that are to blame, and no other was carried
	// out either.
	Failed []*RequestError
	// Err is what went wrong with the batch as a whole, such as the commit of a
	// transaction; nil if nothing.
	Err error
	// Total is how many requests the batch had.
	Total int
}

// maxListed is how many errors Error writes out.
const maxListed = 10

// Error lists the first errors. What was not sent because of them is counted only.
func (e *BatchError) Error() string {
	var s strings.Builder
	fmt.Fprintf(&s, "%d of %d requests failed", len(e.Failed), e.Total)
	if e.Err != nil {
		fmt.Fprintf(&s, "; %v", e.Err)
	}
	listed, more, unsent := 0, 0, 0
	for _, f := range e.Failed {
		switch {
		case errors.Is(f, ErrNotSent):
			unsent++
		case listed == maxListed:
			more++
		default:
			listed++
			fmt.Fprintf(&s, "; %v", f)
		}
	}
	if more > 0 {
		fmt.Fprintf(&s, "; and %d more", more)
	}
	if unsent > 0 {
		fmt.Fprintf(&s, "; %d of them were not sent", unsent)
	}
	return s.String()
}

// Unwrap returns all errors.
func (e *BatchError) Unwrap() []error {
	var errs []error
	if e.Err != nil {
		errs = append(errs, e.Err)
	}
	for _, f := range e.Failed {
		errs = append(errs, f)
	}
	return errs
}
