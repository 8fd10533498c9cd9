package nftables

import (
	"testing"

	"github.com/nlgen/nlgen/generated/nftables"
	"github.com/nlgen/nlgen/internal/nettest"
	"github.com/nlgen/nlgen/runtime/nlattr"
	"github.com/nlgen/nlgen/runtime/nlconn"
)

func TestMain(m *testing.M) { nettest.Main(m) }

const subsystem = 10 // NFNL_SUBSYS_NFTABLES

var inet = nftables.Nfgenmsg{NfgenFamily: nftables.NfprotoInet}

// transaction returns a batch that the kernel carries out as a whole, if the ruleset is still the generation gen; 0 is any.
func transaction(conn *nlconn.Conn, gen uint32) *nlconn.Batch {
	begin := &nftables.BatchBeginRequest{Header: nftables.Nfgenmsg{ResID: subsystem}}
	if gen != 0 {
		begin.Genid = nlattr.Some(gen)
	}
	end := &nftables.BatchEndRequest{Header: begin.Header}
	return conn.NewBatch(nlconn.ProtocolNetfilter, nlconn.Transaction(&nftables.OpBatchBegin, begin, &nftables.OpBatchEnd, end))
}

func u32(n uint32) nlattr.Opt[uint32]                       { return nlattr.Some(n) }
func reg(r nftables.Register) nlattr.Opt[nftables.Register] { return nlattr.Some(r) }
func value(b ...byte) *nftables.DataAttrs                   { return &nftables.DataAttrs{Value: b} }
func str(s string) nlattr.Opt[string]                       { return nlattr.Some(s) }
func exprs(list ...nftables.ExprOpsMsg) *nftables.ExprListAttrs {
	l := &nftables.ExprListAttrs{}
	for _, e := range list {
		l.Elem = append(l.Elem, nftables.ExprAttrs{Data: e})
	}
	return l
}

const reg1 = nftables.RegisterReg1

func meta(key nftables.MetaKeys) nftables.ExprOpsMsg {
	return &nftables.ExprMetaAttrs{Key: nlattr.Some(key), Dreg: reg(reg1)}
}

func cmp(op nftables.CmpOps, b ...byte) nftables.ExprOpsMsg {
	return &nftables.ExprCmpAttrs{Sreg: reg(reg1), Op: nlattr.Some(op), Data: value(b...)}
}

func load(base nftables.PayloadBase, offset, length uint32) nftables.ExprOpsMsg {
	return &nftables.ExprPayloadAttrs{Dreg: reg(reg1), Base: nlattr.Some(base), Offset: u32(offset), Len: u32(length)}
}

func verdict(code nftables.VerdictCode, chain string) nftables.ExprOpsMsg {
	v := &nftables.VerdictAttrs{Code: nlattr.Some(code)}
	if chain != "" {
		v.Chain = str(chain)
	}
	return &nftables.ExprImmediateAttrs{Dreg: reg(nftables.RegisterVerdict), Data: &nftables.DataAttrs{Verdict: v}}
}
