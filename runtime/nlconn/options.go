package nlconn

import (
	"github.com/nlgen/nlgen/runtime/nlattr"
	"github.com/nlgen/nlgen/runtime/nlmsg"
)

// CallOption changes one call.
type CallOption interface{ callOption() }

// Flags are netlink message flags that modify a request. They mean something to
// old families only: modern generic netlink commands refuse all but [Echo].
type Flags uint16

// The flags. Some have the same number and differ by the kind of request.
const (
	Replace   Flags = nlmsg.FlagReplace // replace what is there
	Exclusive Flags = nlmsg.FlagExcl    // fail if it is there
	Create    Flags = nlmsg.FlagCreate  // create if it is not there
	Append    Flags = nlmsg.FlagAppend  // add at the end of the list
	Echo      Flags = nlmsg.FlagEcho    // answer with the notification that the request causes
	NonRec    Flags = nlmsg.FlagNonRec  // do not delete recursively
	Bulk      Flags = nlmsg.FlagBulk    // delete many objects
	Atomic    Flags = nlmsg.FlagAtomic  // dump a snapshot
	Root      Flags = nlmsg.FlagRoot    // the whole table
	Match     Flags = nlmsg.FlagMatch   // all that match
)

func (Flags) callOption() {}

// callFlag is an option without a value.
type callFlag uint8

const (
	flagNoValidate callFlag = iota
	flagLax
	flagWantAck
)

func (callFlag) callOption() {}

// The options that have no value.
var (
	// NoValidate sends the request without looking at it.
	NoValidate CallOption = flagNoValidate
	// Lax sends the request through a socket without strict checking
	// (NETLINK_GET_STRICT_CHK), for requests that strict kernels refuse.
	Lax CallOption = flagLax
	// WantAck asks for an ack even where the answer ends without one. It is how
	// the warning of a successful [Do] is seen (see [OnAck], which implies it).
	WantAck CallOption = flagWantAck
)

// ackFunc is what [OnAck] returns.
type ackFunc func(*nlmsg.Ack)

func (ackFunc) callOption() {}

// OnAck calls f with what the kernel says beside success, if it says anything:
// a warning, a cookie. Where several messages are acknowledged it is called for
// each. It is called before the call returns, by the same goroutine.
func OnAck(f func(*nlmsg.Ack)) CallOption { return ackFunc(f) }

// filteredFlag is what [Filtered] returns.
type filteredFlag struct{ p *bool }

func (filteredFlag) callOption() {}

// Filtered sets *p at the end of a dump to whether the kernel filtered it by the
// request (NLM_F_DUMP_FILTERED). Where it did not, the caller has to.
func Filtered(p *bool) CallOption { return filteredFlag{p} }

// retries is what [Retries] returns.
type retries int

func (retries) callOption() {}

// Retries is how often [Collect] repeats a dump that was interrupted; without it
// as often as [WithRetries] says.
func Retries(n int) CallOption { return retries(n) }

// DefaultRetries is how often [Collect] repeats a dump that was interrupted, if
// neither [Retries] nor [WithRetries] says otherwise.
const DefaultRetries = 8

// call is what the options of a call come to.
type call struct {
	flags      uint16
	noValidate bool
	lax        bool
	wantAck    bool
	onAck      func(*nlmsg.Ack)
	filtered   *bool
	retries    nlattr.Opt[int]
}

// set reads the options. It calls no method of theirs, so that neither they nor
// the call escape to the heap.
func (o *call) set(opts []CallOption) {
	*o = call{}
	for _, opt := range opts {
		switch opt := opt.(type) {
		case Flags:
			o.flags |= uint16(opt)
		case callFlag:
			switch opt {
			case flagNoValidate:
				o.noValidate = true
			case flagLax:
				o.lax = true
			case flagWantAck:
				o.wantAck = true
			}
		case ackFunc:
			o.onAck, o.wantAck = opt, true
		case filteredFlag:
			o.filtered = opt.p
		case retries:
			o.retries = nlattr.Some(int(opt))
		}
	}
}
