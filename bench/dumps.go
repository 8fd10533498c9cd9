package main

import (
	"context"
	"fmt"
	"os/exec"
	"strings"

	"github.com/jsimonetti/rtnetlink/v2"
	"github.com/mdlayher/netlink"
	vish "github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"

	"github.com/nlgen/nlgen/bench/internal/measure"
	"github.com/nlgen/nlgen/generated/conntrack"
	"github.com/nlgen/nlgen/generated/rtlink"
	"github.com/nlgen/nlgen/runtime/nlattr"
	"github.com/nlgen/nlgen/runtime/nlconn"
)

const (
	pairs = 1000  // veth pairs of the link dump
	flows = 60000 // entries of the flow dump
)

// onlyOnce keeps what is made for a workload from being made again for each run.
func onlyOnce(f func() error) func() error {
	done := false
	return func() error {
		if done {
			return nil
		}
		done = true
		return f()
	}
}

// makeRoutes makes a veth pair and routes through it; the routes of other
// workloads go.
func makeRoutes(routes int) func() error {
	return onlyOnce(func() error {
		_ = ip("link del " + writeLink + "\n") // There may be none.
		var batch strings.Builder
		batch.WriteString("link add v0 type veth peer name v1\nlink set v0 up\nlink set v1 up\n")
		for i := range routes {
			d := dst(i)
			fmt.Fprintf(&batch, "route add %d.%d.%d.%d dev v0\n", d[0], d[1], d[2], d[3])
		}
		return ip(batch.String())
	})
}

// makeLinks makes the pairs.
var makeLinks = onlyOnce(func() error {
	var batch strings.Builder
	for i := range pairs {
		fmt.Fprintf(&batch, "link add d%d type veth peer name e%d\n", i, i)
	}
	return ip(batch.String())
})

// ip runs a batch of ip.
func ip(batch string) error {
	cmd := exec.Command("ip", "-batch", "-")
	cmd.Stdin = strings.NewReader(batch)
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("ip -batch: %w: %s", err, out)
	}
	return nil
}

// withConn calls f count times with a Conn of its own.
func withConn(count int, f func(*nlconn.Conn) (int, error)) (int, error) {
	conn, err := nlconn.Open()
	if err != nil {
		return 0, err
	}
	defer conn.Close()
	items := 0
	for range count {
		if items, err = f(conn); err != nil {
			return 0, err
		}
	}
	return items, nil
}

// linkDump returns the ways to dump all links.
func linkDump(dir string) []measure.Contender {
	return []measure.Contender{
		program("C, nothing parsed", dir, "limit", "dump", "link", "10"),
		{Name: "nlgen stream (DumpInto)", Run: func(count int) (int, error) {
			var l rtlink.GetlinkReply
			return withConn(count, func(c *nlconn.Conn) (n int, err error) {
				for err = range rtlink.New(c).GetlinkDumpInto(context.Background(), nil, &l) {
					if err != nil {
						return n, err
					}
					n++
				}
				return n, nil
			})
		}},
		{Name: "nlgen slice (Collect)", Run: func(count int) (int, error) {
			return withConn(count, func(c *nlconn.Conn) (int, error) {
				list, err := rtlink.New(c).GetlinkCollect(context.Background(), nil)
				return len(list), err
			})
		}},
		program("libmnl", dir, "mnl", "dump", "link", "10"),
		program("libnl-route, cache", dir, "nl", "dump", "link", "10"),
		{Name: "vishvananda slice", Run: func(count int) (n int, err error) {
			for range count {
				list, err := vish.LinkList()
				if err != nil {
					return 0, err
				}
				n = len(list)
			}
			return n, nil
		}},
		{Name: "jsimonetti slice", Run: func(count int) (n int, err error) {
			c, err := rtnetlink.Dial(nil)
			if err != nil {
				return 0, err
			}
			defer c.Close()
			for range count {
				list, err := c.Link.List()
				if err != nil {
					return 0, err
				}
				n = len(list)
			}
			return n, nil
		}},
		{Name: "mdlayher slice (12 attributes)", Run: func(count int) (n int, err error) {
			c, err := netlink.Dial(unix.NETLINK_ROUTE, nil)
			if err != nil {
				return 0, err
			}
			defer c.Close()
			req := netlink.Message{
				Header: netlink.Header{Type: unix.RTM_GETLINK, Flags: netlink.Request | netlink.Dump},
				Data:   make([]byte, unix.SizeofIfInfomsg),
			}
			for range count {
				msgs, err := c.Execute(req)
				if err != nil {
					return 0, err
				}
				list := make([]link, 0, len(msgs))
				for _, m := range msgs {
					l, err := mdlayherLink(m.Data)
					if err != nil {
						return 0, err
					}
					list = append(list, l)
				}
				n = len(list)
			}
			return n, nil
		}},
	}
}

// makeFlows makes entries of connection tracking, in batches of our own.
var makeFlows = onlyOnce(func() error {
	_, err := withConn(1, func(c *nlconn.Conn) (int, error) {
		b, ctx := c.NewBatch(conntrack.Family.Protocol), context.Background()
		for i := range flows {
			orig, reply := flow(i)
			b.Add(ctx, &conntrack.OpNew, &conntrack.NewRequest{
				Header:    conntrack.Nfgenmsg{NfgenFamily: unix.AF_INET},
				TupleOrig: orig, TupleReply: reply, Timeout: nlattr.Some(uint32(3600)), Mark: nlattr.Some(uint32(i)),
			}, nlconn.Create, nlconn.Exclusive)
		}
		return 0, b.Do(ctx)
	})
	return err
})

// flowDump returns the ways to dump the flows.
func flowDump(dir string) []measure.Contender {
	return []measure.Contender{
		program("C, nothing parsed", dir, "limit", "dump", "flow", "5"),
		{Name: "nlgen stream (DumpInto)", Run: func(count int) (int, error) {
			var f conntrack.GetReply
			return withConn(count, func(c *nlconn.Conn) (n int, err error) {
				for err = range conntrack.New(c).GetDumpInto(context.Background(), nil, &f) {
					if err != nil {
						return n, err
					}
					n++
				}
				return n, nil
			})
		}},
		{Name: "nlgen slice (Collect)", Run: func(count int) (int, error) {
			return withConn(count, func(c *nlconn.Conn) (int, error) {
				list, err := conntrack.New(c).GetCollect(context.Background(), nil)
				return len(list), err
			})
		}},
		program("libmnl", dir, "mnl", "dump", "flow", "5"),
		{Name: "vishvananda slice", Run: func(count int) (n int, err error) {
			for range count {
				list, err := vish.ConntrackTableList(vish.ConntrackTable, unix.AF_INET)
				if err != nil {
					return 0, err
				}
				n = len(list)
			}
			return n, nil
		}},
	}
}
