package spec

import (
	"reflect"
	"slices"
	"strings"

	"github.com/nlgen/nlgen/gen/diag"
)

// Patch is one change of a spec: what it is for, what it must see there, and what becomes of it. Exactly one of Set, Add and Drop is
// given, or none and one of After and Before, which then move an item within its list.
//
// A path names an object by section and names as the spec has them, joined by slashes:
//
//	family                           the keys at the top of the spec
//	definitions/port-type/eth        an entry of an enum or of flags, or a member of a struct
//	attribute-sets/link-attrs/mtu    an attribute; attribute-sets/link-attrs/mtu/checks its checks
//	operations                       the section, with its fixed-header
//	operations/getlink/do/request    a message; with the name of an attribute behind it, this item of the list of attributes
//	sub-messages/linkinfo-data-msg/vxlan   a format
//	mcast-groups/rtnlgrp-link        a multicast group
//
// Add takes the path of what gets the new item: attribute-sets, attribute-sets/link-attrs.
//
// A patch works as if the spec had been edited: an attribute with a new value re-bases the numbers of those behind it, and an added one
// shifts them, unless they have values. A new name is taken over by all references within the spec, and a dropped attribute is
// dropped from subsets and from lists of messages.
type Patch struct {
	Pos    diag.Pos
	Family Val[string] `ynl:"family,required,label"`
	Path   Val[string] `ynl:"path,required,label"`
	Was    Fragment    `ynl:"was"` // Keys and values that the object must have; null for a key that it must not have.
	Set    Fragment    `ynl:"set"` // Keys and their new values; null takes a key away.
	Add    Fragment    `ynl:"add"` // An item as it stands in a spec, or a list of items.
	Drop   Val[bool]   `ynl:"drop"`
	After  Val[string] `ynl:"after"`
	Before Val[string] `ynl:"before"`
	Why    Val[string] `ynl:"why,required"`

	erratum bool // One of the project's own, which does no more than its best.
}

// PatchFile is a file of patches.
type PatchFile struct {
	Pos     diag.Pos
	Version Val[uint64] `ynl:"version,required"`
	Patches []*Patch    `ynl:"patches,required"`
}

func init() { describe(reflect.TypeFor[PatchFile]()) }

// ReadErrata reads a file of patches for specs that other people publish. In contrast to the patches of an nlgen.yaml, they apply only
// where the spec has what they must see, and where it has not, that is no error.
func ReadErrata(report *diag.Report, name string, src []byte) []*Patch {
	file := new(PatchFile)
	if readObject(report, name, src, reflect.ValueOf(file).Elem(), nil) == nil {
		return nil
	}
	checkPatches(report, file.Patches)
	for _, p := range file.Patches {
		p.erratum = true
	}
	return file.Patches
}

// For reports whether the patch is for a family with this name. Dashes and underscores are the same: the names of families were changed
// from one to the other.
func (p *Patch) For(family string) bool {
	return p.Family.Set && oneName.Replace(p.Family.V) == oneName.Replace(family)
}

var oneName = strings.NewReplacer("_", "-")

// checkPatches reports what is wrong with patches whatever the spec is.
func checkPatches(report *diag.Report, patches []*Patch) {
	for _, p := range patches {
		p.check(report)
	}
}

func (p *Patch) check(report *diag.Report) {
	if p.Was.isBad() || p.Set.isBad() || p.Add.isBad() || p.Drop.Bad || p.After.Bad || p.Before.Bad {
		return
	}
	drop, move := p.Drop.Set && p.Drop.V, p.After.Set || p.Before.Set
	actions := 0
	for _, given := range []bool{p.Set.IsSet(), p.Add.IsSet(), drop} {
		if given {
			actions++
		}
	}
	switch {
	case actions > 1:
		report.Errorf(p.Pos, `a patch has one of "set", "add" and "drop"`)
	case actions == 0 && !move:
		report.Errorf(p.Pos, `a patch has "set", "add" or "drop", or moves an item with "after" or "before"`)
	case p.After.Set && p.Before.Set:
		report.Errorf(p.Before.Pos, `a patch has one of "after" and "before"`)
	case move && (p.Set.IsSet() || drop):
		report.Errorf(p.Pos, `"after" and "before" say where something is added, or move it; they do not go with "set" and "drop"`)
	}
	for _, f := range []*Fragment{&p.Was, &p.Set} {
		if !f.IsSet() {
			continue
		}
		if _, ok := f.keys(); !ok {
			report.Errorf(f.Pos, `"was" and "set" are mappings of keys, not %s`, kind(f.resolved()))
			return
		}
	}
	p.checkWas(report)
}

// checkWas makes sure that a patch says what it must see of everything that it sets. The name it says by its path.
func (p *Patch) checkWas(report *diag.Report) {
	if !p.Set.IsSet() {
		return
	}
	var was []string
	if p.Was.IsSet() {
		was, _ = p.Was.keys()
	}
	set, _ := p.Set.keys()
	for _, key := range set {
		if key != "name" && !slices.Contains(was, key) {
			report.Errorf(p.Set.Pos, `the patch sets %q, but "was" does not say what that must be now`, key)
		}
	}
}
