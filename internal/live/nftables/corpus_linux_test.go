package nftables

import (
	"fmt"
	"reflect"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/nlgen/nlgen/generated/nftables"
	"github.com/nlgen/nlgen/internal/witness"
	"github.com/nlgen/nlgen/runtime/nlattr"
)

// message returns an empty message of a type, in the direction that it was recorded in; nil for another family's.
func message(typ uint16, out bool) witness.Message {
	if !out {
		switch typ {
		case nftables.CmdNewtable, nftables.CmdDeltable:
			return new(nftables.GettableReply)
		case nftables.CmdNewchain, nftables.CmdDelchain:
			return new(nftables.GetchainReply)
		case nftables.CmdNewrule, nftables.CmdDelrule:
			return new(nftables.GetruleReply)
		case nftables.CmdNewset, nftables.CmdDelset:
			return new(nftables.GetsetReply)
		case nftables.CmdNewsetelem, nftables.CmdDelsetelem:
			return new(nftables.GetsetelemReply)
		case nftables.CmdNewobj, nftables.CmdDelobj:
			return new(nftables.GetobjReply)
		case nftables.CmdNewflowtable, nftables.CmdDelflowtable:
			return new(nftables.GetflowtableReply)
		case nftables.CmdNewgenNtf:
			return new(nftables.GetgenReply)
		case nftables.CmdTraceNtf:
			return new(nftables.TraceNtfMessage)
		}
		return nil
	}
	switch typ {
	case nftables.CmdBatchBegin:
		return new(nftables.BatchBeginRequest)
	case nftables.CmdBatchEnd:
		return new(nftables.BatchEndRequest)
	case nftables.CmdNewtable, nftables.CmdGettable, nftables.CmdDeltable, nftables.CmdDestroytable:
		return new(nftables.NewtableRequest)
	case nftables.CmdNewchain, nftables.CmdGetchain, nftables.CmdDelchain, nftables.CmdDestroychain:
		return new(nftables.NewchainRequest)
	case nftables.CmdNewrule, nftables.CmdGetrule, nftables.CmdDelrule, nftables.CmdDestroyrule, nftables.CmdGetruleReset:
		return new(nftables.NewruleRequest)
	case nftables.CmdNewset, nftables.CmdGetset, nftables.CmdDelset, nftables.CmdDestroyset:
		return new(nftables.NewsetRequest)
	case nftables.CmdNewsetelem, nftables.CmdGetsetelem, nftables.CmdDelsetelem, nftables.CmdDestroysetelem, nftables.CmdGetsetelemReset:
		return new(nftables.NewsetelemRequest)
	case nftables.CmdNewobj, nftables.CmdGetobj, nftables.CmdDelobj, nftables.CmdDestroyobj, nftables.CmdGetobjReset:
		return new(nftables.NewobjRequest)
	case nftables.CmdNewflowtable, nftables.CmdGetflowtable, nftables.CmdDelflowtable, nftables.CmdDestroyflowtable:
		return new(nftables.NewflowtableRequest)
	case nftables.CmdGetgen:
		return new(nftables.GetgenRequest)
	}
	return nil
}

// TestCorpus reads what nft and the kernels said to each other, and what the kernel's own tool said, and writes it again.
func TestCorpus(t *testing.T) {
	count, unknown := map[string]int{}, map[string]int{}
	for m := range witness.Recording(t, unix.NETLINK_NETFILTER) {
		if m.Spec != "" && m.Spec != "nftables" {
			continue
		}
		x := message(m.Type, m.Sent)
		if x == nil {
			continue
		}
		name := fmt.Sprintf("%#x%v", m.Type, map[bool]string{true: " out", false: " in"}[m.Sent])
		if err := x.UnmarshalBinary(m.Body); err != nil {
			t.Errorf("%s: %s: %v", m.ID, name, err)
			continue
		}
		b, err := x.AppendBinary(nil)
		if err != nil {
			t.Errorf("%s: %s: %v", m.ID, name, err)
			continue
		}
		count[name]++
		if m.Sent && m.Spec != "" && m.Type == nftables.CmdNewtable {
			continue // The tool sends userdata as NFTA_TABLE_PAD, which is not kept.
		}
		if !witness.SameBytes(b, m.Body, 4) {
			t.Errorf("%s: %s:\n was %x\nis    %x", m.ID, name, m.Body, b)
		}
		if !m.Sent || m.Spec == "" { // The tool's spec has attributes one too low, so they stay unknown or are another's.
			collect(name, reflect.ValueOf(x), unknown)
		}
	}
	t.Logf("written again: %v", count)
	// nft numbers the elements of a list, where the kernel looks at their order only.
	delete(unknown, fmt.Sprintf("%#x out.Elements.Unknown: attribute 2", nftables.CmdNewsetelem))
	for name, n := range unknown {
		t.Errorf("%d times unknown: %s", n, name)
	}
	if count[fmt.Sprintf("%#x out", nftables.CmdNewrule)] == 0 || count[fmt.Sprintf("%#x in", nftables.CmdNewset)] == 0 {
		t.Errorf("no messages of the family")
	}
}

// collect counts attributes and sub-messages that the spec does not know.
func collect(at string, v reflect.Value, unknown map[string]int) {
	if list, ok := v.Interface().([]nlattr.Attr); ok {
		for _, a := range list {
			unknown[fmt.Sprintf("%s: attribute %d", at, a.Number())]++
		}
		return
	}
	switch x := v.Interface().(type) {
	case nftables.ExprOpsRaw, nftables.ObjDataRaw, nftables.CtTimeoutDataRaw:
		unknown[fmt.Sprintf("%s: %T", at, x)]++
	}
	switch v.Kind() {
	case reflect.Pointer, reflect.Interface:
		if !v.IsNil() {
			collect(at, v.Elem(), unknown)
		}
	case reflect.Struct:
		for i := range v.NumField() {
			collect(at+"."+v.Type().Field(i).Name, v.Field(i), unknown)
		}
	case reflect.Slice:
		for i := range v.Len() {
			collect(at, v.Index(i), unknown)
		}
	}
}
