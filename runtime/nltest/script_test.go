package nltest_test

import (
	"errors"
	"fmt"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/nlgen/nlgen/generated/rtlink"
	"github.com/nlgen/nlgen/runtime/nlattr"
	"github.com/nlgen/nlgen/runtime/nlconn"
	"github.com/nlgen/nlgen/runtime/nlserve"
	"github.com/nlgen/nlgen/runtime/nltest"
)

// recorder is a test that keeps its errors to itself.
type recorder struct {
	testing.TB
	errors  []string
	cleanup []func()
}

func (r *recorder) Helper()          {}
func (r *recorder) Cleanup(f func()) { r.cleanup = append(r.cleanup, f) }

func (r *recorder) Errorf(format string, args ...any) {
	r.errors = append(r.errors, fmt.Sprintf(format, args...))
}

// finish ends the test and returns its errors.
func (r *recorder) finish() string {
	for i := len(r.cleanup) - 1; i >= 0; i-- {
		r.cleanup[i]()
	}
	return strings.Join(r.errors, "\n")
}

// A script answers what it expects and complains about everything else.
func TestScript(t *testing.T) {
	one := &rtlink.GetlinkRequest{Header: rtlink.Ifinfomsg{IfiIndex: 1}}
	eth := nltest.Reply(&rtlink.OpGetlink, &rtlink.GetlinkReply{Ifname: nlattr.Some("eth0")})
	for _, c := range []struct {
		name  string
		steps []*nltest.Step
		want  string // in the errors; empty if there are none
	}{
		{"as expected", []*nltest.Step{
			nltest.Expect(&rtlink.OpGetlink).With(one).Answer(nltest.Datagram(eth), nltest.Datagram(nltest.Ack())),
			nltest.ExpectDump(&rtlink.OpGetlink)}, ""},
		{"forever", []*nltest.Step{nltest.Always(func(r nltest.Request) []nltest.Item {
			if r.Dump() {
				return []nltest.Item{nltest.Datagram(nltest.Done())}
			}
			return []nltest.Item{nltest.Datagram(eth, nltest.Ack())}
		})}, ""},
		{"too many steps", []*nltest.Step{
			nltest.Expect(&rtlink.OpGetlink).Answer(nltest.Datagram(eth, nltest.Ack())), nltest.ExpectDump(&rtlink.OpGetlink), nltest.Expect(&rtlink.OpNewlink)},
			"no request came for the step rt-link: do of newlink"},
		{"too few steps", []*nltest.Step{nltest.Expect(&rtlink.OpGetlink).Answer(nltest.Datagram(eth, nltest.Ack()))}, "request of type 18 after the last step"},
		{"another operation", []*nltest.Step{nltest.Expect(&rtlink.OpNewlink), nltest.ExpectDump(&rtlink.OpGetlink)}, "its number is 18"},
		{"no dump", []*nltest.Step{nltest.ExpectDump(&rtlink.OpGetlink).Times(2)}, "it is no dump"},
		{"other content", []*nltest.Step{nltest.Expect(&rtlink.OpGetlink).With(nil), nltest.ExpectDump(&rtlink.OpGetlink)}, "its content is"},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := &recorder{TB: t}
			s := nltest.NewScript(r, c.steps...)
			client := rtlink.New(s.Conn())
			_, err := client.Getlink(soon(t), one)
			_, dumpErr := client.GetlinkCollect(soon(t), nil)
			if c.want == "" && (err != nil || dumpErr != nil) {
				t.Error(err, dumpErr)
			}
			if len(s.Requests()) != 2 || s.Requests()[0].Header.Type != 18 {
				t.Errorf("%+v", s.Requests())
			}
			if got := r.finish(); !strings.Contains(got, c.want) || c.want == "" && got != "" {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}

// Generic families are looked up beside the script.
func TestScriptGeneric(t *testing.T) {
	family := nlconn.Family{Name: "things", Protocol: nlconn.ProtocolGeneric, Generic: true, Version: 1}
	op := nlconn.Operation{Family: &family, Name: "get", Request: 1, Reply: 2}
	s := nltest.NewScript(t,
		nltest.Expect(&op).With(nil).Answer(nltest.Datagram(nltest.Reply(&op, nil), nltest.Ack())),
		nltest.Expect(&op).Answer(nltest.Datagram(nltest.Refuse(syscall.EPERM, ""))),
	)
	s.Family(&family, nlconn.Group{Name: "news"})
	c := s.Conn()
	if got, err := nlconn.Do[nlserve.Empty](soon(t), c, &op, nil); got == nil || err != nil {
		t.Error(got, err)
	}
	if err := nlconn.Exec(soon(t), c, &op, nil); !errors.Is(err, syscall.EPERM) {
		t.Error(err)
	}
	sub, err := nlconn.Subscribe(soon(t), c, &family, func(n *nlconn.Notification) (uint16, error) { return n.Number, nil }, nlconn.Group{Name: "news"})
	if err != nil {
		t.Fatal(err)
	}
	info, err := c.Family(soon(t), "things")
	if err != nil {
		t.Fatal(err)
	}
	s.Push(nltest.Datagram(nltest.Reply(&op, nil).Type(info.ID).Seq(0)))
	for number, err := range sub.All(soon(t)) {
		if number != 2 || err != nil {
			t.Error(number, err)
		}
		break
	}
}

// Delays hold an answer back, in its order.
func TestDelay(t *testing.T) {
	const moment = 5 * time.Millisecond
	eth := func(name string) nltest.Item {
		return nltest.Datagram(nltest.DumpReply(&rtlink.OpGetlink, &rtlink.GetlinkReply{Ifname: nlattr.Some(name)}))
	}
	s := nltest.NewScript(t, nltest.ExpectDump(&rtlink.OpGetlink).
		Answer(eth("a").After(moment), eth("b"), nltest.Datagram(nltest.Done()).After(2*moment))).Slow()
	start := time.Now()
	all, err := rtlink.New(s.Conn()).GetlinkCollect(soon(t), nil)
	if err != nil || len(all) != 2 || all[1].Ifname.V != "b" || time.Since(start) < 2*moment {
		t.Errorf("%d, %v, %v", len(all), err, time.Since(start))
	}
}
