package nltest

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/nlgen/nlgen/runtime/nlconn"
	"github.com/nlgen/nlgen/runtime/nlmsg"
	"github.com/nlgen/nlgen/runtime/nlserve"
)

// Refuses puts a family whose handler refuses everything behind a Kernel, and
// calls each operation: it must reach its method, and be refused as
// [nlserve.ErrUnimplemented]. Generated tests call it.
func Refuses(t *testing.T, s nlserve.Service) {
	if s.Family.Name == "nlctrl" {
		t.Skip("every server has nlctrl by itself")
	}
	k := NewKernel()
	k.Register(s)
	conn := k.Conn(t)
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	for _, m := range s.Methods {
		if !s.Family.Generic && m.Op.Request < nlmsg.MinType {
			continue // a control message, which nobody looks at
		}
		how, call := "do", func() error { return nlconn.Exec(ctx, conn, m.Op, nil) }
		if m.IsDump() {
			how, call = "dump", func() error {
				_, err := nlconn.Collect[nlserve.Empty](ctx, conn, m.Op, nil)
				return err
			}
		}
		// An operation without a method is refused by the same number, but without the text.
		if err := call(); !errors.Is(err, errors.ErrUnsupported) || !strings.Contains(err.Error(), nlserve.ErrUnimplemented.Error()) {
			t.Errorf("%s of %s: %v", how, m.Op.Name, err)
		}
	}
}
