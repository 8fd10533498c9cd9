// Package genl holds the generated packages of generic netlink families against what the running kernel says of its families: which
// operations there are, and which attributes each accepts.
//
// The package has no code of its own.
package genl
