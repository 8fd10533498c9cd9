// Package nlconn carries requests to netlink families and brings back what they
// answer: one operation at a time ([Exec], [Do], [DoAll]), dumps ([Dump],
// [DumpInto], [Collect]), many requests at once ([Batch]) and notifications
// ([Subscribe]). Generated clients are thin callers of these functions.
//
// # Connections
//
// A [Conn] serves every protocol and family of one network namespace, and any
// number of goroutines. Each exchange borrows a socket from a pool and gives it
// back when all of its answer is read. A dump keeps its socket until its loop
// ends; a request inside the loop gets another. Whoever leaves a loop early, or
// whose context ends, does not give the socket back: it is closed, with whatever
// was still on its way. So no reply can reach another call.
//
// Everything happens in the caller's goroutine, with one exception: a dump that
// has filled several buffers is received ahead by a goroutine that ends with the
// loop, if there is a second processor. The kernel makes the messages of a dump
// while it is being read, so it works beside the caller then.
//
// # Ends
//
// Where an answer ends is decided by what was asked, never by NLM_F_MULTI, which
// families set as they like:
//
//   - a dump ends with NLMSG_DONE, or with NLMSG_ERROR if it was refused;
//   - an operation ends with its ack or an error;
//   - an operation that is not asked for an ack, as one reply is certain, ends
//     with that, see [Do].
//
// # Ownership
//
// What the functions of this package return is the caller's for ever. The
// exceptions are the loops of [DumpInto] and the [Notification] that a decode
// function is given; their comments say so.
package nlconn
