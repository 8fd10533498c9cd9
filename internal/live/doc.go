// Package live holds tests of the generated packages against the kernel of the machine they run on, in a folder for each family or group
// of families; connection is about what they all stand on. Each test makes objects through generated code, reads them back, and compares
// every field with what a second program says about the same objects: ip, tc, nft, /sys.
//
// In each folder doc.go says which families those are and who is the witness, and files are named after what they test. Package witness
// has what the folders share.
//
// The tests run in a network namespace of their own (package nettest), and where there can be none, in the virtual machine of package
// vm. What a kernel does not have is skipped with its own words.
//
// The package has no code of its own.
package live
