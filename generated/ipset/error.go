package ipset

import (
	"errors"

	"github.com/nlgen/nlgen/runtime/nlmsg"
)

// ErrorOf returns why a set refused a request, if err says that. The kernel sends it in the place of a number of the system, which has no
// name for it.
func ErrorOf(err error) (Error, bool) {
	var refused *nlmsg.Error
	if !errors.As(err, &refused) || Error(refused.Errno) < ErrorPrivate {
		return 0, false
	}
	return Error(refused.Errno), true
}
