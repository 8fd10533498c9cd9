package ethtool

import (
	"fmt"
	"net"
	"strings"
	"syscall"
	"testing"

	"github.com/nlgen/nlgen/generated/ethtool"
	"github.com/nlgen/nlgen/internal/witness"
)

// sameRss compares how received packets are spread over queues, by a context of a link. It reports whether the driver knows of it.
func (l *lab) sameRss(c *witness.Tally, link string, context uint32) bool {
	l.Helper()
	x, err := l.client.RssGet(l.Ctx, &ethtool.RssGetRequest{Header: of(link), Context: u32(context)})
	if notSupported(err) {
		if theirs, refused := lines(l.T, "-x", link); refused == nil {
			c.Errorf("spreading on %s: we get %v, ethtool %s", link, err, theirs)
		}
		return false
	}
	if err != nil {
		l.Fatal(err)
	}
	witness.Known(l.T, "spreading", x)
	channels, err := l.client.ChannelsGet(l.Ctx, &ethtool.ChannelsGetRequest{Header: of(link)})
	if err != nil {
		l.Fatal(err)
	}
	ours := []string{fmt.Sprintf("RX flow hash indirection table for %s with %d RX ring(s):", link, channels.CombinedMax.V)}
	if len(x.Indir) == 0 {
		ours = append(ours, "Operation not supported")
	}
	for i, queue := range x.Indir {
		if i%8 == 0 {
			ours = append(ours, fmt.Sprintf("%d:", i))
		}
		ours[len(ours)-1] += fmt.Sprint(" ", queue)
	}
	ours = append(ours, "RSS hash key:", or(strings.Fields(net.HardwareAddr(x.Hkey).String()), "Operation not supported"), "RSS hash function:")
	args := []string{"-x", link}
	if context == 0 {
		for i, name := range l.names(ethtool.StringsetRssHashFuncs, global) {
			ours = append(ours, name+": "+map[bool]string{true: "on", false: "off"}[x.Hfunc.V == 1<<i])
		}
	} else {
		args = append(args, "context", fmt.Sprint(context))
		ours = append(ours, "Operation not supported") // The request for a context does not answer it.
	}
	sameLines(c, fmt.Sprintf("context %d of %s", context, link), ours, args...)
	return true
}

// TestRss spreads packets over queues, and makes contexts for some of them, with ethtool: a kernel before 6.17 has no request of this
// family for it. What ethtool has set is read.
func TestRss(t *testing.T) {
	l := newNIC(t)
	c := witness.NewTally(t)
	key := func(last int) string {
		text := strings.Repeat("0a:", 39)
		return fmt.Sprintf("%s%02x", text, last)
	}
	witness.Output(t, "ethtool", "-X", "nic0", "hkey", key(1), "weight", "1", "2", "0", "1", "hfunc", "xor")
	l.sameRss(c, "nic0", 0)
	whole, err := l.client.RssGet(l.Ctx, &ethtool.RssGetRequest{Header: of("nic0")})
	if err != nil {
		t.Fatal(err)
	}
	c.Field("input of the hash", whole.InputXfrm, float64(ethtool.InputXfrmSymXor)) // by the driver: it can do nothing else
	for i := range 3 {
		witness.Output(t, "ethtool", "-X", "nic0", "context", "new", "hkey", key(2+i), "equal", fmt.Sprint(2+i%3))
		l.sameRss(c, "nic0", uint32(i+1))
	}
	all, err := l.client.RssGetCollect(l.Ctx, &ethtool.RssGetDumpRequest{Header: of("nic0")})
	if err != nil {
		t.Fatal(err)
	}
	c.Field("contexts", len(all), 4.0)
	for i, x := range all {
		witness.Known(t, "context", x)
		c.Field("context", x.Context.V, float64(i))
		c.Field("key", net.HardwareAddr(x.Hkey).String(), key(1+i))
	}
	late, err := l.client.RssGetCollect(l.Ctx, &ethtool.RssGetDumpRequest{Header: of("nic0"), StartContext: u32(2)})
	if err != nil {
		t.Fatal(err)
	}
	c.Field("contexts from the second on", len(late), 2.0)
	witness.Output(t, "ethtool", "-X", "nic0", "context", "2", "delete")
	_, err = l.client.RssGet(l.Ctx, &ethtool.RssGetRequest{Header: of("nic0"), Context: u32(2)})
	witness.Refused(t, "a context that was deleted", err, syscall.ENOENT, "ethtool: rss-get: ENOENT: no such file or directory")
	c.Report("spreading")
}
