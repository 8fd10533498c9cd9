package nlconn_test

import (
	"context"
	"encoding/binary"
	"testing"
	"time"

	"github.com/nlgen/nlgen/runtime/nlconn"
	"github.com/nlgen/nlgen/runtime/nlmsg"
	"github.com/nlgen/nlgen/runtime/nltest"
)

// answers makes the answer to each request of a test.
type answers = func(r nltest.Request) []nltest.Item

// scripted returns a Conn to a script that is the same for all requests, and
// counts what the hooks see.
func scripted(t testing.TB, answer answers) (*nlconn.Conn, *nltest.Script, map[string]int) {
	t.Helper()
	s := nltest.NewScript(t, nltest.Always(answer))
	conn, seen := counted(s)
	return conn, s, seen
}

// counted returns a Conn over a script, and counts what the hooks see.
func counted(s *nltest.Script) (*nlconn.Conn, map[string]int) {
	seen := make(map[string]int)
	return s.Conn(nlconn.WithHooks(nlconn.Hooks{
		Out:         func(int, []byte) { seen["out"]++ },
		In:          func(int, nlmsg.Header, []byte) { seen["in"]++ },
		Request:     func(*nlconn.Operation, []byte) { seen["request"]++ },
		Valid:       func(*nlconn.Operation, []byte) { seen["valid"]++ },
		Finish:      func(*nlconn.Operation, error) { seen["finish"]++ },
		Interrupted: func(*nlconn.Operation) { seen["interrupted"]++ },
		Overrun:     func(int) { seen["overrun"]++ },
		Stale:       func(int, nlmsg.Header) { seen["stale"]++ },
		Foreign:     func(int, uint32, []byte) { seen["foreign"]++ },
		Skipped:     func(int, nlmsg.Header, []byte) { seen["skipped"]++ },
	})), seen
}

// soon is a context that ends before a hanging test does.
func soon(t testing.TB) context.Context {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	t.Cleanup(cancel)
	return ctx
}

// datagram is short for a datagram from the kernel.
func datagram(m ...nltest.Message) nltest.Item { return nltest.Datagram(m...) }

// newlink is a link with a name, as a reply.
func newlink(name string) nltest.Message {
	return nltest.Reply(&opGetlink, &link{Index: 5, Name: name, Info: &linkInfo{Kind: "dummy"}})
}

// links are several of them, as a part of a dump.
func links(names ...string) nltest.Message {
	return func(r nltest.Request) (b []byte) {
		for _, n := range names {
			b = append(b, newlink(n).Flags(nlmsg.FlagMulti)(r)...)
		}
		return b
	}
}

// nameOf is the name of a link that may not be there.
func nameOf(l *link) string {
	if l == nil {
		return ""
	}
	return l.Name
}

// nameIn returns the name in a request.
func nameIn(r nltest.Request) string {
	var l link
	_ = r.Decode(&opGetlink, &l)
	return l.Name
}

// withAttr is a link whose only attribute is made by hand, its length too.
func withAttr(length, number uint16, data ...byte) nltest.Message {
	b := make([]byte, 20, 64)
	binary.NativeEndian.PutUint16(b[16:], length)
	binary.NativeEndian.PutUint16(b[18:], number)
	return nltest.Typed(16, 0, append(b, data...))
}
