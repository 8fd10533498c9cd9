// Package gen is the generator as a library: it turns the specs that an nlgen.yaml lists, or a single spec, into Go packages.
//
//	var report diag.Report
//	project := gen.Open(&report, "nlgen.yaml")
//	packages := project.Build(&report)
//
// It knows which families there are and where their packages go. How a spec is read, resolved and written as Go is the matter of the
// packages below it, which it calls in this order: spec, resolve, emit, output.
package gen
