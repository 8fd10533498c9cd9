package ethtool

import (
	"context"
	"iter"
	"os"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/nlgen/nlgen/generated/ethtool"
	"github.com/nlgen/nlgen/generated/rtlink"
	"github.com/nlgen/nlgen/internal/witness"
	"github.com/nlgen/nlgen/runtime/nlattr"
	"github.com/nlgen/nlgen/runtime/nlconn"
)

// newNIC makes the link nic0 of a module of ours (testdata/nlgen_nic), which answers what no other link does, and waits until it is up.
func newNIC(t *testing.T) *lab {
	t.Helper()
	n := witness.NewNamespace(t)
	witness.Load(t, "nlgen_nic")
	l := &lab{Namespace: n, client: ethtool.New(n.Conn)}
	n.Up(n.Create(&rtlink.NewlinkRequest{Ifname: nlattr.Some("nic0"), Linkinfo: &rtlink.LinkinfoAttrs{Kind: nlattr.Some("nlgen_nic")}}))
	l.settle("nic0")
	return l
}

// settle waits until a link has a carrier.
func (l *lab) settle(link string) {
	l.Helper()
	witness.Await(l, "a carrier of "+link, func() bool {
		x, err := l.client.LinkstateGet(l.Ctx, &ethtool.LinkstateGetRequest{Header: of(link)})
		if err != nil {
			l.Fatal(err)
		}
		return x.Link.V != 0
	})
}

// state is what the driver of nic0 has been told, by its own account: the witness where ethtool shows nothing.
func (l *lab) state() map[string]string {
	l.Helper()
	text, err := os.ReadFile("/sys/class/net/nic0/nlgen/state")
	if err != nil {
		l.Fatal(err)
	}
	all := map[string]string{}
	for line := range strings.Lines(string(text)) {
		key, value, _ := strings.Cut(strings.TrimSpace(line), " ")
		all[key] = value
	}
	return all
}

// lookAll compares all that ethtool prints of a link, and all that the driver of nic0 tells by itself.
func (l *lab) lookAll(c *witness.Tally) []string {
	l.Helper()
	seen := l.look(c, "nic0")
	l.sameFeatures(c, "nic0")
	l.sameFec(c, "nic0")
	l.sameModule(c, "nic0")
	l.sameTunnels(c, "nic0")
	l.sameRss(c, "nic0", 0)
	state := l.state()
	for key, ours := range l.ownWords() {
		c.Field("driver's "+key, ours, state[key])
		delete(state, key)
	}
	for key, value := range state {
		if !strings.HasPrefix(key, "tdr.") && !strings.HasPrefix(key, "firmware.") { // See TestCableRaw and TestFirmware.
			c.Errorf("nothing of ours is known to be the driver's %s %s", key, value)
		}
	}
	return seen
}

// TestNIC reads all that a link can answer, and compares it with what ethtool and the driver say.
func TestNIC(t *testing.T) {
	l := newNIC(t)
	c := witness.NewTally(t)
	if seen := l.lookAll(c); len(seen) != len(views) {
		t.Errorf("ethtool prints only %v of nic0", seen)
	}
	l.sameCounters(c, "nic0")
	c.Report("nic0")
}

// A change is a setting that is asked for. What it asks for is in the reply of a get, and in the event that tells it.
type change struct {
	name  string
	asked any
	skip  []string // fields of the request that the reply has in another form, or not
	set   func() error
	get   func() (any, error)
}

// changing makes a change of a request, the method that sends it and the one that reads it.
func changing[S, G, R any](l *lab, link, name string, asked *S, set func(context.Context, *S, ...nlconn.CallOption) error,
	get func(context.Context, *G, ...nlconn.CallOption) (*R, error), skip ...string,
) change {
	request := new(G)
	reflect.ValueOf(asked).Elem().FieldByName("Header").Set(reflect.ValueOf(of(link)))
	reflect.ValueOf(request).Elem().FieldByName("Header").Set(reflect.ValueOf(of(link, ethtool.HeaderFlagsCompactBitsets)))
	return change{
		name: name, asked: asked, skip: append(skip, "Header"),
		set: func() error { return set(l.Ctx, asked) },
		get: func() (any, error) { return get(l.Ctx, request) },
	}
}

// carryOut makes changes, but for those that the driver does not know. Each is answered as it was asked for, and told on the group
// monitor. It returns the names of those that were made.
func (l *lab) carryOut(c *witness.Tally, changes []change) (made []string) {
	l.Helper()
	ctx, cancel := context.WithTimeout(l.Ctx, 30*time.Second)
	defer cancel()
	sub, err := l.client.Subscribe(ctx, ethtool.GroupMonitor)
	if err != nil {
		l.Fatal(err)
	}
	defer sub.Close()
	var replies []any
	for _, x := range changes {
		err := x.set()
		if notSupported(err) {
			continue
		}
		if err != nil {
			l.Fatalf("%s: %v", x.name, err)
		}
		reply, err := x.get()
		if err != nil {
			l.Fatalf("%s: %v", x.name, err)
		}
		c.Within(x.name, x.asked, reply, x.skip...)
		if wol, ok := reply.(*ethtool.WolGetReply); ok {
			wol.Sopass = nil // Passwords are not told to all.
		}
		made, replies = append(made, x.name), append(replies, reply)
	}
	if len(made) == 0 {
		return nil
	}
	next, stop := iter.Pull2(sub.All(ctx))
	defer stop()
	for i, reply := range replies {
		ev, err, ok := next()
		if err != nil || !ok {
			l.Fatalf("no event of a change of %s: %v, %v", made[i], err, ctx.Err())
		}
		got := reflect.ValueOf(ev).Elem().Field(0).Addr().Interface()
		c.Fields++
		if diff := cmp.Diff(reply, got, witness.Addresses); diff != "" {
			c.Errorf("%s: %T, told otherwise than read:\n%s", made[i], ev, diff)
		}
	}
	return made
}

// TestNICSettings changes all that can be changed of a link. Each change is seen by ethtool or the driver.
func TestNICSettings(t *testing.T) {
	l := newNIC(t)
	steps := func(base uint32) *ethtool.ProfileAttrs {
		x := &ethtool.ProfileAttrs{}
		for i := range uint32(5) {
			x.IrqModeration = append(x.IrqModeration, ethtool.IrqModerationAttrs{Usec: u32(base + i), Pkts: u32(base + 10 + i), Comps: u32(base + 20 + i)})
		}
		return x
	}
	// Lists of bits have another form in a request: what has become of those ethtool shows.
	cl := l.client
	changes := []change{
		changing(l, "nic0", "crossing", &ethtool.LinkinfoSetRequest{TpMdixCtrl: nlattr.Some(ethtool.MdixMdi)}, cl.LinkinfoSet, cl.LinkinfoGet),
		changing(l, "nic0", "link modes", &ethtool.LinkmodesSetRequest{
			MasterSlaveCfg: nlattr.Some(ethtool.MasterSlaveCfgSlaveForce),
			Ours:           bitset(map[string]bool{"100baseT/Full": false, "10baseT/Half": false}),
		}, cl.LinkmodesSet, cl.LinkmodesGet, "Ours"),
		changing(l, "nic0", "messages", &ethtool.DebugSetRequest{Msgmask: bitset(map[string]bool{"probe": true, "link": false})}, cl.DebugSet, cl.DebugGet, "Msgmask"),
		changing(l, "nic0", "waking up", &ethtool.WolSetRequest{
			Modes: bitset(map[string]bool{"magicsecure": true, "phy": true}), Sopass: []byte{1, 2, 3, 4, 5, 6},
		}, cl.WolSet, cl.WolGet, "Modes"),
		changing(l, "nic0", "private flags", &ethtool.PrivflagsSetRequest{Flags: bitset(map[string]bool{"doze": true, "hum": false})}, cl.PrivflagsSet, cl.PrivflagsGet, "Flags"),
		changing(l, "nic0", "rings", &ethtool.RingsSetRequest{
			Rx: u32(1), RxMini: u32(2), RxJumbo: u32(3), Tx: u32(4), RxBufLen: u32(4096), CqeSize: u32(128), TxPush: u8(1), RxPush: u8(1),
			TxPushBufLen: u32(200), TcpDataSplit: nlattr.Some(ethtool.TcpDataSplitEnabled),
		}, cl.RingsSet, cl.RingsGet),
		changing(l, "nic0", "channels", &ethtool.ChannelsSetRequest{RxCount: u32(3), TxCount: u32(2), OtherCount: u32(1), CombinedCount: u32(4)}, cl.ChannelsSet, cl.ChannelsGet),
		changing(l, "nic0", "coalescing", &ethtool.CoalesceSetRequest{
			RxUsecs: u32(1), RxMaxFrames: u32(2), RxUsecsIrq: u32(3), RxMaxFramesIrq: u32(4), TxUsecs: u32(5), TxMaxFrames: u32(6), TxUsecsIrq: u32(7),
			TxMaxFramesIrq: u32(8), StatsBlockUsecs: u32(9), UseAdaptiveRx: u8(1), UseAdaptiveTx: u8(1), PktRateLow: u32(10), RxUsecsLow: u32(11),
			RxMaxFramesLow: u32(12), TxUsecsLow: u32(13), TxMaxFramesLow: u32(14), PktRateHigh: u32(15), RxUsecsHigh: u32(16), RxMaxFramesHigh: u32(17),
			TxUsecsHigh: u32(18), TxMaxFramesHigh: u32(19), RateSampleInterval: u32(20), UseCqeModeTx: u8(1), UseCqeModeRx: u8(1), TxAggrMaxBytes: u32(21),
			TxAggrMaxFrames: u32(22), TxAggrTimeUsecs: u32(23), RxProfile: steps(100), TxProfile: steps(200),
		}, cl.CoalesceSet, cl.CoalesceGet),
		changing(l, "nic0", "pause frames", &ethtool.PauseSetRequest{Autoneg: u8(1), Rx: u8(1), Tx: u8(0)}, cl.PauseSet, cl.PauseGet),
		changing(l, "nic0", "energy", &ethtool.EeeSetRequest{
			ModesOurs: bitset(map[string]bool{"100baseT/Full": false}), Enabled: u8(1), TxLpiEnabled: u8(1), TxLpiTimer: u32(77),
		}, cl.EeeSet, cl.EeeGet, "ModesOurs"),
		changing(l, "nic0", "correction", &ethtool.FecSetRequest{Auto: u8(1), Modes: bitset(map[string]bool{"RS": false, "LLRS": true})}, cl.FecSet, cl.FecGet, "Modes"),
		changing(l, "nic0", "power", &ethtool.ModuleSetRequest{PowerModePolicy: nlattr.Some(ethtool.ModulePowerModePolicyHigh)}, cl.ModuleSet, cl.ModuleGet),
		changing(l, "nic0", "collision avoidance", &ethtool.PlcaSetCfgRequest{
			Enabled: u8(1), NodeCnt: u32(12), NodeID: u32(3), ToTmr: u32(40), BurstCnt: u32(5), BurstTmr: u32(60),
		}, cl.PlcaSetCfg, cl.PlcaGetCfg),
		changing(l, "nic0", "preemption", &ethtool.MmSetRequest{
			PmacEnabled: u8(1), TxEnabled: u8(1), VerifyEnabled: u8(1), VerifyTime: u32(50), TxMinFragSize: u32(188),
		}, cl.MmSet, cl.MmGet),
	}
	c := witness.NewTally(t)
	l.carryOut(c, changes)
	l.lookAll(c)
	c.Report("settings of nic0")
}

// TestNICWithoutCarrier pulls the cable: the kernel says why the link is down, and how often it was.
func TestNICWithoutCarrier(t *testing.T) {
	l := newNIC(t)
	c := witness.NewTally(t)
	err := l.Links.Setlink(l.Ctx, &rtlink.SetlinkRequest{Header: l.Link("nic0").Header, Carrier: u8(0)})
	if err != nil {
		t.Fatal(err)
	}
	var x *ethtool.LinkstateGetReply
	witness.Await(t, "a carrier that is lost", func() bool {
		if x, err = l.client.LinkstateGet(l.Ctx, &ethtool.LinkstateGetRequest{Header: of("nic0", ethtool.HeaderFlagsStats)}); err != nil {
			t.Fatal(err)
		}
		return x.Link.V == 0
	})
	c.Field("link", x.Link, 0.0)
	c.Field("why", x.ExtState, "cable-issue")
	c.Field("why, closer", x.ExtSubstate, float64(cableTestFailure))
	c.Field("how often", x.ExtDownCnt, 11.0)
	l.look(c, "nic0")
	c.Report("nic0 without a cable")
}
