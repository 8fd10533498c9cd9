// Package drift compares our spec of a family with somebody else's, mostly the kernel's own: what the two say of the bytes on the wire. It
// works on the resolved form of both, in which every number is assigned and every reference bound.
//
// Names are not on the wire and two specs may choose different ones. So things are matched by what is: operations by their numbers,
// attributes and entries of enums by theirs, members of structs by their offsets; and sets, structs, enums and sub-messages by being
// reached from the same place. Only what is reached from nowhere, and constants, are matched by name. A name that the two specs give to
// different numbers is a difference, since one of them must have swapped something.
//
// What is found is judged by a file of known differences, each with who is right and why: see [Known]. The code knows no family.
package drift
