package main

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"os/exec"
	"path/filepath"
	"time"

	"github.com/jsimonetti/rtnetlink/v2"
	vish "github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"

	"github.com/nlgen/nlgen/bench/internal/measure"
	"github.com/nlgen/nlgen/generated/rtroute"
	"github.com/nlgen/nlgen/runtime/nlattr"
	"github.com/nlgen/nlgen/runtime/nlconn"
)

const (
	written    = 100000 // routes that are added, and events that are drained
	writeTable = 1000   // see limit/common.h
	writeLink  = "w0"
)

// makeLink makes the interface that routes are added to anew: so they are gone.
func makeLink() error {
	_ = ip("link del " + writeLink + "\n") // There is none at first.
	return ip("link add " + writeLink + " type veth peer name w1\nlink set " + writeLink + " up\nlink set w1 up\n")
}

// index returns the index of the interface.
func index() (uint32, error) {
	link, err := net.InterfaceByName(writeLink)
	if err != nil {
		return 0, err
	}
	return uint32(link.Index), nil
}

// dst is the destination of the ith route.
func dst(i int) [4]byte { return [4]byte{10, byte(i >> 16), byte(i >> 8), byte(i)} }

// addRoutes adds the routes by batches and returns the time that took.
func addRoutes(opts ...nlconn.BatchOption) (time.Duration, error) {
	conn, err := nlconn.Open()
	if err != nil {
		return 0, err
	}
	defer conn.Close()
	oif, err := index()
	if err != nil {
		return 0, err
	}
	ctx := context.Background()
	req := &rtroute.NewrouteRequest{
		Header: rtroute.Rtmsg{
			RtmFamily: unix.AF_INET, RtmDstLen: 32, RtmProtocol: unix.RTPROT_STATIC, RtmScope: unix.RT_SCOPE_LINK, RtmType: unix.RTN_UNICAST,
		},
		Table: nlattr.Some(uint32(writeTable)), Oif: nlattr.Some(oif),
	}
	const each = 4096
	start := time.Now()
	b := conn.NewBatch(nlconn.ProtocolRoute, opts...)
	for i := range written {
		req.Dst = nlattr.Some(netip.AddrFrom4(dst(i)))
		b.Add(ctx, &rtroute.OpNewroute, req, nlconn.Create, nlconn.Exclusive)
		if b.Len() == each || i == written-1 {
			if err := b.Do(ctx); err != nil {
				return 0, err
			}
			b.Reset()
		}
	}
	return time.Since(start), nil
}

// writeRoutes returns the ways to add many routes.
func writeRoutes(dir string) []measure.Contender {
	count := fmt.Sprint(written)
	return []measure.Contender{
		program("C, encoded before, an ack each", dir, "limit", "add", "every", count),
		program("C, encoded before, an ack a datagram", dir, "limit", "add", "last", count),
		{Name: "nlgen batch, an ack each", Timed: func() (int, time.Duration, error) {
			took, err := addRoutes()
			return written, took, err
		}},
		{Name: "nlgen batch, an ack a datagram", Timed: func() (int, time.Duration, error) {
			took, err := addRoutes(nlconn.AckLast())
			return written, took, err
		}},
		{Name: "nlgen, one call each", Timed: func() (int, time.Duration, error) {
			conn, err := nlconn.Open()
			if err != nil {
				return 0, 0, err
			}
			defer conn.Close()
			oif, err := index()
			if err != nil {
				return 0, 0, err
			}
			routes, ctx := rtroute.New(conn), context.Background()
			start := time.Now()
			for i := range written {
				err := routes.Newroute(ctx, &rtroute.NewrouteRequest{
					Header: rtroute.Rtmsg{
						RtmFamily: unix.AF_INET, RtmDstLen: 32, RtmProtocol: unix.RTPROT_STATIC, RtmScope: unix.RT_SCOPE_LINK,
						RtmType: unix.RTN_UNICAST,
					},
					Dst: nlattr.Some(netip.AddrFrom4(dst(i))), Table: nlattr.Some(uint32(writeTable)), Oif: nlattr.Some(oif),
				}, nlconn.Create, nlconn.Exclusive)
				if err != nil {
					return 0, 0, err
				}
			}
			return written, time.Since(start), nil
		}},
		{Name: "vishvananda handle", Timed: func() (int, time.Duration, error) {
			h, err := vish.NewHandle(unix.NETLINK_ROUTE)
			if err != nil {
				return 0, 0, err
			}
			defer h.Close()
			oif, err := index()
			if err != nil {
				return 0, 0, err
			}
			start := time.Now()
			for i := range written {
				d := dst(i)
				err := h.RouteAdd(&vish.Route{
					Dst: &net.IPNet{IP: d[:], Mask: net.CIDRMask(32, 32)}, Table: writeTable, LinkIndex: int(oif), Scope: vish.SCOPE_LINK,
				})
				if err != nil {
					return 0, 0, err
				}
			}
			return written, time.Since(start), nil
		}},
		{Name: "jsimonetti", Timed: func() (int, time.Duration, error) {
			c, err := rtnetlink.Dial(nil)
			if err != nil {
				return 0, 0, err
			}
			defer c.Close()
			oif, err := index()
			if err != nil {
				return 0, 0, err
			}
			start := time.Now()
			for i := range written {
				d := dst(i)
				err := c.Route.Add(&rtnetlink.RouteMessage{
					Family: unix.AF_INET, DstLength: 32, Protocol: unix.RTPROT_STATIC, Scope: unix.RT_SCOPE_LINK, Type: unix.RTN_UNICAST,
					Attributes: rtnetlink.RouteAttributes{Dst: d[:], OutIface: oif, Table: writeTable},
				})
				if err != nil {
					return 0, 0, err
				}
			}
			return written, time.Since(start), nil
		}},
	}
}

// queue is what holds all events: the kernel doubles it, and an event takes some
// 830 bytes.
const queue = 512 << 20

// drainEvents returns the ways to read events that are in the queue already.
func drainEvents(dir string) []measure.Contender {
	return []measure.Contender{
		program("C, nothing parsed", dir, "limit", "drain", "x", fmt.Sprint(written)),
		{Name: "nlgen, decoded into a struct", Timed: func() (int, time.Duration, error) {
			var reply rtroute.GetrouteReply
			return drain(func(c *nlconn.Conn) (func(context.Context, func(error) bool), func() error, error) {
				sub, err := nlconn.Subscribe(context.Background(), c, &rtroute.Family, func(n *nlconn.Notification) (*rtroute.GetrouteReply, error) {
					reply = rtroute.GetrouteReply{}
					return &reply, n.DecodeBorrowed(&reply)
				}, rtroute.GroupIpv4Route)
				if err != nil {
					return nil, nil, err
				}
				return func(ctx context.Context, f func(error) bool) {
					for _, err := range sub.All(ctx) {
						if !f(err) {
							return
						}
					}
				}, sub.Close, nil
			})
		}},
		{Name: "nlgen, events", Timed: func() (int, time.Duration, error) {
			return drain(func(c *nlconn.Conn) (func(context.Context, func(error) bool), func() error, error) {
				sub, err := rtroute.New(c).Subscribe(context.Background(), rtroute.GroupIpv4Route)
				if err != nil {
					return nil, nil, err
				}
				return func(ctx context.Context, f func(error) bool) {
					for _, err := range sub.All(ctx) {
						if !f(err) {
							return
						}
					}
				}, sub.Close, nil
			})
		}},
		{Name: "vishvananda", Timed: func() (int, time.Duration, error) {
			// Nobody takes from the channel until all is queued: so its reader waits with the first event.
			updates, done := make(chan vish.RouteUpdate), make(chan struct{})
			defer close(done)
			err := vish.RouteSubscribeWithOptions(updates, done, vish.RouteSubscribeOptions{ReceiveBufferSize: queue, ReceiveBufferForceSize: true})
			if err != nil {
				return 0, 0, err
			}
			if _, err := addRoutes(nlconn.AckLast()); err != nil {
				return 0, 0, err
			}
			start := time.Now()
			for range written {
				if _, ok := <-updates; !ok {
					return 0, 0, fmt.Errorf("the channel was closed")
				}
			}
			return written, time.Since(start), nil
		}},
	}
}

// drain subscribes, fills the queue, and measures how long reading it takes.
func drain(subscribe func(*nlconn.Conn) (func(context.Context, func(error) bool), func() error, error)) (int, time.Duration, error) {
	conn, err := nlconn.Open(nlconn.WithReceiveQueue(queue))
	if err != nil {
		return 0, 0, err
	}
	defer conn.Close()
	all, closeIt, err := subscribe(conn)
	if err != nil {
		return 0, 0, err
	}
	defer closeIt()
	if _, err := addRoutes(nlconn.AckLast()); err != nil {
		return 0, 0, err
	}
	n := 0
	var lost error
	start := time.Now()
	all(context.Background(), func(err error) bool {
		if lost = err; err != nil {
			return false
		}
		n++
		return n < written
	})
	return n, time.Since(start), lost
}

// stormEvents returns the ways to read events while another process, the C
// program, makes them.
func stormEvents(dir string) []measure.Contender {
	listen := func(read func(*nlconn.Notification) error) func() (int, time.Duration, error) {
		return func() (int, time.Duration, error) {
			conn, err := nlconn.Open(nlconn.WithReceiveQueue(queue))
			if err != nil {
				return 0, 0, err
			}
			defer conn.Close()
			ctx := context.Background()
			sub, err := nlconn.Subscribe(ctx, conn, &rtroute.Family, func(n *nlconn.Notification) (struct{}, error) {
				return struct{}{}, read(n)
			}, rtroute.GroupIpv4Route)
			if err != nil {
				return 0, 0, err
			}
			defer sub.Close()
			adder := exec.Command(filepath.Join(dir, "limit"), "add", "last", fmt.Sprint(written))
			start := time.Now()
			if err := adder.Start(); err != nil {
				return 0, 0, err
			}
			n := 0
			for _, err := range sub.All(ctx) {
				if err != nil {
					return n, 0, err
				}
				if n++; n == written {
					break
				}
			}
			took := time.Since(start)
			return n, took, adder.Wait()
		}
	}
	var reply rtroute.GetrouteReply
	return []measure.Contender{
		program("C, nothing parsed", dir, "limit", "storm", "x", fmt.Sprint(written)),
		{Name: "nlgen, decoded into a struct", Timed: listen(func(n *nlconn.Notification) error {
			reply = rtroute.GetrouteReply{}
			return n.DecodeBorrowed(&reply)
		})},
		{Name: "nlgen, decoded into new memory", Timed: listen(func(n *nlconn.Notification) error {
			return n.DecodeInto(new(rtroute.GetrouteReply))
		})},
	}
}
