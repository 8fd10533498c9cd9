package nlconn

import (
	"github.com/nlgen/nlgen/runtime/nlattr"
	"github.com/nlgen/nlgen/runtime/nlpolicy"
)

// Family describes a netlink family. Generated packages have one each.
type Family struct {
	// Name is the name in the spec: "rt-link", "ethtool". For generic netlink it
	// is also the name that the kernel resolves.
	Name string
	// Protocol is the netlink protocol (NETLINK_ROUTE and so on).
	Protocol int
	// Generic says that messages carry a struct genlmsghdr and that their type
	// is the family's id, which the kernel assigns.
	Generic bool
	// Version goes into the struct genlmsghdr.
	Version uint8
	// Private are commands of a generic family that answer no request, though
	// they come to the port of one and have the numbers behind its number: what
	// the kernel tells by and by of something that was asked for. Requests pass
	// them over; a subscription of a Conn [WithOneSocket] receives them.
	Private []uint16
	// Unicast says that the family has no multicast groups: what it tells, it tells
	// the port that asked for it. So a subscription needs a Conn [WithOneSocket].
	Unicast bool
	// Errors has the names of errors that the family sends in the place of those of
	// the system; nil if there are none.
	Errors *nlpolicy.Enum
}

// Protocols of families that need no constant of their own.
const (
	ProtocolRoute     = 0  // NETLINK_ROUTE
	ProtocolUser      = 2  // NETLINK_USERSOCK: processes among themselves
	ProtocolNetfilter = 12 // NETLINK_NETFILTER
	ProtocolGeneric   = 16 // NETLINK_GENERIC
)

// Operation describes what a family can be asked for. Numbers are commands for
// generic netlink and message types for other protocols.
type Operation struct {
	Family *Family
	Name   string // name in the spec: "getlink"

	// Request is the number of a request; DumpRequest that of a dump request if
	// it differs, else 0.
	Request, DumpRequest uint16
	// Reply is the number of the reply to a do, 0 if it answers nothing but the
	// ack. DumpReply is that of the messages of a dump, 0 if it is Reply; a dump
	// may have messages of both.
	Reply, DumpReply uint16
	// Single says that the kernel always answers a do by exactly one message of
	// the number Reply, or by an error, and that its acks say nothing. Then no
	// ack is asked for, see [Do].
	Single bool

	// Policy describes the request, DumpPolicy the dump request if it differs
	// and ReplyPolicy the replies. Each may be nil: then nothing is validated,
	// and errors name attributes by number.
	Policy, DumpPolicy, ReplyPolicy *nlpolicy.Message
	// Mode is how the kernel looks at requests.
	Mode nlpolicy.Mode
}

// Encodable is a message that can be sent: everything behind the netlink header
// (and the generic netlink header where there is one). A nil Encodable stands
// for a request without content.
type Encodable interface {
	EncodeTo(*nlattr.Encoder)
}

// Decodable is a message that can be received.
type Decodable interface {
	DecodeFrom(*nlattr.Decoder)
}

// Message is a pointer to a T that can be received. It lets functions make new
// messages: callers never write it.
type Message[T any] interface {
	*T
	Decodable
}

// Group is a multicast group of a family. Protocols with fixed groups have an
// ID; generic netlink has names, which the kernel resolves.
type Group struct {
	Name string
	ID   uint32
}
