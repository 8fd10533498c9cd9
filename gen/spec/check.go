package spec

// check reports what the schemas refuse and what cannot be said of a single key.
func (r *reader) check(f *Family) {
	if f.Version.Set && f.Version.V == 0 {
		r.report.Errorf(f.Version.Pos, `"version" must be at least 1`)
	}
	raw := f.Protocol.V == "netlink-raw"
	if f.Protonum.Set && !raw && !f.Protocol.Bad {
		r.report.Warnf(f.Protonum.Pos, `"protonum" means nothing unless the protocol is netlink-raw`)
	}
	for _, d := range f.Definitions {
		r.checkDefinition(d)
	}
	for _, s := range f.AttributeSets {
		r.checkSet(s)
	}
}

func (r *reader) checkDefinition(d *Definition) {
	lacks := ""
	switch d.Type.V {
	case "const":
		if !d.Value.Set && !d.Value.Bad {
			lacks = "value"
			d.Value.spoil(d.Pos)
		}
	case "enum", "flags":
		if d.Entries == nil {
			lacks = "entries"
		}
	case "struct":
		if d.Members == nil {
			lacks = "members"
		}
	}
	if lacks != "" {
		r.report.Errorf(d.Pos, "%s has no %q", named(d.Type.V, d.Name), lacks)
	}
}

func (r *reader) checkSet(s *AttributeSet) {
	if s.SubsetOf.Set || s.SubsetOf.Bad {
		if s.NamePrefix.Set {
			r.report.Warnf(s.NamePrefix.Pos, `"name-prefix" means nothing beside "subset-of"`)
		}
		return
	}
	for _, a := range s.Attributes {
		if !a.Type.Set && !a.Type.Bad {
			r.report.Errorf(a.Pos, "%s has no %q", named("attribute", a.Name), "type")
			a.Type.spoil(a.Pos)
		}
	}
}
