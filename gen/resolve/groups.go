package resolve

import (
	"math"

	"github.com/nlgen/nlgen/gen/diag"
	"github.com/nlgen/nlgen/gen/ir"
)

// groups declares the multicast groups.
func (f *family) groups(report *diag.Report) {
	if f.src.McastGroups == nil {
		return
	}
	byNumber := map[uint32]*ir.Group{}
	for _, src := range f.src.McastGroups.List {
		g := &ir.Group{Name: src.Name.V, Pos: src.Name.Pos}
		if !declare(report, f.grps, "multicast group", src.Name, g, func(g *ir.Group) diag.Pos { return g.Pos }) {
			continue
		}
		v := src.Value
		switch {
		case v.Set && v.V > math.MaxUint32:
			report.Errorf(v.Pos, "multicast group %q has number %d, which does not fit into 32 bits", g.Name, v.V)
		case v.Set && f.Generic():
			report.Warnf(v.Pos, "the number of multicast group %q is ignored: generic netlink finds groups by name", g.Name)
		case v.Set:
			g.ID = uint32(v.V)
			if first := byNumber[g.ID]; first != nil {
				report.Warnf(v.Pos, "multicast group %q has the number of %q, %d: who joins one joins both", g.Name, first.Name, g.ID).
					See(first.Pos, "declared here")
			} else {
				byNumber[g.ID] = g
			}
		case !v.Bad && !f.Generic():
			report.Warnf(g.Pos, "multicast group %q has no value, so nobody can join it", g.Name)
		}
		f.Groups = append(f.Groups, g)
	}
}
