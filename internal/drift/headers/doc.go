// Package headers compares specs with what the kernel's C code calls things: numbers of attributes, of entries of enums, of operations
// and multicast groups, values of constants, and layouts of structs.
//
// There are two sources of that. One are the kernel's headers. What they say is asked of the C compiler, not parsed here: it compiles
// headers.h with debugging information, which lists all enums and structs. Nothing that was compiled is run. The other are the types
// that the running kernel tells of itself (BTF), which are as new as that is, but only of what it was built with, and without macros.
//
// Which C name a thing of a spec has, the spec's prefixes say (ir.Attr.C and its like). Where the kernel names things in other ways, a
// line in names.txt says how.
package headers
