package resolve

import (
	"github.com/nlgen/nlgen/gen/diag"
	"github.com/nlgen/nlgen/gen/goname"
	"github.com/nlgen/nlgen/gen/ir"
	"github.com/nlgen/nlgen/gen/spec"
)

// Options are the choices of a user that no spec can express. They come from nlgen.yaml.
type Options struct {
	// Package is the name of the Go package; if it is empty, the name is made from that of the family.
	Package string
	Strip   []Strip
	Names   []Rename
	Records []Record
	Replies []Reply
	Arrays  []Array
	Single  []Single
	// NetByteorder sets NLA_F_NET_BYTEORDER on attributes in network byte order: integers that are big-endian, and addresses. No kernel
	// wants it but that of ipset, which refuses attributes without.
	NetByteorder bool
	Errors       Errors
}

// Rename replaces the Go name of one declaration. Path says which, by section and names as the spec has them, joined by slashes:
//
//	definitions/port-type            the type of an enum, flags or struct; the const
//	definitions/port-type/eth        the part behind the type's name in PortTypeEth
//	definitions/ifinfomsg/ifi-index  the field of a struct
//	attribute-sets/link-attrs        the type; the constants have Attr and this name, less a final Attrs, in front
//	attribute-sets/link-attrs/map    the field, and the end of the constant; in subsets too
//	operations/getlink               the method, and the beginning of all types of the operation
//	mcast-groups/rtnlgrp-link        the part behind Group
//	sub-messages/linkinfo-data-msg   the interface
//	sub-messages/linkinfo-data-msg/vxlan   the part behind the sub-message's name in the type of a format
//
// Go must be an exported identifier.
type Rename struct {
	Path string
	Go   string
	Pos  diag.Pos // of the path in nlgen.yaml
}

// Record says that a binary attribute holds C structs of varying length, each followed by attributes: RTA_MULTIPATH is a list of
// struct rtnexthop. Without a length, the attribute holds one struct and the attributes behind it fill the rest: MDBA_MDB_ENTRY_INFO
// starts with a struct br_mdb_entry.
type Record struct {
	Set        string // the attribute set, by its name in the spec; subsets of it follow
	Attribute  string
	Struct     string // the struct in front of each record
	Length     string // its u16 member that holds the length of the record; empty if there is just one
	Attributes string // the set of the attributes behind the struct
	Go         string // the type of one record
	Pos        diag.Pos
}

// Reply says that what answers an operation, its notifications included, has another fixed header or attribute set than the request,
// which specs have no words for: SOCK_DIAG_BY_FAMILY is asked with struct inet_diag_req_v2 and answered with struct inet_diag_msg.
type Reply struct {
	Operation    string
	FixedHeader  string   // empty: that of the request
	AttributeSet string   // empty: that of the request; else the reply has all attributes of the set
	Pos          diag.Pos // of the operation in nlgen.yaml
}

// Array says that the last member of a struct is a C flexible array: as many elements as the payload has room for. A binary with a struct
// is an array of these, a binary without a length one of bytes, an integer one of integers.
type Array struct {
	Struct string
	Member string
	Count  string   // the member that holds the number of elements; empty if there is none
	Pos    diag.Pos // of the member in nlgen.yaml
}

// Single says that the kernel answers a do by exactly one message, or by an error, and that its acks say nothing. Then no ack is asked
// for: making, queueing and reading one takes a third of a short request.
type Single struct {
	Operation string
	Pos       diag.Pos
}

// Errors names the enum of errors that a family has of its own. The kernel sends them where others send an errno: those of ipset begin
// behind it, at 4096.
type Errors struct {
	Enum string // empty if there are none
	Pos  diag.Pos
}

// passes are what Family does, in this order. A pass takes the family under construction and the report, and returns nothing.
var passes = []func(*family, *diag.Report){
	(*family).head,        // Name, level and protocol decide how everything else is read.
	(*family).definitions, // Consts come first within: values, lengths and limits may name them.
	(*family).errors,      // They are an enum.
	(*family).layout,      // Sizes of structs decide how attributes are held.
	(*family).number,      // Attributes exist and have numbers from here on.
	(*family).subsets,     // They copy the numbered attributes of their parents.
	(*family).kinds,       // What a kind does not read must be gone before references are followed.
	(*family).submessages, // Their formats refer to sets, and attributes refer to them.
	(*family).references,  // Everything that an attribute can refer to exists now.
	(*family).records,     // They change attributes that are whole otherwise.
	(*family).limits,      // Ranges depend on the kind, masks on the enum.
	(*family).enums,       // Their width is that of the attributes and members that use them.
	(*family).presence,    // Depends on the size of structs and on records.
	(*family).nests,       // The graph of sets is final: flags of sets, selectors from enclosing sets.
	(*family).check,       // Attributes are complete but for their names.
	(*family).groups,      // Operations refer to them.
	(*family).operations,  // Bound to sets and headers; notifications need all of them.
	(*family).numberOps,   // In the order of the spec, reserved entries included.
	(*family).weigh,       // Nothing is multiplied yet.
	(*family).messages,    // The lists of do, dump and notifications meet here.
	(*family).singles,     // Whether there is a reply is known by now.
	(*family).events,      // Their content is that of messages.
	(*family).cnames,      // Those of C, which no later pass looks at.
	(*family).name,        // Last, since it needs to know every declaration.
}

// Family resolves a spec. It returns nil if the report then has an error, from reading the spec or from here: each family therefore
// wants a report of its own. Whoever patches a spec does so on the tree, before.
func Family(report *diag.Report, s *spec.Family, opts Options) *ir.Family {
	if s == nil {
		return nil
	}
	return resolve(report, s, opts, goname.For(s.Name.V))
}

func resolve(report *diag.Report, s *spec.Family, opts Options, overrides []goname.Override) *ir.Family {
	f := newFamily(s, opts, overrides)
	for _, pass := range passes {
		pass(f, report)
	}
	if report.HasErrors() {
		return nil
	}
	return f.Family
}
