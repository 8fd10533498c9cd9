package link

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/nlgen/nlgen/generated/rtlink"
	"github.com/nlgen/nlgen/internal/witness"
	"github.com/nlgen/nlgen/runtime/nlattr"
	"github.com/nlgen/nlgen/runtime/nlconn"
	"github.com/nlgen/nlgen/runtime/nlmsg"
	"github.com/nlgen/nlgen/runtime/nlpolicy"
)

// policyTypes are the kernel's words for our kinds. It has none for a sub-message, and some signed numbers are unsigned to it.
var policyTypes = map[nlpolicy.Kind][]nlmsg.PolicyType{
	nlpolicy.Flag: {nlmsg.PolicyFlag}, nlpolicy.U8: {nlmsg.PolicyU8}, nlpolicy.U16: {nlmsg.PolicyU16}, nlpolicy.U32: {nlmsg.PolicyU32},
	nlpolicy.U64: {nlmsg.PolicyU64}, nlpolicy.S32: {nlmsg.PolicyS32, nlmsg.PolicyU32}, nlpolicy.Uint: {nlmsg.PolicyUint},
	nlpolicy.String: {nlmsg.PolicyString, nlmsg.PolicyNulString}, nlpolicy.Binary: {nlmsg.PolicyBinary}, nlpolicy.Nest: {nlmsg.PolicyNested},
	nlpolicy.SubMessage: {nlmsg.PolicyNested}, nlpolicy.IndexedArray: {nlmsg.PolicyNested, nlmsg.PolicyNestedArray},
}

// otherwise are attributes whose type or range in the spec is not the kernel's, and why.
var otherwise = map[string]witness.Unseen{
	"ifalias":                "an empty text takes the alias away; the kernel's strings are not empty",
	"vxlan.data.ttl-inherit": "a flag in requests and a byte in answers; the spec says bytes",
	"gso-max-size":           "the least depends on how the kernel was built",
	"gso-ipv4-max-size":      "the least depends on how the kernel was built",
	"txqlen":                 "some kernels have a limit and others have none",
}

// TestLinkPolicy sends each attribute that a request can have, and each of every kind of link, too short or too long. The kernel refuses
// it and says what it would take; that must be what the spec says.
func TestLinkPolicy(t *testing.T) {
	n := witness.NewNamespace(t, nlconn.WithoutValidation())
	c := witness.NewTally(t)
	link := n.Plain("policy0")
	request := rtlink.OpNewlink.Policy
	p := &prober{c: c, send: func(a nlattr.Attr) error {
		return n.Links.Newlink(n.Ctx, &rtlink.NewlinkRequest{Header: rtlink.Ifinfomsg{IfiIndex: link.Header.IfiIndex}, Unknown: []nlattr.Attr{a}})
	}}
	for i, a := range request.Attrs.Set().Attrs {
		if slices.Contains(request.Accept, a.Number) {
			p.attr(&request.Attrs.Set().Attrs[i], nil)
		}
	}
	data := request.Attrs.Set().Find(rtlink.AttrLinkLinkinfo).Nested.Set().Find(rtlink.AttrLinkinfoData)
	kinds := 0
	for _, format := range data.Sub.Formats {
		p.send = func(a nlattr.Attr) error {
			req := &rtlink.NewlinkRequest{Ifname: nlattr.Some("probe0"), Linkinfo: &rtlink.LinkinfoAttrs{
				Kind: nlattr.Some(format.Value), Unknown: []nlattr.Attr{a},
			}}
			err := n.Links.Newlink(n.Ctx, req, nlconn.Create, nlconn.Exclusive)
			if err == nil { // A kind that needs no data, and does not look at this.
				err = n.Links.Dellink(n.Ctx, &rtlink.DellinkRequest{Ifname: nlattr.Some("probe0")})
			}
			return err
		}
		var refusal *nlmsg.Error
		if err := p.send(nlattr.Attr{Type: rtlink.AttrLinkinfoXstats}); errors.As(err, &refusal) && refusal.Message == "Unknown device type" {
			continue
		}
		kinds++
		if format.Nested != nil {
			p.kind = format.Value
			p.set(format.Nested, []*nlpolicy.Attr{data})
		}
	}
	c.Report("policies")
	t.Logf("%d kinds", kinds)
	t.Logf("refused without saying why: %s", strings.Join(p.terse, " "))
	t.Logf("not looked at: %s", strings.Join(p.silent, " "))
}

// A prober sends attributes that are wrong and looks at what the kernel says about them.
type prober struct {
	c      *witness.Tally
	send   func(nlattr.Attr) error
	kind   string   // of link, if the attributes belong to one
	terse  []string // attributes that the kernel refused and said no more
	silent []string // attributes that the kernel took: nothing reads them, but for the kernel itself
}

// set probes the attributes of a set inside the nests of a path.
func (p *prober) set(set nlpolicy.Ref, path []*nlpolicy.Attr) {
	for i := range set.Set().Attrs {
		p.attr(&set.Set().Attrs[i], path)
	}
}

// attr probes an attribute, and what is in it.
func (p *prober) attr(a *nlpolicy.Attr, path []*nlpolicy.Attr) {
	words := []string{p.kind}
	for _, outer := range path {
		words = append(words, outer.Name)
	}
	at := strings.TrimPrefix(strings.Join(append(words, a.Name), "."), ".")
	list := &p.silent
	for _, payload := range wrong(a) {
		var refusal *nlmsg.Error
		err := p.send(nested(path, nlattr.Attr{Type: a.Number, Data: payload}))
		if !errors.As(err, &refusal) {
			continue
		}
		if refusal.Policy == nil {
			list = &p.terse
			continue
		}
		list = nil
		p.c.Fields++
		if why := otherwise[at]; why != "" {
			p.c.Unseen[at] = why
		} else if !sameType(a, refusal.Policy) || !within(a, refusal.Policy) {
			p.c.Errorf("%s: ours is %v %+v, the kernel's %v", at, a.Kind, a.Limits, refusal.Policy)
		}
		break
	}
	if list != nil {
		*list = append(*list, at)
	}
	if a.Kind == nlpolicy.Nest && len(path) < 4 {
		p.set(a.Nested, append(slices.Clip(path), a))
	}
}

// sameType reports whether the kernel has another word for our type. An IPv4 address is bytes in some specs and a number to the kernel.
func sameType(a *nlpolicy.Attr, theirs *nlmsg.Policy) bool {
	return slices.Contains(policyTypes[a.Kind], theirs.Type) ||
		a.Kind == nlpolicy.Binary && a.Hint == nlpolicy.IPv4 && theirs.Type == nlmsg.PolicyU32
}

// within reports whether the spec admits no more than the kernel. It may admit less: the kernel looks at some values only later.
func within(a *nlpolicy.Attr, theirs *nlmsg.Policy) bool {
	var own nlpolicy.Limits
	if a.Limits != nil {
		own = *a.Limits
	}
	bits := map[nlpolicy.Kind]int{nlpolicy.U8: 8, nlpolicy.U16: 16, nlpolicy.U32: 32, nlpolicy.U64: 64}[a.Kind]
	if bits > 0 && theirs.Has&nlmsg.HasMaxU != 0 {
		greatest := ^uint64(0) >> (64 - bits)
		if own.Has&nlpolicy.HasMax != 0 {
			greatest = uint64(own.Max)
		}
		if a.Enum == nil && greatest > theirs.MaxU || own.Has&nlpolicy.HasMin == 0 && theirs.MinU > 0 {
			return false
		}
	}
	if theirs.Has&nlmsg.HasMaxLen != 0 && a.Struct == nil && theirs.MaxLen > 0 {
		longest := max(own.MaxLen, own.Exact)
		return longest > 0 && longest <= theirs.MaxLen
	}
	return true
}

// wrong returns payloads that an attribute can not have.
func wrong(a *nlpolicy.Attr) [][]byte {
	switch a.Kind {
	case nlpolicy.Unused, nlpolicy.Pad:
		return nil
	case nlpolicy.Flag, nlpolicy.Nest, nlpolicy.SubMessage, nlpolicy.IndexedArray:
		return [][]byte{{1}}
	}
	return [][]byte{{}, make([]byte, 1000)}
}

// nested puts an attribute into nests.
func nested(path []*nlpolicy.Attr, a nlattr.Attr) nlattr.Attr {
	for _, outer := range slices.Backward(path) {
		e := nlattr.NewEncoder(nil)
		e.Raw([]nlattr.Attr{a})
		a = nlattr.Attr{Type: outer.Number | nlattr.Nested, Data: e.Written()}
	}
	return a
}
