package nftables

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"reflect"
	"slices"
	"testing"

	"github.com/nlgen/nlgen/generated/nftables"
	"github.com/nlgen/nlgen/runtime/nlattr"
	"github.com/nlgen/nlgen/runtime/nlmsg"
)

// A codec is a message of the family.
type codec interface {
	AppendBinary([]byte) ([]byte, error)
	UnmarshalBinary([]byte) error
}

// message returns an empty message of a type, in the direction that it was recorded in; nil for another family's.
func message(typ uint16, out bool) codec {
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

// A record is a line of the corpus, as far as it counts here.
type record struct {
	ID       string
	Kind     string
	Spec     string
	Request  string
	Replies  []string
	Messages []struct {
		Dir      string
		Protonum int
		Hex      string
	}
}

// TestCorpus reads what nft and the kernels said to each other, and what the kernel's own tool said, and writes it again.
func TestCorpus(t *testing.T) {
	count, unknown := map[string]int{}, map[string]int{}
	for _, name := range []string{"captures-host", "captures-vm", "ops-host", "ops-vm"} {
		file, err := os.Open("../../../../shared/corpus/" + name + ".jsonl")
		if err != nil {
			t.Skipf("no recorded messages: %v", err)
		}
		defer file.Close()
		lines := bufio.NewScanner(file)
		lines.Buffer(nil, 64<<20)
		for lines.Scan() {
			var r record
			if err := json.Unmarshal(lines.Bytes(), &r); err != nil {
				continue // another kind of line
			}
			if r.Kind == "op" && r.Spec == "nftables" {
				// The tool's spec has attributes one too low, so they stay unknown or are another's: only bytes count.
				again(t, r.ID, r.Request, true, true, count, map[string]int{})
				for _, reply := range r.Replies {
					again(t, r.ID, reply, false, true, count, unknown)
				}
			}
			for _, m := range r.Messages {
				if m.Protonum == 12 {
					again(t, r.ID, m.Hex, m.Dir == "out", false, count, unknown)
				}
			}
		}
		if err := lines.Err(); err != nil {
			t.Fatal(err)
		}
	}
	t.Logf("written again: %v", count)
	// nft numbers the elements of a list, where the kernel looks at their order only.
	delete(unknown, fmt.Sprintf("%#x out.Elements.Unknown: attribute 2", nftables.CmdNewsetelem))
	for name, n := range unknown {
		t.Errorf("%d times unknown: %s", n, name)
	}
	if count["newrule out"] == 0 || count["newset in"] == 0 {
		t.Errorf("no messages of the family")
	}
}

// again decodes the messages of a datagram and compares what is encoded with them.
func again(t *testing.T, id, text string, out, op bool, count, unknown map[string]int) {
	t.Helper()
	datagram, err := hex.DecodeString(text)
	if err != nil {
		t.Fatal(err)
	}
	for cur := nlmsg.NewCursor(datagram); cur.Next(); {
		h, body := cur.Header(), cur.Body()
		m := message(h.Type, out)
		if m == nil {
			continue
		}
		name := fmt.Sprintf("%#x%v", h.Type, map[bool]string{true: " out", false: " in"}[out])
		if h.Type == nftables.CmdNewrule || h.Type == nftables.CmdNewset {
			name = map[uint16]string{nftables.CmdNewrule: "newrule", nftables.CmdNewset: "newset"}[h.Type] + name[len("0xa00"):]
		}
		if err := m.UnmarshalBinary(body); err != nil {
			t.Errorf("%s: %s: %v", id, name, err)
			continue
		}
		b, err := m.AppendBinary(nil)
		if err != nil {
			t.Errorf("%s: %s: %v", id, name, err)
			continue
		}
		count[name]++
		if out && op && h.Type == nftables.CmdNewtable {
			continue // The tool sends userdata as NFTA_TABLE_PAD, which is not kept.
		}
		if !bytes.Equal(b[:4], body[:4]) || !same(b[4:], body[4:]) {
			t.Errorf("%s: %s:\n was %x\nis    %x", id, name, body, b)
		}
		collect(name, reflect.ValueOf(m), unknown)
	}
}

// same compares attributes behind a header: their order in a nest, and NLA_F_NESTED, which the kernel leaves off, do not matter.
func same(ours, theirs []byte) bool {
	a, b := attributes(ours), attributes(theirs)
	if a == nil || b == nil || len(a) != len(b) {
		return bytes.Equal(ours, theirs)
	}
	for i := range a {
		nested := a[i].Type&0x8000 != 0
		switch {
		case a[i].Number() != b[i].Number():
			return false
		case nested && !same(a[i].Data, b[i].Data), !nested && !bytes.Equal(a[i].Data, b[i].Data):
			return false
		}
	}
	return true
}

// attributes splits bytes into attributes, sorted by their numbers; those of one number keep their order. It returns nil if they are none.
func attributes(b []byte) []nlattr.Attr {
	list := []nlattr.Attr{}
	for len(b) > 0 {
		if len(b) < 4 {
			return nil
		}
		n := int(binary.NativeEndian.Uint16(b))
		if n < 4 || n > len(b) {
			return nil
		}
		list = append(list, nlattr.Attr{Type: binary.NativeEndian.Uint16(b[2:]), Data: b[4:n]})
		b = b[min(len(b), (n+3)&^3):]
	}
	slices.SortStableFunc(list, func(a, b nlattr.Attr) int { return int(a.Number()) - int(b.Number()) })
	return list
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
