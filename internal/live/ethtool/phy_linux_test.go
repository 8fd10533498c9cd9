package ethtool

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/nlgen/nlgen/generated/ethtool"
	"github.com/nlgen/nlgen/internal/witness"
	"github.com/nlgen/nlgen/runtime/nlattr"
)

// TestPhy reads which PHYs a link has, and holds it against /sys.
func TestPhy(t *testing.T) {
	l := newNIC(t)
	c := witness.NewTally(t)
	path, err := os.Readlink("/sys/class/net/nic0/phydev")
	if err != nil {
		t.Fatal(err)
	}
	x, err := l.client.PhyGet(l.Ctx, &ethtool.PhyGetRequest{Header: of("nic0")})
	if err != nil {
		t.Fatal(err)
	}
	all, err := l.client.PhyGetCollect(l.Ctx, nil)
	if err != nil || len(all) != 1 {
		t.Fatalf("a dump of the PHYs has %d: %v", len(all), err)
	}
	for _, x := range append(all, x) {
		witness.Known(t, "PHY", x)
		c.Field("link", x.Header.DevName, "nic0")
		c.Field("name", x.Name, filepath.Base(path))
		c.Field("driver", x.Drvname, "nlgen PHY")
		c.Field("above", x.UpstreamType, "mac")
		c.Field("index", x.Index, 1.0)
		if x.UpstreamIndex.OK || x.UpstreamSfpName.OK || x.DownstreamSfpName.OK {
			c.Errorf("a PHY without others: %+v", x)
		}
	}
	// A request can be about one of the PHYs.
	header := of("nic0")
	header.PhyIndex = x.Index
	plca, err := l.client.PlcaGetCfg(l.Ctx, &ethtool.PlcaGetCfgRequest{Header: header})
	if err != nil {
		t.Fatal(err)
	}
	c.Field("version of its collision avoidance", plca.Version, float64(0x0a10))
	names := l.names(ethtool.StringsetPhyStats, header)
	theirs, err := text(t, "--phy-statistics", "nic0")
	if err != nil {
		t.Fatal(err)
	}
	c.Field("counters", len(names), float64(len(theirs)))
	for _, name := range names {
		if _, ok := theirs[name]; !ok {
			c.Errorf("ethtool has no counter %s", name)
		}
	}
	header.PhyIndex.V++
	_, err = l.client.PlcaGetCfg(l.Ctx, &ethtool.PlcaGetCfgRequest{Header: header})
	if !errors.Is(err, syscall.EOPNOTSUPP) || !strings.Contains(err.Error(), `"no phy matching phyindex" [attribute header]`) {
		t.Errorf("a PHY that is not there: %v", err)
	}
	c.Report("PHYs")
}

// theirTest runs a cable test with ethtool, and returns what it prints; an object is of one pair, or of all.
func theirTest(t *testing.T, args ...string) []witness.Object {
	t.Helper()
	return witness.List(t, "ethtool", append([]string{"--json"}, args...)...)
}

// cableTest starts a test and reads its two events: that it has begun, and what it has found.
func cableTest[E any](l *lab, start func() error, status func(ev *E) nlattr.Opt[ethtool.CableTestStatus]) *E {
	l.Helper()
	ctx, cancel := context.WithTimeout(l.Ctx, 20*time.Second)
	defer cancel()
	sub, err := l.client.Subscribe(ctx, ethtool.GroupMonitor)
	if err != nil {
		l.Fatal(err)
	}
	defer sub.Close()
	if err := start(); err != nil {
		l.Fatal(err)
	}
	want := ethtool.CableTestStatusStarted
	for ev, err := range sub.All(ctx) {
		if err != nil {
			l.Fatal(err)
		}
		x, ok := any(ev).(*E)
		if !ok {
			continue
		}
		witness.Known(l.T, "cable test", x)
		if got := status(x); got.V != want {
			l.Fatalf("a test is %v, want %v", got, want)
		}
		if want == ethtool.CableTestStatusCompleted {
			return x
		}
		want = ethtool.CableTestStatusCompleted
	}
	l.Fatal("a test has no end")
	return nil
}

// Words of ethtool.
var (
	pairWords = map[ethtool.CablePair]string{
		ethtool.CablePairA: "Pair A", ethtool.CablePairB: "Pair B", ethtool.CablePairC: "Pair C", ethtool.CablePairD: "Pair D",
	}
	codeWords = map[ethtool.CableResultCode]string{
		ethtool.CableResultCodeOk: "OK", ethtool.CableResultCodeOpen: "Open Circuit", ethtool.CableResultCodeSameShort: "Short within Pair",
		ethtool.CableResultCodeCrossShort: "Short to another pair",
	}
)

// TestCable tests the cable of a link. ethtool tests it, too, and prints the results in the order of the message: those of ours and of
// theirs are of the same PHY, which has a fault of each kind.
func TestCable(t *testing.T) {
	l := newNIC(t)
	c := witness.NewTally(t)
	ev := cableTest(l, func() error {
		return l.client.CableTestAct(l.Ctx, &ethtool.CableTestActRequest{Header: of("nic0")})
	}, func(ev *ethtool.CableTestNtf) nlattr.Opt[ethtool.CableTestStatus] { return ev.Status })
	results, faults := ev.Nest.Result, ev.Nest.FaultLength
	for _, object := range theirTest(t, "--cable-test", "nic0") {
		switch {
		case object["code"] != nil && len(results) > 0:
			c.Field("pair", pairWords[results[0].Pair.V], object["pair"])
			c.Field("code", codeWords[results[0].Code.V], object["code"])
			results = results[1:]
		case object["length"] != nil && len(faults) > 0:
			c.Field("pair", pairWords[faults[0].Pair.V], object["pair"])
			c.Field("metres", float64(faults[0].Cm.V)/100, object["length"])
			faults = faults[1:]
		default:
			c.Errorf("nothing of ours is known to be %v", object)
		}
	}
	c.Field("results left", len(results), 0.0)
	c.Field("faults left", len(faults), 0.0)
	// How it was found out ethtool does not print; pair C is the driver's exception.
	source := map[bool]ethtool.CableInfSrc{false: ethtool.CableInfSrcTdr, true: ethtool.CableInfSrcAlcd}
	for _, x := range ev.Nest.Result {
		c.Field("source of a result", x.Src.V, source[x.Pair.V == ethtool.CablePairC].String())
	}
	for _, x := range ev.Nest.FaultLength {
		c.Field("source of a length", x.Src.V, source[x.Pair.V == ethtool.CablePairC].String())
	}
	c.Report("cable test")
}

// TestCableRaw measures the echoes of a cable, of all pairs and of one.
func TestCableRaw(t *testing.T) {
	l := newNIC(t)
	c := witness.NewTally(t)
	for _, pair := range []nlattr.Opt[ethtool.CablePair]{{}, nlattr.Some(ethtool.CablePairB)} {
		l.settle("nic0")
		cfg := &ethtool.CableTestTdrCfgAttrs{First: u32(1000), Last: u32(1400), Step: u32(200), Pair: pair}
		ev := cableTest(l, func() error {
			return l.client.CableTestTdrAct(l.Ctx, &ethtool.CableTestTdrActRequest{Header: of("nic0"), Cfg: cfg})
		}, func(ev *ethtool.CableTestTdrNtf) nlattr.Opt[ethtool.CableTestStatus] { return ev.Status })
		state := l.state()
		number := -1
		if pair.OK {
			number = int(pair.V)
		}
		c.Field("driver's first", float64(cfg.First.V), num(state["tdr.first"]))
		c.Field("driver's last", float64(cfg.Last.V), num(state["tdr.last"]))
		c.Field("driver's step", float64(cfg.Step.V), num(state["tdr.step"]))
		c.Field("driver's pair", number, num(state["tdr.pair"]))
		args := []string{"--cable-test-tdr", "nic0", "first", "10", "last", "14", "step", "2"}
		if pair.OK {
			args = append(args, "pair", "1")
		}
		l.settle("nic0")
		echoes := ev.Nest.Amplitude
		for _, object := range theirTest(t, args...) {
			switch {
			case object["pulse"] != nil:
				c.Field("pulse", ev.Nest.Pulse.Mv, object["pulse"])
			case object["first"] != nil:
				// In metres.
				c.Field("first", ev.Nest.Step.FirstDistance.V/100, object["first"])
				c.Field("last", ev.Nest.Step.LastDistance.V/100, object["last"])
				c.Field("step", ev.Nest.Step.StepDistance.V/100, object["step"])
			case object["amplitude"] != nil && len(echoes) > 0:
				c.Field("pair", pairWords[echoes[0].Pair.V], object["pair"])
				c.Field("amplitude", echoes[0].Mv, object["amplitude"])
				echoes = echoes[1:]
			default:
				c.Errorf("nothing of ours is known to be %v", object)
			}
		}
		c.Field("echoes left", len(echoes), 0.0)
	}
	c.Report("echoes")
}
