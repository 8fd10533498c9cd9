package nlconn

import "github.com/nlgen/nlgen/runtime/nlmsg"

// Hooks are called on what happens to messages. Those that are nil cost nothing.
// They are called by the goroutine of the call or the loop that they are about,
// from many goroutines at a time; slices are borrowed for the time of the call.
type Hooks struct {
	// Out is called with each datagram before it is sent.
	Out func(protocol int, datagram []byte)
	// Request is called with each request of an operation before it is sent. The
	// messages that begin and end a transaction are requests, too.
	Request func(op *Operation, message []byte)
	// In is called with each message that is received, before anything is known
	// about it.
	In func(protocol int, h nlmsg.Header, message []byte)
	// Valid is called with each message that is handed on as a reply.
	Valid func(op *Operation, message []byte)
	// Ack is called with each ack that carries a warning or a cookie. If it is
	// set, every do asks for an ack, also one of [Operation.Single].
	Ack func(op *Operation, ack *nlmsg.Ack)
	// Finish is called when an answer has ended, with its error; for each request
	// of a batch when that has, with the error that is about this request. A loop
	// that is left is no error.
	Finish func(op *Operation, err error)
	// Interrupted is called when a dump ends that was interrupted.
	Interrupted func(op *Operation)
	// Overrun is called when messages were lost.
	Overrun func(protocol int)
	// Stale is called with messages that answer no request of the current
	// exchange.
	Stale func(protocol int, h nlmsg.Header)
	// Foreign is called with datagrams that the kernel did not send.
	Foreign func(protocol int, port uint32, datagram []byte)
	// Skipped is called with messages that mean nothing to the receiver.
	Skipped func(protocol int, h nlmsg.Header, message []byte)
}

func (k *Hooks) request(op *Operation, message []byte) {
	if k.Request != nil {
		k.Request(op, message)
	}
}

func (k *Hooks) valid(op *Operation, message []byte) {
	if k.Valid != nil {
		k.Valid(op, message)
	}
}

func (k *Hooks) finish(op *Operation, err error) {
	if k.Finish != nil {
		k.Finish(op, err)
	}
}

func (k *Hooks) overrun(protocol int) {
	if k.Overrun != nil {
		k.Overrun(protocol)
	}
}

func (k *Hooks) foreign(protocol int, port uint32, datagram []byte) {
	if k.Foreign != nil {
		k.Foreign(protocol, port, datagram)
	}
}

func (k *Hooks) skipped(protocol int, h nlmsg.Header, message []byte) {
	if k.Skipped != nil {
		k.Skipped(protocol, h, message)
	}
}
