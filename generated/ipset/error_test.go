package ipset_test

import (
	"errors"
	"fmt"
	"syscall"
	"testing"

	"github.com/nlgen/nlgen/generated/ipset"
	"github.com/nlgen/nlgen/runtime/nlmsg"
)

func TestErrorOf(t *testing.T) {
	if e, ok := ipset.ErrorOf(fmt.Errorf("add: %w", &nlmsg.Error{Errno: syscall.Errno(ipset.ErrorExist)})); !ok || e != ipset.ErrorExist {
		t.Errorf("%v, %v", e, ok)
	}
	for _, err := range []error{nil, errors.New("lost"), &nlmsg.Error{Errno: syscall.Errno(2)}} {
		if e, ok := ipset.ErrorOf(err); ok {
			t.Errorf("%v is %v", err, e)
		}
	}
}
