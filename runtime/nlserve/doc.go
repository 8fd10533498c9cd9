// Package nlserve answers netlink requests: it is the other side of package
// nlconn. A [Server] finds the method that a request is for, holds the request
// against its policy, has it carried out by typed Go functions, and makes what
// the kernel would make: replies, acks, dumps that end in NLMSG_DONE, refusals
// with an extended ack.
//
// The functions mirror those of package nlconn: what a client calls by
// [nlconn.Do] is served by [Do], and so on. So a function can pass a request on
// to another Conn as it is.
//
// # Errors
//
// An error of such a function becomes the error that the client gets:
//
//   - a *[nlmsg.Error] with its number, text, attribute and missing attribute,
//     both given as paths of names, policy and cookie;
//   - a number ([syscall.Errno]), also inside of another error, whose text then
//     goes along;
//   - the errors of package io/fs, [errors.ErrUnsupported] and those of package
//     context as the number that stands for them; any other as EIO, with its text,
//     and so is one whose number is 0, which would be an ack.
//
// A panic of such a function is not recovered: it ends the program, as everywhere
// else, since nobody knows what state it leaves behind. A program that is to go on
// recovers in the function and returns an error.
//
// # Ways
//
// How requests come and answers go is not the Server's matter. [Serve] takes them
// from a netlink socket, for clients in other processes; package nltest from
// sockets in memory.
package nlserve
