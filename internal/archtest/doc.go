// Package archtest holds the shape of the project as tests: which package may import which, how long a file may grow, and that
// every package says what it is for. It has no code of its own.
//
// The tests read the import clauses of every Go file of the module, whatever machine the file is for, so an edge that only exists
// on another system is found as well.
package archtest
