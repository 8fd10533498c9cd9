package routing

import (
	"bytes"
	"encoding/binary"
	"reflect"
	"slices"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/nlgen/nlgen/generated/rtaddr"
	"github.com/nlgen/nlgen/generated/rtaddrlabel"
	"github.com/nlgen/nlgen/generated/rtbridgelink"
	"github.com/nlgen/nlgen/generated/rtbridgemdb"
	"github.com/nlgen/nlgen/generated/rtbridgevlan"
	"github.com/nlgen/nlgen/generated/rtlink"
	"github.com/nlgen/nlgen/generated/rtneigh"
	"github.com/nlgen/nlgen/generated/rtnetconf"
	"github.com/nlgen/nlgen/generated/rtnexthop"
	"github.com/nlgen/nlgen/generated/rtnsid"
	"github.com/nlgen/nlgen/generated/rtroute"
	"github.com/nlgen/nlgen/generated/rtrule"
	"github.com/nlgen/nlgen/internal/witness"
)

// A form is how messages of a number are read: the length of the fixed header, and a generated type. A reply has all the attributes that
// requests of the same number have, unless there is a form of its own for them.
type form struct {
	header int
	make   func() witness.Message
}

func as[T any, P interface {
	*T
	witness.Message
}](header int) form {
	return form{header, func() witness.Message { return P(new(T)) }}
}

// forms are those of all messages but of links of AF_BRIDGE.
var forms = map[uint16]form{
	16: as[rtlink.GetlinkReply](16), 17: as[rtlink.GetlinkReply](16), 18: as[rtlink.GetlinkRequest](16), 19: as[rtlink.SetlinkRequest](16),
	20: as[rtaddr.GetaddrReply](8), 21: as[rtaddr.GetaddrReply](8), 22: as[rtaddr.GetaddrReply](8),
	24: as[rtroute.GetrouteReply](12), 25: as[rtroute.GetrouteReply](12), 26: as[rtroute.GetrouteReply](12),
	28: as[rtneigh.GetneighReply](12), 29: as[rtneigh.DelneighRequest](12), 30: as[rtneigh.GetneighReply](12),
	32: as[rtrule.GetruleReply](12), 33: as[rtrule.NewruleRequest](12), 34: as[rtrule.GetruleReply](12),
	58: as[rtaddr.GetmulticastReply](8), 62: as[rtaddr.GetanycastReply](8),
	64: as[rtneigh.GetneightblReply](4), 66: as[rtneigh.GetneightblReply](4), 67: as[rtneigh.SetneightblRequest](4),
	72: as[rtaddrlabel.GetaddrlabelReply](12), 73: as[rtaddrlabel.GetaddrlabelReply](12), 74: as[rtaddrlabel.GetaddrlabelReply](12),
	80: as[rtnetconf.GetnetconfReply](4), 82: as[rtnetconf.GetnetconfReply](4),
	84: as[rtbridgemdb.GetmdbReply](8), 85: as[rtbridgemdb.DelmdbRequest](8), 86: as[rtbridgemdb.GetmdbRequest](8),
	88: as[rtnsid.GetnsidReply](4), 90: as[rtnsid.GetnsidRequest](4), 92: as[rtlink.GetstatsReply](12), 94: as[rtlink.GetstatsRequest](12),
	104: as[rtnexthop.GetnexthopReply](8), 105: as[rtnexthop.GetnexthopReply](8), 106: as[rtnexthop.GetnexthopDumpRequest](8),
	108: as[rtlink.NewlinkpropRequest](16), 109: as[rtlink.DellinkpropRequest](16),
	112: as[rtbridgevlan.GetvlanReply](8), 113: as[rtbridgevlan.DelvlanRequest](8), 114: as[rtbridgevlan.GetvlanDumpRequest](8),
	116: as[rtnexthop.GetnexthopbucketReply](8), 118: as[rtnexthop.GetnexthopbucketDumpRequest](8),
}

// bridgeForms are those of links of AF_BRIDGE.
var bridgeForms = map[uint16]form{
	16: as[rtbridgelink.GetlinkReply](16), 17: as[rtbridgelink.GetlinkReply](16), 18: as[rtbridgelink.GetlinkDumpRequest](16),
	19: as[rtbridgelink.SetlinkRequest](16),
}

// formOf is how a message of a number is read.
func formOf(kind uint16, body []byte) (form, bool) {
	if f, ok := bridgeForms[kind]; ok && len(body) > 0 && body[0] == unix.AF_BRIDGE {
		return f, true
	}
	f, ok := forms[kind]
	return f, ok
}

// attributes splits a message into its header and its attributes, in the order of their bytes.
func attributes(b []byte, header int) [][]byte {
	list := [][]byte{b[:header]}
	for rest := b[header:]; len(rest) >= 4; {
		n := int(binary.NativeEndian.Uint16(rest))
		if n < 4 || n > len(rest) {
			return append(list, rest)
		}
		list = append(list, rest[:n])
		rest = rest[min((n+3)&^3, len(rest)):]
	}
	slices.SortFunc(list[1:], bytes.Compare)
	return list
}

// TestCorpus decodes the recorded messages of these families without leaving anything unknown, and writes them again, byte for byte but for
// the order of attributes and, in nests, what means nothing.
func TestCorpus(t *testing.T) {
	count, others := map[uint16]int{}, map[uint16]int{}
	for r := range witness.Recording(t, unix.NETLINK_ROUTE) {
		f, ok := formOf(r.Type, r.Body)
		if !ok || len(r.Body) < f.header { // A header of one byte (struct rtgenmsg) once was enough for a dump.
			others[r.Type]++
			continue
		}
		x := f.make()
		if err := x.UnmarshalBinary(r.Body); err != nil {
			t.Errorf("%s: type %d: %v", r.ID, r.Type, err)
			continue
		}
		if !r.Refused { // What is not as the spec says is kept, and the kernel refused it for that.
			for _, text := range witness.Leftovers(x) {
				t.Errorf("%s: type %d%s", r.ID, r.Type, text)
			}
		}
		again, err := x.AppendBinary(nil)
		same := slices.EqualFunc(attributes(again, f.header), attributes(r.Body, f.header), bytes.Equal)
		if !same { // Nests are in order, too, and have a flag that not all tools set; texts end in a NUL that ip leaves out.
			y := f.make()
			same = y.UnmarshalBinary(again) == nil && reflect.DeepEqual(x, y)
		}
		if err != nil || !same {
			t.Errorf("%s: type %d: %v\n %x\nis written as\n %x", r.ID, r.Type, err, r.Body, again)
		}
		count[r.Type]++
	}
	t.Logf("messages by type: %v; of other families: %v", count, others)
	for _, kind := range []uint16{16, 20, 24, 28, 32, 80, 92, 104, 112} {
		if count[kind] == 0 {
			t.Errorf("the recording has no messages of type %d", kind)
		}
	}
}
