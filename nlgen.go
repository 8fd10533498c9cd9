// Package nlgen is the root of a generator of Go packages for Linux netlink families, and of the packages that it generates.
//
// The command is cmd/nlgen, the generator as a library is package gen. Programs that talk to the kernel import one of the packages below
// generated, such as generated/rtlink, and runtime/nlconn for the connection.
//
// This package itself only carries the specs of the families into the command. It knows nothing of what is in them.
package nlgen

import "embed"

// Files holds the specs of this project, below specs/, and the nlgen.yaml that lists them and has what no spec can say.
//
//go:embed nlgen.yaml specs/*.yaml
var Files embed.FS
