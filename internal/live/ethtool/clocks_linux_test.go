package ethtool

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/nlgen/nlgen/generated/ethtool"
	"github.com/nlgen/nlgen/internal/witness"
)

// TestClocks makes virtual clocks of a link's hardware clock, and reads their numbers.
func TestClocks(t *testing.T) {
	l := newNIC(t)
	c := witness.NewTally(t)
	info, err := l.client.TsinfoGet(l.Ctx, &ethtool.TsinfoGetRequest{Header: of("nic0")})
	if err != nil {
		t.Fatal(err)
	}
	clock := fmt.Sprintf("/sys/class/ptp/ptp%d", info.PhcIndex.V)
	read := func() *ethtool.PhcVclocksGetReply {
		t.Helper()
		x, err := l.client.PhcVclocksGet(l.Ctx, &ethtool.PhcVclocksGetRequest{Header: of("nic0")})
		if err != nil {
			t.Fatal(err)
		}
		witness.Known(t, "clocks", x)
		return x
	}
	if x := read(); x.Num.OK || x.Index != nil {
		t.Errorf("there are virtual clocks before they are made: %+v", x)
	}
	if err := os.WriteFile(clock+"/n_vclocks", []byte("3"), 0); err != nil {
		t.Fatal(err)
	}
	x := read()
	c.Field("clocks", x.Num, 3.0)
	theirs, err := filepath.Glob(clock + "/ptp*")
	if err != nil {
		t.Fatal(err)
	}
	ours := witness.Set{}
	for _, index := range x.Index {
		ours = append(ours, fmt.Sprintf("%s/ptp%d", clock, index))
	}
	var list []any
	for _, name := range theirs {
		list = append(list, name)
	}
	c.Field("numbers of the clocks", ours, list)
	if err := os.WriteFile(clock+"/n_vclocks", []byte("0"), 0); err != nil {
		t.Fatal(err)
	}
	c.Report("clocks")
}
