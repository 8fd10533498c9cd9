package nftables

import (
	"errors"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/nlgen/nlgen/generated/nftables"
	"github.com/nlgen/nlgen/internal/nettest"
	"github.com/nlgen/nlgen/internal/witness"
	"github.com/nlgen/nlgen/runtime/nlattr"
	"github.com/nlgen/nlgen/runtime/nlconn"
)

// A handmade is an expression that the nft of today does not write, in a chain of a family. Refused is the error that it gets on every
// kernel; newer is why the guest's kernel may lack it.
type handmade struct {
	family  string
	want    nftables.ExprOpsMsg
	refused error
	newer   string
}

func handmades() []handmade {
	v := func(n uint32) nlattr.Opt[uint32] { return u32(n) }
	all := nftables.InnerFlagsHdrsize | nftables.InnerFlagsLl | nftables.InnerFlagsNh | nftables.InnerFlagsTh
	inner := func(kind nftables.InnerType, expr nftables.ExprOpsMsg) *nftables.ExprInnerAttrs {
		return &nftables.ExprInnerAttrs{Num: v(0), Type: nlattr.Some(kind), Flags: nlattr.Some(all), Hdrsize: v(8), Expr: &nftables.ExprAttrs{Data: expr}}
	}
	bits := func(op nftables.BitwiseOps) *nftables.ExprBitwiseAttrs {
		return &nftables.ExprBitwiseAttrs{Sreg: reg(reg1), Sreg2: reg(reg2), Dreg: reg(reg1), Len: v(4), Op: nlattr.Some(op)}
	}
	code := func(c nftables.VerdictCode) nftables.ExprOpsMsg { return verdict(c, "") }
	tunnel := func(key nftables.TunnelKeys, mode nftables.TunnelMode) *nftables.ExprTunnelAttrs {
		return &nftables.ExprTunnelAttrs{Key: nlattr.Some(key), Dreg: reg(reg1), Mode: nlattr.Some(mode)}
	}
	return []handmade{
		{"inet", inner(nftables.InnerTypeVxlan, load(nftables.PayloadBaseNetworkHeader, 12, 4)), nil, ""},
		{"inet", inner(nftables.InnerTypeGeneve, load(nftables.PayloadBaseTunHeader, 4, 3)), nil, ""},
		{"inet", inner(nftables.InnerTypeUnspec, &nftables.ExprMetaAttrs{Key: nlattr.Some(nftables.MetaKeysL4Proto), Dreg: reg(reg1)}), nil, ""},
		{"inet", &nftables.ExprLastAttrs{Set: v(1), Msecs: nlattr.Some(uint64(5000))}, nil, ""},
		{"netdev", tunnel(nftables.TunnelKeysID, nftables.TunnelModeRx), nil, ""},
		{"netdev", tunnel(nftables.TunnelKeysPath, nftables.TunnelModeTx), nil, ""},
		{"netdev", tunnel(nftables.TunnelKeysPath, nftables.TunnelModeNone), nil, ""},
		{"inet", &nftables.ExprMatchAttrs{Name: str("mark"), Rev: v(1), Info: append([]byte{7, 0, 0, 0, 255, 255, 255, 255}, make([]byte, 8)...)}, nil, ""},
		{"ip", &nftables.ExprTargetAttrs{Name: str("MARK"), Rev: v(2), Info: []byte{7, 0, 0, 0, 255, 255, 255, 255}}, nil, ""},
		{"inet", bits(nftables.BitwiseOpsAnd), nil, "since 6.13"},
		{"inet", bits(nftables.BitwiseOpsOr), nil, "since 6.13"},
		{"inet", bits(nftables.BitwiseOpsXor), nil, "since 6.13"},
		{"inet", &nftables.ExprByteorderAttrs{Sreg: reg(reg1), Dreg: reg(reg1), Op: nlattr.Some(nftables.ByteorderOpsNtoh), Len: v(4), Size: v(4)}, nil, ""},
		{"inet", &nftables.ExprRangeAttrs{Sreg: reg(reg1), Op: nlattr.Some(nftables.RangeOpsEq), FromData: value(3, 232), ToData: value(7, 208)}, nil, ""},
		{"inet", &nftables.ExprSocketAttrs{Key: nlattr.Some(nftables.SocketKeysCgroupv2), Level: v(2), Dreg: reg(reg1)}, nil, ""},
		{"inet", &nftables.ExprExthdrAttrs{Dreg: reg(reg1), Type: nlattr.Some(uint8(1)), Offset: v(0), Len: v(1), Flags: nlattr.Some(nftables.ExthdrFlagsPresent), Op: nlattr.Some(nftables.ExthdrOpDccp)}, nil, "an option of newer ones"},
		{"inet", &nftables.ExprDynsetAttrs{SetName: str("s"), SetID: v(1), Op: nlattr.Some(nftables.DynsetOpsUpdate), SregKey: reg(reg1), Flags: nlattr.Some(nftables.DynsetFlagsInvert)}, nil, ""},
		{"inet", code(nftables.VerdictCodeBreak), nil, ""},
		{"inet", code(nftables.VerdictCodeContinue), nil, ""},
		{"ip", &nftables.ExprCtAttrs{Key: nlattr.Some(nftables.CtKeysSrc), Direction: nlattr.Some(nftables.CtDirectionOriginal), Dreg: reg(reg1)}, nil, ""},
		{"ip", &nftables.ExprCtAttrs{Key: nlattr.Some(nftables.CtKeysDst), Direction: nlattr.Some(nftables.CtDirectionReply), Dreg: reg(reg1)}, nil, ""},
		{"bridge", &nftables.ExprMetaAttrs{Key: nlattr.Some(nftables.MetaKeysBriIifhwaddr), Dreg: reg(reg1)}, nil, "since 6.16"},
		{"bridge", &nftables.ExprMetaAttrs{Key: nlattr.Some(nftables.MetaKeysBriBroute), Sreg: reg(reg1)}, nil, ""},
		{"inet", &nftables.ExprHashAttrs{Dreg: reg(reg1), Modulus: v(2), Type: nlattr.Some(nftables.HashTypesSym), SetName: str("s"), SetID: v(1)}, nil, ""},
		{"inet", &nftables.ExprNumgenAttrs{Dreg: reg(reg1), Modulus: v(2), Type: nlattr.Some(nftables.NgTypesRandom), SetName: str("s"), SetID: v(1)}, nil, ""},
		{"ip", &nftables.ExprNatAttrs{Type: nlattr.Some(nftables.NatTypesSnat), Family: nlattr.Some(nftables.NfprotoIpv4), RegAddrMin: reg(reg1), Flags: nlattr.Some(nftables.NatRangeFlagsProtoOffset | nftables.NatRangeFlagsMapIps)}, nil, ""},

		{"inet", &nftables.ExprLogAttrs{Level: nlattr.Some(nftables.LogLevelInfo), Flags: nlattr.Some(nftables.LogFlagsNflog)}, unix.EINVAL, ""},
		{"inet", &nftables.SynproxyAttrs{Mss: nlattr.Some(uint16(1000)), Wscale: nlattr.Some(uint8(1)), Flags: nlattr.Some(nftables.SynproxyFlagsEcn)}, unix.EOPNOTSUPP, ""},
		{"inet", code(nftables.VerdictCodeStolen), unix.EINVAL, ""},
		{"inet", code(nftables.VerdictCodeRepeat), unix.EINVAL, ""},
		{"inet", code(nftables.VerdictCodeQueue), unix.EINVAL, ""},
		{"inet", &nftables.ExprFibAttrs{Dreg: reg(reg1), Result: nlattr.Some(nftables.FibResultUnspec), Flags: nlattr.Some(nftables.FibFlagsSaddr)}, unix.EINVAL, ""},
		{"inet", &nftables.ExprXfrmAttrs{Dreg: reg(reg1), Key: nlattr.Some(nftables.XfrmKeysUnspec), Dir: nlattr.Some(nftables.XfrmDirIn), Spnum: v(0)}, unix.EINVAL, ""},
	}
}

// TestHandmade makes such expressions, and reads them.
func TestHandmade(t *testing.T) {
	n := witness.NewNamespace(t)
	tally := witness.NewTally(t)
	// What is read must have been written.
	load1 := &nftables.ExprImmediateAttrs{Dreg: reg(reg1), Data: value(1, 2, 3, 4)}
	load2 := &nftables.ExprImmediateAttrs{Dreg: reg(reg2), Data: value(5, 6, 7, 8)}
	for _, c := range handmades() {
		header := family(c.family)
		b := transaction(n.Conn, 0)
		b.Add(n.Ctx, &nftables.OpNewtable, &nftables.NewtableRequest{Header: header, Name: str("hand")}, nlconn.Create)
		b.Add(n.Ctx, &nftables.OpNewchain, &nftables.NewchainRequest{Header: header, Table: str("hand"), Name: str("c")}, nlconn.Create)
		b.Add(n.Ctx, &nftables.OpNewset, &nftables.NewsetRequest{
			Header: header, Table: str("hand"), Name: str("s"), ID: u32(1), KeyType: u32(7), KeyLen: u32(4), Flags: nlattr.Some(nftables.SetFlagsEval),
			Policy: nlattr.Some(nftables.SetPolicyPerformance),
		}, nlconn.Create)
		b.Add(n.Ctx, &nftables.OpNewrule, &nftables.NewruleRequest{Header: header, Table: str("hand"), Chain: str("c"), Expressions: exprs(load1, load2, c.want)}, nlconn.Create, nlconn.Append)
		err := b.Do(n.Ctx)
		switch {
		case c.refused != nil:
			if !errors.Is(err, c.refused) {
				t.Errorf("%T: %v, want %v", c.want, err, c.refused)
			}
			continue
		case err != nil && (!nettest.Guest() && (errors.Is(err, unix.ENOENT) || errors.Is(err, unix.EOPNOTSUPP)) || c.newer != "" && (errors.Is(err, unix.EOPNOTSUPP) || errors.Is(err, unix.EINVAL))):
			t.Logf("%T: this kernel lacks it: %v %s", c.want, err, c.newer)
			continue
		case err != nil:
			t.Errorf("%T: %v", c.want, err)
			continue
		}
		rules, err := nftables.New(n.Conn).GetruleCollect(n.Ctx, &nftables.GetruleDumpRequest{Header: header, Table: str("hand"), Chain: str("c")})
		if err != nil || len(rules) != 1 {
			t.Fatalf("%T: %d rules, %v", c.want, len(rules), err)
		}
		known(t, rules...)
		got := rules[0].Expressions.Elem[2].Data
		skip := []string{"Msecs", "SetID"}
		switch c.want.(type) {
		case *nftables.ExprHashAttrs, *nftables.ExprNumgenAttrs:
			skip = append(skip, "SetName") // Kernels since 4.20 take it, and do not use it.
		}
		tally.Within(rules[0].Expressions.Elem[2].Name.V, c.want, got, skip...)
		if x, ok := got.(*nftables.ExprLastAttrs); ok && (x.Msecs.V < 5000 || x.Msecs.V > 15000) {
			t.Errorf("used %v ms ago", x.Msecs)
		}
		d := transaction(n.Conn, 0)
		d.Add(n.Ctx, &nftables.OpDeltable, &nftables.DeltableRequest{Header: header, Name: str("hand")})
		if err := d.Do(n.Ctx); err != nil {
			t.Fatal(err)
		}
	}
	tally.Report("handmade expressions")
}

// TestRegisters names each register, of which the kernel has sixteen of four bytes; those of sixteen bytes are the same.
func TestRegisters(t *testing.T) {
	h := newHooked(t, "inet")
	chain := &nftables.NewchainRequest{Header: h.header, Table: str("h"), Name: str("c")}
	if err := h.do(&nftables.OpNewchain, chain, nlconn.Create); err != nil {
		t.Fatal(err)
	}
	for r := nftables.RegisterReg1; r <= nftables.RegisterReg3215; r++ {
		rule := &nftables.NewruleRequest{Header: h.header, Table: str("h"), Chain: str("c"), Expressions: exprs(&nftables.ExprImmediateAttrs{Dreg: reg(r), Data: value(1, 2, 3, 4)})}
		err := h.do(&nftables.OpNewrule, rule, nlconn.Create)
		if r > nftables.RegisterReg4 && r < nftables.RegisterReg3200 { // There are none of these numbers.
			if !errors.Is(err, unix.ERANGE) && !errors.Is(err, unix.EINVAL) {
				t.Errorf("%d: %v", r, err)
			}
			continue
		}
		if err != nil {
			t.Errorf("%v: %v", r, err)
			continue
		}
		want := r
		if first := r - nftables.RegisterReg3200; r >= nftables.RegisterReg3200 && first%4 == 0 {
			want = nftables.RegisterReg1 + first/4
		}
		rules, err := h.client.GetruleCollect(h.Ctx, &nftables.GetruleDumpRequest{Header: h.header, Table: str("h"), Chain: str("c")})
		if err != nil {
			t.Fatal(err)
		}
		if got := rules[0].Expressions.Elem[0].Data.(*nftables.ExprImmediateAttrs).Dreg; got != reg(want) {
			t.Errorf("%v is read as %v, want %v", r, got, want)
		}
	}
}
