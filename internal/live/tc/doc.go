// Package tc holds tests of generated/tc against the running kernel and against recorded messages: qdiscs, classes, filters, chains and
// actions of every kind, made and read through generated code, and compared field by field with what tc shows of them.
//
// The package has no code of its own.
package tc
