package genl

import (
	"errors"
	"fmt"
	"os"
	"syscall"
	"testing"

	"github.com/nlgen/nlgen/generated/ethtool"
	"github.com/nlgen/nlgen/generated/mptcppm"
	"github.com/nlgen/nlgen/generated/netdev"
	"github.com/nlgen/nlgen/generated/nlctrl"
	"github.com/nlgen/nlgen/generated/tcpmetrics"
	"github.com/nlgen/nlgen/internal/nettest"
	"github.com/nlgen/nlgen/internal/witness"
	"github.com/nlgen/nlgen/runtime/nlattr"
	"github.com/nlgen/nlgen/runtime/nlconn"
	"github.com/nlgen/nlgen/runtime/nlpolicy"
)

func TestMain(m *testing.M) { nettest.Main(m) }

// families lists every operation of the families here.
var families = map[string][]*nlconn.Operation{
	"ethtool": {
		&ethtool.OpStrsetGet, &ethtool.OpLinkinfoGet, &ethtool.OpLinkinfoSet, &ethtool.OpLinkmodesGet, &ethtool.OpLinkmodesSet,
		&ethtool.OpLinkstateGet, &ethtool.OpDebugGet, &ethtool.OpDebugSet, &ethtool.OpWolGet, &ethtool.OpWolSet, &ethtool.OpFeaturesGet,
		&ethtool.OpFeaturesSet, &ethtool.OpPrivflagsGet, &ethtool.OpPrivflagsSet, &ethtool.OpRingsGet, &ethtool.OpRingsSet,
		&ethtool.OpChannelsGet, &ethtool.OpChannelsSet, &ethtool.OpCoalesceGet, &ethtool.OpCoalesceSet, &ethtool.OpPauseGet,
		&ethtool.OpPauseSet, &ethtool.OpEeeGet, &ethtool.OpEeeSet, &ethtool.OpTsinfoGet, &ethtool.OpCableTestAct, &ethtool.OpCableTestTdrAct,
		&ethtool.OpTunnelInfoGet, &ethtool.OpFecGet, &ethtool.OpFecSet, &ethtool.OpModuleEepromGet, &ethtool.OpStatsGet,
		&ethtool.OpPhcVclocksGet, &ethtool.OpModuleGet, &ethtool.OpModuleSet, &ethtool.OpPseGet, &ethtool.OpPseSet, &ethtool.OpRssGet,
		&ethtool.OpPlcaGetCfg, &ethtool.OpPlcaSetCfg, &ethtool.OpPlcaGetStatus, &ethtool.OpMmGet, &ethtool.OpMmSet,
		&ethtool.OpModuleFwFlashAct, &ethtool.OpPhyGet, &ethtool.OpTsconfigGet, &ethtool.OpTsconfigSet, &ethtool.OpRssSet,
		&ethtool.OpRssCreateAct, &ethtool.OpRssDeleteAct,
	},
	"mptcp_pm": {
		&mptcppm.OpAddAddr, &mptcppm.OpDelAddr, &mptcppm.OpGetAddr, &mptcppm.OpFlushAddrs, &mptcppm.OpSetLimits, &mptcppm.OpGetLimits,
		&mptcppm.OpSetFlags, &mptcppm.OpAnnounce, &mptcppm.OpRemove, &mptcppm.OpSubflowCreate, &mptcppm.OpSubflowDestroy,
	},
	"netdev": {
		&netdev.OpDevGet, &netdev.OpPagePoolGet, &netdev.OpPagePoolStatsGet, &netdev.OpQueueGet, &netdev.OpNapiGet, &netdev.OpQstatsGet,
		&netdev.OpBindRx, &netdev.OpNapiSet, &netdev.OpBindTx,
	},
	"nlctrl":      {&nlctrl.OpGetfamily, &nlctrl.OpGetpolicy},
	"tcp_metrics": {&tcpmetrics.OpGet, &tcpmetrics.OpDel},
}

// types are the kernel's words for our kinds.
var types = map[nlpolicy.Kind][]nlctrl.AttrType{
	nlpolicy.Flag: {nlctrl.AttrTypeFlag}, nlpolicy.U8: {nlctrl.AttrTypeU8}, nlpolicy.U16: {nlctrl.AttrTypeU16}, nlpolicy.U32: {nlctrl.AttrTypeU32},
	nlpolicy.U64: {nlctrl.AttrTypeU64}, nlpolicy.S8: {nlctrl.AttrTypeS8}, nlpolicy.S16: {nlctrl.AttrTypeS16}, nlpolicy.S32: {nlctrl.AttrTypeS32},
	nlpolicy.S64: {nlctrl.AttrTypeS64}, nlpolicy.Uint: {nlctrl.AttrTypeUint}, nlpolicy.Sint: {nlctrl.AttrTypeSint},
	nlpolicy.String: {nlctrl.AttrTypeNulString, nlctrl.AttrTypeString}, nlpolicy.Binary: {nlctrl.AttrTypeBinary},
	nlpolicy.Bitfield32: {nlctrl.AttrTypeBitfield32}, nlpolicy.Nest: {nlctrl.AttrTypeNested},
	nlpolicy.IndexedArray: {nlctrl.AttrTypeNestedArray, nlctrl.AttrTypeNested, nlctrl.AttrTypeBinary},
}

// full is the range of an unsigned type.
var full = map[nlctrl.AttrType]uint64{
	nlctrl.AttrTypeU8: 1<<8 - 1, nlctrl.AttrTypeU16: 1<<16 - 1, nlctrl.AttrTypeU32: 1<<32 - 1, nlctrl.AttrTypeU64: 1<<64 - 1, nlctrl.AttrTypeUint: 1<<64 - 1,
}

// narrower are attributes of which the kernel accepts less in one operation than in another; a spec has one limit for both.
var narrower = map[string]string{
	"rss-create-act.context": "0 can be read and set, but not made",
	"rss-delete-act.context": "0 can be read and set, but not deleted",
}

// A dump is the policies of a family.
type dump struct {
	sets map[uint16]map[uint16]nlctrl.PolicyAttrs
	ops  map[uint32]nlctrl.OpPolicyAttrs
}

func read(t *testing.T, conn *nlconn.Conn, req *nlctrl.GetpolicyDumpRequest) *dump {
	t.Helper()
	d := &dump{map[uint16]map[uint16]nlctrl.PolicyAttrs{}, map[uint32]nlctrl.OpPolicyAttrs{}}
	replies, err := nlctrl.New(conn).GetpolicyCollect(t.Context(), req)
	if errors.Is(err, syscall.ENODATA) {
		return d
	}
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range replies {
		for _, op := range r.OpPolicy {
			d.ops[uint32(op.Index)] = op.V
		}
		for _, set := range r.Policy {
			if d.sets[set.Index] == nil {
				d.sets[set.Index] = map[uint16]nlctrl.PolicyAttrs{}
			}
			for _, a := range set.V {
				d.sets[set.Index][a.Index] = a.V
			}
		}
	}
	return d
}

// A judge compares our policies with the kernel's.
type judge struct {
	*testing.T
	*dump
	attrs int
	seen  map[string]bool
}

// set compares the attributes that the kernel accepts in one set with ours: each must be known, of the same type, and refused by us
// only if the kernel refuses it, too.
func (j *judge) set(at string, theirs uint16, ours *nlpolicy.Set) {
	key := fmt.Sprint(theirs, ours.Name)
	if j.seen[key] {
		return
	}
	j.seen[key] = true
	for number, k := range j.sets[theirs] {
		a := ours.Find(number)
		if a == nil {
			j.Errorf("%s: the kernel accepts attribute %d, a %v, which we do not know", at, number, k.Type.V)
			continue
		}
		j.attrs++
		at := at + "." + a.Name
		ok := false
		for _, typ := range types[a.Kind] {
			ok = ok || typ == k.Type.V
		}
		if !ok {
			j.Errorf("%s: ours is a %v, the kernel's a %v", at, a.Kind, k.Type.V)
		}
		j.limits(at, a, &k)
		if k.PolicyIdx.OK && a.Nested != nil {
			j.set(at, uint16(k.PolicyIdx.V), a.Nested.Set())
		}
	}
}

// limits compares what is accepted of one attribute. We may accept more: the kernel looks again.
func (j *judge) limits(at string, a *nlpolicy.Attr, k *nlctrl.PolicyAttrs) {
	ours := a.Limits
	if ours == nil {
		ours = &nlpolicy.Limits{}
	}
	top := full[k.Type.V]
	least, most := uint64(0), top
	if ours.Has&nlpolicy.HasMin != 0 {
		least = uint64(ours.Min)
	}
	if ours.Has&nlpolicy.HasMax != 0 {
		most = uint64(ours.Max)
	}
	if a.Enum != nil && !a.Enum.Flags && ours.Has&nlpolicy.HasMax == 0 && k.MaxValueU.V < top {
		// The kernel makes a range of an enum: what it does not name is refused.
		most = 0
		for _, v := range a.Enum.Names {
			most = max(most, v.Value)
		}
	}
	if why, ok := narrower[at]; ok {
		j.Logf("%s: the kernel's is %d..%d: %s", at, k.MinValueU.V, k.MaxValueU.V, why)
		return
	}
	if k.MinValueU.OK && (least != k.MinValueU.V || most != k.MaxValueU.V && ours.Has&nlpolicy.HasMask == 0) {
		j.Errorf("%s: ours is %d..%d, the kernel's %d..%d", at, least, most, k.MinValueU.V, k.MaxValueU.V)
	}
	if k.Mask.OK && ours.Has&nlpolicy.HasMask != 0 && ours.Mask&k.Mask.V != k.Mask.V {
		j.Errorf("%s: our bits are %#x, the kernel's %#x", at, ours.Mask, k.Mask.V)
	}
	if k.Mask.OK && ours.Has&nlpolicy.HasMask == 0 {
		j.Errorf("%s: we accept any bit, the kernel %#x", at, k.Mask.V)
	}
	longest := uint32(1<<32 - 1)
	switch {
	case ours.Has&nlpolicy.HasExactLen != 0:
		longest = ours.Exact
	case ours.Has&nlpolicy.HasMaxLen != 0:
		longest = ours.MaxLen
	}
	if k.MaxLength.OK && longest != k.MaxLength.V {
		j.Errorf("%s: ours is up to %d bytes long, the kernel's %d", at, longest, k.MaxLength.V)
	}
}

// TestAgreement compares each family with the kernel's: every operation that the kernel has must be known, with the same ways to call
// it, and so must every attribute that it accepts.
func TestAgreement(t *testing.T) {
	_, conn := witness.Dial(t)
	for name, ops := range families {
		t.Run(name, func(t *testing.T) {
			info, err := conn.Family(t.Context(), name)
			if errors.Is(err, os.ErrNotExist) {
				t.Skip(err)
			}
			if err != nil {
				t.Fatal(err)
			}
			byNumber := map[uint32]*nlconn.Operation{}
			for _, op := range ops {
				byNumber[uint32(op.Request)] = op
			}
			j := &judge{T: t, dump: read(t, conn, &nlctrl.GetpolicyDumpRequest{FamilyName: nlattr.Some(name)}), seen: map[string]bool{}}
			for _, theirs := range info.Ops {
				op := byNumber[theirs.ID]
				if op == nil {
					t.Errorf("the kernel has an operation %d, which we do not know", theirs.ID)
					continue
				}
				delete(byNumber, theirs.ID)
				pair, ok := j.ops[theirs.ID]
				if !ok { // The kernel files what can only be dumped under 0.
					one := read(t, conn, &nlctrl.GetpolicyDumpRequest{FamilyName: nlattr.Some(name), Op: nlattr.Some(theirs.ID)})
					pair = one.ops[0]
				}
				if pair.Do.OK && op.Policy != nil {
					j.set(op.Name, uint16(pair.Do.V), op.Policy.Attrs.Set())
				}
				switch {
				case pair.Dump.OK && op.DumpPolicy != nil:
					j.set(op.Name+" dump", uint16(pair.Dump.V), op.DumpPolicy.Attrs.Set())
				case pair.Dump.OK && op.Policy != nil:
					j.set(op.Name+" dump", uint16(pair.Dump.V), op.Policy.Attrs.Set())
				}
			}
			for _, op := range byNumber {
				t.Logf("this kernel does not have %s", op.Name)
			}
			t.Logf("%d operations, %d attributes compared", len(info.Ops), j.attrs)
			if len(j.sets) > 0 && j.attrs == 0 {
				t.Error("nothing was compared")
			}
		})
	}
}
