package link

import (
	"fmt"
	"net"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"syscall"
	"testing"

	"github.com/nlgen/nlgen/generated/rtlink"
	"github.com/nlgen/nlgen/internal/witness"
	"github.com/nlgen/nlgen/runtime/nlattr"
)

// TestLinkSysfs compares links with the files of /sys, which have some attributes that ip does not show, and each counter by its name.
func TestLinkSysfs(t *testing.T) {
	n := witness.NewNamespace(t)
	c := witness.NewTally(t)
	link, peer := n.Veth("sysfs0", "sysfs1")
	n.Up(n.Link("lo"), link, peer)
	n.SetFlags(peer, 0, rtlink.IfinfoFlagsUp)
	n.Up(peer) // The carrier of the first comes and goes.
	if err := n.Links.Setlink(n.Ctx, &rtlink.SetlinkRequest{Header: rtlink.Ifinfomsg{IfiIndex: link.Header.IfiIndex},
		Group: u32(5), Txqlen: u32(99), Ifalias: nlattr.Some("described"), Linkmode: nlattr.Some(rtlink.LinkModeDormant)}); err != nil {
		t.Fatal(err)
	}
	if conn, err := net.Dial("udp4", "127.0.0.1:9"); err == nil {
		_, _ = conn.Write(make([]byte, 99))
		conn.Close()
	}
	c.Steady(func(c *witness.Tally) {
		for name, x := range n.Dump() {
			for file, ours := range linkFiles(x) {
				at := filepath.Join("/sys/class/net", name, file)
				text, err := os.ReadFile(at)
				// A link that is down has no carrier to speak of.
				if err != nil && !os.IsNotExist(err) && !strings.Contains(err.Error(), syscall.EINVAL.Error()) {
					c.Errorf("%v", err)
				}
				if err == nil {
					c.Field(at, fmt.Sprint(ours), strings.TrimSpace(string(text)))
				}
			}
			compareCounters(c, name, x)
		}
	})
	c.Report("/sys")
}

// linkFiles is what the files of a link say.
func linkFiles(x *rtlink.GetlinkReply) map[string]any {
	out := map[string]any{
		"ifindex": x.Header.IfiIndex, "type": x.Header.IfiType, "addr_len": len(x.Address), "address": x.Address, "broadcast": x.Broadcast,
		"mtu": x.Mtu.V, "tx_queue_len": x.Txqlen.V, "netdev_group": x.Group.V, "ifalias": x.Ifalias.V, "link_mode": uint8(x.Linkmode.V),
		"operstate": x.Operstate.V, "carrier": x.Carrier.V, "carrier_changes": x.CarrierChanges.V, "carrier_up_count": x.CarrierUpCount.V,
		"carrier_down_count": x.CarrierDownCount.V, "proto_down": x.ProtoDown.V, "iflink": x.Header.IfiIndex,
	}
	if x.Link.OK {
		out["iflink"] = x.Link.V
	}
	return out
}

// compareCounters compares each counter of a link, and the ones in 32 bits with those in 64.
func compareCounters(c *witness.Tally, name string, x *rtlink.GetlinkReply) {
	wide, narrow := reflect.ValueOf(x.Stats64).Elem(), reflect.ValueOf(x.Stats).Elem()
	for i := range wide.NumField() {
		field := wide.Type().Field(i).Name
		if v := narrow.FieldByName(field); v.IsValid() {
			c.Field(name+"."+field+" in 32 bits", v.Uint(), float64(uint32(wide.Field(i).Uint())))
		}
		at := filepath.Join("/sys/class/net", name, "statistics", snake(field))
		if text, err := os.ReadFile(at); err == nil {
			c.Field(at, fmt.Sprint(wide.Field(i).Uint()), strings.TrimSpace(string(text)))
		} else if field != "RxOtherhostDropped" { // It has no file.
			c.Errorf("%v", err)
		}
	}
}

// snake spells a name of Go as /sys and /proc do.
func snake(name string) string {
	var b strings.Builder
	for i, r := range name {
		if i > 0 && r >= 'A' && r <= 'Z' {
			b.WriteByte('_')
		}
		b.WriteRune(r)
	}
	return strings.ToLower(b.String())
}
