package gen

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/nlgen/nlgen"
	"github.com/nlgen/nlgen/gen/diag"
	"github.com/nlgen/nlgen/gen/ir"
	"github.com/nlgen/nlgen/gen/resolve"
	"github.com/nlgen/nlgen/gen/spec"
)

// otherwise lists in what a corrected spec of the kernel still differs from one of ours, by family and the names there, and why it is no
// error that could be corrected.
var otherwise = map[string]string{
	"conntrack counter-attrs/bytes-old":                       "no kernel sends it any more",
	"conntrack counter-attrs/packets-old":                     "no kernel sends it any more",
	"ethtool stats-grp/stat":                                  "ours keeps the counter as unknown",
	"ethtool stringset/strings":                               "there is never more than one",
	"rt-link linkinfo-bridge-attrs/fdb-flush":                 "the kernel looks at no content",
	"mptcp_pm event-attr/if-idx":                              "an index is never negative",
	"nftables set-attrs/expr":                                 "there is never more than one",
	"rt-link link-attrs/cost":                                 "no kernel sends it",
	"rt-link link-attrs/priority":                             "no kernel sends it",
	"rt-route route-attrs/expires":                            "a request has 32 bits, a multicast forwarding entry 64",
	"tc police-attrs/result":                                  "the same bits",
	"tc struct tc-pedit-key/mask":                             "the header has no order either; it is that of the packet",
	"tc struct tc-pedit-key/val":                              "the header has no order either; it is that of the packet",
	"tc struct tc-fq-qd-stats/band-drops":                     "an array, which ours has as members",
	"tc struct tc-fq-qd-stats/band-pkt-count":                 "an array, which ours has as members",
	"tc struct tc-pedit-sel/keys":                             "an array of any length, for which specs have no words; ours has it from nlgen.yaml",
	"tc struct tc-u32-sel/keys":                               "an array of any length, for which specs have no words; ours has it from nlgen.yaml",
	"tc struct tc-u32-pcnt/kcnts":                             "an array of any length, for which specs have no words; ours has it from nlgen.yaml",
	"nftables enum bitwise-ops/bool":                          "later kernels name it otherwise",
	"conntrack enum nf-ct-sctp-state/shutdown-received":       "only the name is another",
	"conntrack enum nf-ct-sctp-state/shutdown-heartbeat-sent": "only the name is another",
}

// TestErrataAgree compares the kernel's specs, corrected, with those of this project, fact by fact: what decides over the bytes of a
// message is the same, but for what is listed.
func TestErrataAgree(t *testing.T) {
	files, err := filepath.Glob("../../shared/kernel-specs/*/*.yaml")
	if err != nil {
		t.Fatal(err)
	}
	if len(files) == 0 {
		t.Skip("the kernel's specs are not there")
	}
	ours := map[string]*ir.Family{}
	for _, target := range BuiltIn().Targets {
		src, err := nlgen.Files.ReadFile(target.key)
		if err != nil {
			t.Fatal(err)
		}
		report := new(diag.Report)
		tree := spec.Read(report, target.key, src)
		if f := resolve.Family(report, tree, target.Options); f != nil {
			ours[f.Name] = f
		}
	}
	used := map[string]bool{}
	compared := 0
	for _, file := range files {
		src, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		theirs, _ := corrected(t, file, src)
		our := ours[theirs.Name]
		if our == nil {
			continue
		}
		compare := func(name, their, our string) {
			compared++
			key := theirs.Name + " " + name
			if short, ok := strings.CutPrefix(name, "tc-"); ok {
				key = theirs.Name + " " + short // linux 6.12 has sets with the name of the family in front.
			}
			if their == our {
				return
			}
			if used[key] = true; otherwise[key] == "" {
				t.Errorf("%s: %s is %s, ours is %s", file, name, their, our)
			}
		}
		agreeStructs(theirs, our, compare)
		agreeEnums(theirs, our, compare)
		agreeSets(theirs, our, compare)
	}
	for key := range otherwise {
		if !used[key] {
			t.Errorf("%s is listed, and does not differ", key)
		}
	}
	if compared < 2000 {
		t.Errorf("only %d facts are in both", compared)
	}
	t.Logf("%d facts compared", compared)
}

func agreeStructs(theirs, ours *ir.Family, compare func(name, their, our string)) {
	for _, s := range theirs.Structs {
		i := slices.IndexFunc(ours.Structs, func(o *ir.Struct) bool { return o.Name == s.Name })
		if i < 0 {
			continue
		}
		for _, m := range s.Members {
			our := "not there"
			for _, o := range ours.Structs[i].Members {
				if o.Offset == m.Offset {
					our = fmt.Sprint(o.Size, o.Type, o.Order)
				}
			}
			compare("struct "+s.Name+"/"+m.Name, fmt.Sprint(m.Size, m.Type, m.Order), our)
		}
	}
}

func agreeEnums(theirs, ours *ir.Family, compare func(name, their, our string)) {
	for _, e := range theirs.Enums {
		i := slices.IndexFunc(ours.Enums, func(o *ir.Enum) bool { return o.Name == e.Name })
		if i < 0 || e.Name == "ifla-inet6-stats" { // Its order has changed since linux 6.12.
			continue
		}
		for _, x := range e.Entries {
			our := "not there"
			for _, o := range ours.Enums[i].Entries {
				if o.Name == strings.ReplaceAll(x.Name, "_", "-") {
					our = fmt.Sprint(o.Number)
				}
			}
			compare("enum "+e.Name+"/"+x.Name, fmt.Sprint(x.Number), our)
		}
	}
}

func agreeSets(theirs, ours *ir.Family, compare func(name, their, our string)) {
	for _, s := range theirs.Sets {
		i := slices.IndexFunc(ours.Sets, func(o *ir.Set) bool { return o.Name == s.Name || "tc-"+o.Name == s.Name })
		if i < 0 {
			continue
		}
		for _, a := range s.Attrs {
			if o := ours.Sets[i].Attr(a.Name); o != nil && a.Presence != ir.Never {
				compare(s.Name+"/"+a.Name, fmt.Sprint(a.Number, " ", form(a, o)), fmt.Sprint(o.Number, " ", form(o, a)))
			}
		}
	}
}

// form says how an attribute stands on the wire, as far as another one says it too: bytes without a structure may have any.
func form(a, other *ir.Attr) string {
	if a.Type == "binary" && a.Order == ir.Host || other.Type == "binary" && other.Order == ir.Host {
		if fixed(a) || fixed(other) {
			return a.Type
		}
		return "bytes"
	}
	multi := ""
	if a.Multi {
		multi = " multi"
	}
	return fmt.Sprint(a.Type, a.Elem, a.Order, multi)
}

// fixed reports whether an attribute is a number or a flag, which is something else than bytes.
func fixed(a *ir.Attr) bool {
	switch a.Type {
	case "binary", "nest", "sub-message", "indexed-array", "record", "string", "unused":
		return false
	}
	return true
}
