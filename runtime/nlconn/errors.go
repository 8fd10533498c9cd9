package nlconn

import (
	"errors"
	"fmt"
	"syscall"

	"github.com/nlgen/nlgen/runtime/nlmsg"
	"github.com/nlgen/nlgen/runtime/socket"
)

var (
	// ErrClosed reports that the Conn, the subscription or the socket is closed.
	ErrClosed = socket.ErrClosed
	// ErrOverrun reports that the receive queue was full and that messages were
	// lost. Whoever keeps a state by notifications has to read it anew, see
	// [Subscription.All].
	ErrOverrun = socket.ErrOverrun
	// ErrDumpInterrupted reports that what was dumped changed meanwhile
	// (NLM_F_DUMP_INTR), so that entries may be missing or twice.
	ErrDumpInterrupted = errors.New("dump was interrupted by a change: its data may be inconsistent")
	// ErrNoDone reports a dump that stopped without NLMSG_DONE.
	ErrNoDone = errors.New("dump ended without NLMSG_DONE")
	// ErrNoAnswer reports a request of a batch that was neither acknowledged nor
	// refused.
	ErrNoAnswer = errors.New("request was not answered")
	// ErrNotSent reports a request of a batch that was not sent because an
	// earlier one failed.
	ErrNotSent = errors.New("request was not sent")
	// ErrTruncated reports a datagram that was cut since it is too large: an answer
	// above 1 MiB; an event, or an answer to a batch, above 128 KiB.
	ErrTruncated = errors.New("datagram is truncated")
	// ErrUnexpectedReply reports a message that is not the operation's reply.
	ErrUnexpectedReply = errors.New("answer is not the operation's reply")
	// ErrMoreReplies reports that [Do] left out all but the first reply of an
	// operation that answers several: [DoAll] yields them all.
	ErrMoreReplies = errors.New("operation answered more than one reply")
	// ErrFamilyGone reports to a subscription that its generic family was
	// unregistered, as when a module is unloaded: its groups are gone with it. It
	// is the last of the loop. When the family is back, [Subscription.Join] joins
	// its groups anew, and another loop goes on. Like every event this one can be
	// among those that were lost, see [ErrOverrun].
	ErrFamilyGone = errors.New("family was unregistered")
	// ErrNotOneSocket reports a subscription to a family that tells what it has to
	// tell to the port that asked, over a Conn whose subscriptions have ports of
	// their own, and which would never receive anything.
	ErrNotOneSocket = errors.New("the family tells only the port that asks: open the Conn WithOneSocket")
	// ErrBusy reports a second loop over one subscription.
	ErrBusy = errors.New("subscription is being read by another loop")
)

// wrap says which operation an error belongs to. Errors of the kernel know.
func (op *Operation) wrap(err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s: %s: %w", op.Family.Name, op.Name, err)
}

// gone reports whether an error is what generic netlink says about a message
// type that is no family's: ENOENT and not a word. The family's own ENOENT may
// look the same.
func gone(err error) bool {
	var e *nlmsg.Error
	return errors.As(err, &e) && e.Errno == syscall.Errno(2) && e.Message == "" && e.Offset == 0 && e.Missing == ""
}
