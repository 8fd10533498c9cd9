// Package live holds tests of the generated packages against the kernel of the machine they run on. Each test makes objects through
// generated code, reads them back, and compares every field with what a second program says about the same objects: ip, genl, /sys.
//
// The families have folders of their own below; here stand those that the whole path was first shown with. Package witness has what
// the tests share.
//
// The tests run in a network namespace of their own (package nettest), and where there can be none, in the virtual machine of package
// vm. What a kernel does not have is skipped with its own words.
//
// The package has no code of its own.
package live
