package resolve

import (
	"slices"

	"github.com/nlgen/nlgen/gen/diag"
	"github.com/nlgen/nlgen/gen/ir"
	"github.com/nlgen/nlgen/gen/spec"
)

// operations declares the operations and binds them to sets, headers, groups, and notifications to the operations that they belong to.
func (f *family) operations(report *diag.Report) {
	ops := f.src.Operations
	if ops == nil {
		return
	}
	header := f.header(report, "family", f.Name, ops.FixedHeader)
	f.Header = header
	for _, src := range ops.List {
		o := &op{src: src}
		if !declare(report, f.opOf, "operation", src.Name, o, (*op).pos) {
			// NB: it still takes a number.
			o.Op = &ir.Op{Pos: src.Name.Pos}
			f.opList = append(f.opList, o)
			continue
		}
		o.Op = &ir.Op{Name: src.Name.V, Doc: cleanDoc(src.Doc.V), Pos: src.Name.Pos}
		f.opList = append(f.opList, o)
		f.bindOp(report, o, header)
		if isReserved(src) {
			continue
		}
		f.Ops = append(f.Ops, o.Op)
	}
	f.replies(report)
	for _, o := range f.opList {
		if o.src.Notify.Set && o.Name != "" {
			f.bindNotify(report, o)
		}
	}
}

// isAsync reports whether an entry is a notification or an event, and isReserved whether it only keeps a number free. NB: this is the
// order in which the kernel's own tool looks at entries.
func isAsync(src *spec.Operation) bool {
	return src.Notify.Set || src.Notify.Bad || src.Event != nil
}

func isReserved(src *spec.Operation) bool {
	return !isAsync(src) && src.Do == nil && src.Dump == nil
}

func (f *family) bindOp(report *diag.Report, o *op, header *ir.Struct) {
	src := o.src
	o.Set = nil
	if src.AttributeSet.Set {
		o.Set = irSet(f.set(report, "operation", o.Name, src.AttributeSet))
	}
	o.Header = header
	if src.FixedHeader.Set {
		o.Header = f.header(report, "operation", o.Name, src.FixedHeader)
	}
	o.reply = form{header: o.Header, set: o.Set}
	for _, v := range src.Flags {
		o.AdminPerm = o.AdminPerm || v.V == "admin-perm"
		o.NetAdmin = o.NetAdmin || v.V == "uns-admin-perm"
	}
	for _, v := range src.DontValidate {
		o.Lenient = o.Lenient || v.V == "strict"
		o.LenientDump = o.LenientDump || v.V == "dump" || v.V == "dump-strict"
	}
	if v := src.Mcgrp; v.Set {
		o.Group = f.grps[v.V]
		if o.Group == nil {
			report.Errorf(v.Pos, "operation %q refers to unknown multicast group %q%s", o.Name, v.V,
				guess(f, v.V, f.Groups, func(g *ir.Group) string { return g.Name }))
		}
	}
	switch {
	case src.Notify.Set && src.Event != nil:
		report.Errorf(src.Event.Pos, "operation %q is both a notification and an event", o.Name).See(src.Notify.Pos, "notification of %q", src.Notify.V)
	case isAsync(src) && (src.Do != nil || src.Dump != nil):
		report.Errorf(o.Pos, "operation %q is called by the user and sent by the kernel; these are two operations", o.Name)
	}
	o.Event = src.Event != nil && !src.Notify.Set
}

// bindNotify binds a notification to the operation whose reply it carries.
func (f *family) bindNotify(report *diag.Report, o *op) {
	v := o.src.Notify
	of := f.opOf[v.V]
	switch {
	case of == nil:
		report.Errorf(v.Pos, "notification %q refers to unknown operation %q%s", o.Name, v.V, guess(f, v.V, slices.Clone(f.opList), (*op).name))
		return
	case isAsync(of.src) || isReserved(of.src):
		report.Errorf(v.Pos, "notification %q refers to %q, which has no reply, being neither a do nor a dump", o.Name, v.V).See(of.Pos, "declared here")
		return
	}
	o.Notify = of.Op
	of.notifies = append(of.notifies, o)
	if o.Set != nil && o.Set != of.reply.set {
		report.Warnf(o.src.AttributeSet.Pos, "the attribute set of notification %q is that of operation %q", o.Name, of.Name).See(of.Pos, "declared here")
	}
	o.Set = of.reply.set
	if !o.src.FixedHeader.Set {
		o.Header = of.reply.header
	}
	o.reply = form{header: o.Header, set: o.Set}
}
