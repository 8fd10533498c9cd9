package witness

import (
	"os"
	"strings"
	"testing"

	"github.com/nlgen/nlgen/generated/rtlink"
	"github.com/nlgen/nlgen/runtime/nlattr"
)

// Card makes the link nic0 of a module of ours (internal/live/ethtool/testdata/nlgen_nic), which does what only network cards do, and
// brings it up.
func (n *Namespace) Card() *rtlink.GetlinkReply {
	n.T.Helper()
	Load(n.T, "nlgen_nic")
	n.Up(n.Create(&rtlink.NewlinkRequest{Ifname: nlattr.Some("nic0"), Linkinfo: &rtlink.LinkinfoAttrs{Kind: nlattr.Some("nlgen_nic")}}))
	return n.Link("nic0")
}

// Sysfs reads a file of a link in /sys.
func Sysfs(t *testing.T, link, file string) string {
	t.Helper()
	b, err := os.ReadFile("/sys/class/net/" + link + "/" + file)
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(string(b))
}
