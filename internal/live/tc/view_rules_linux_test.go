package tc

import (
	"encoding/json"
	"fmt"
	"reflect"

	"github.com/nlgen/nlgen/generated/tc"
	"github.com/nlgen/nlgen/internal/witness"
	"github.com/nlgen/nlgen/runtime/nlattr"
)

// seeFilters compares the filters of a parent with what tc lists, where that is JSON. What tc shows of actions has a test of its own,
// and so have the keys of flower.
func (b *bench) seeFilters(tally *witness.Tally, parent uint32) {
	b.T.Helper()
	ours := b.filters(parent, nil)
	var theirs []witness.Object
	out := witness.Output(b.T, "tc", "-s", "-d", "-j", "filter", "show", "dev", b.dev, "parent", handleText(parent))
	if err := json.Unmarshal(out, &theirs); err != nil {
		tally.Unseen["options"] = witness.Unseen("tc prints no JSON: " + err.Error())
		return
	}
	if len(ours) != len(theirs) {
		tally.Errorf("%d filters are ours, tc has %d", len(ours), len(theirs))
		return
	}
	words := map[uint16]string{ip: "ip", all: "all", ipv6: "ipv6", arp: "arp"}
	for i, f := range ours {
		options, _ := theirs[i]["options"].(witness.Object)
		delete(theirs[i], "options")
		witness.Compare(tally, "filter", f, witness.View[*tc.GettfilterReply]{
			"pref": func(f *tc.GettfilterReply) any { return f.Header.Info >> 16 },
			"protocol": func(f *tc.GettfilterReply) any {
				if word, ok := words[swap(uint16(f.Header.Info))]; ok {
					return word
				}
				return witness.Unseen("a name of an ethertype that tc has")
			},
		}, theirs[i])
		b.seeRule(tally, f, options)
	}
}

// seeRule compares the options of a filter, those that say what they are.
func (b *bench) seeRule(tally *witness.Tally, f *tc.GettfilterReply, theirs witness.Object) {
	h := f.Header.Handle
	ours := witness.Object{"handle": witness.OneOf{h, fmt.Sprintf("%#x", h)}}
	if f.Options != nil {
		if v := reflect.ValueOf(f.Options).Elem().FieldByName("Classid"); v.IsValid() {
			class := handleText(v.Interface().(nlattr.Opt[uint32]).V)
			ours["flowid"], ours["classid"] = class, class
		}
	}
	switch o := f.Options.(type) {
	case *tc.U32Attrs:
		add(ours, witness.Object{
			"ht_divisor": o.Divisor, "bkt": fmt.Sprintf("%x", h>>12&0xff), "key_ht": fmt.Sprintf("%x", h>>20), "order": h & 0xfff,
			"fwmark_value": fmt.Sprintf("%#x", o.Mark.V.Val), "fwmark_mask": fmt.Sprintf("%#x", o.Mark.V.Mask), "fwmark_success": o.Mark.V.Success,
			"skip_hw": o.Flags.V&tc.ClsFlagsSkipHw != 0, "not_in_hw": o.Flags.V&tc.ClsFlagsNotInHw != 0,
		})
		if p := o.Pcnt; p != nil {
			ours["rule_hit"] = p.Rcnt
			ours["success"] = p.Rhit
			if n := len(p.Kcnts); n > 0 {
				ours["success"] = p.Kcnts[n-1] // Of keys of one name the last is left.
			}
		}
		if o.Sel != nil && len(o.Sel.Keys) > 0 {
			k := o.Sel.Keys[len(o.Sel.Keys)-1]
			ours["match"] = witness.Object{
				"value": fmt.Sprintf("%x", k.Val), "mask": fmt.Sprintf("%x", k.Mask), "off": k.Off, "offmask": map[bool]string{true: "nexthdr+"}[k.Offmask != 0],
			}
		}
		if o.Divisor.OK {
			ours["fh"] = fmt.Sprintf("%x:", h>>20)
		} else {
			ours["fh"] = fmt.Sprintf("%x::%x", h>>20, h&0xfff)
		}
	case *tc.BpfAttrs:
		var program []any
		for _, i := range o.Ops.Instructions {
			program = append(program, witness.Object{"code": i.Code, "jt": i.Jt, "jf": i.Jf, "k": i.K})
		}
		add(ours, witness.Object{
			"direct-action": o.Flags.V&tc.BpfFlagsActDirect != 0, "skip_hw": o.FlagsGen.V&tc.ClsFlagsSkipHw != 0,
			"not_in_hw": o.FlagsGen.V&tc.ClsFlagsNotInHw != 0, "bytecode": witness.Object{"length": o.OpsLen, "insns": program},
		})
	case *tc.MatchallAttrs:
		add(ours, witness.Object{
			"rule_hit": o.Pcnt.V.Rhit, "skip_hw": o.Flags.V&tc.ClsFlagsSkipHw != 0, "not_in_hw": o.Flags.V&tc.ClsFlagsNotInHw != 0,
		})
	case *tc.FlowerAttrs:
		add(ours, witness.Object{
			"indev": o.Indev, "skip_hw": o.Flags.V&tc.ClsFlagsSkipHw != 0, "not_in_hw": o.Flags.V&tc.ClsFlagsNotInHw != 0,
		})
	}
	for key, value := range theirs {
		if mine, ok := ours[key]; ok {
			tally.Field(f.Kind.V+"."+key, mine, value)
		} else {
			tally.Unseen[f.Kind.V+"."+key] = asked
		}
	}
}
