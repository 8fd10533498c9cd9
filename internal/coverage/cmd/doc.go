// Command coverage says how much of each family the live tests have shown on a kernel: which operations, attributes, formats of
// sub-messages, members of structs and values of enums went to a kernel that did not refuse them, and which came from one. It lists
// what never did, so that nothing stays unproven unseen.
//
//	make live-coverage                                runs the live tests here and in the virtual machine, and prints all families
//	NLGEN_COVERAGE=FILE go test ./internal/live/link  appends the messages of one package's tests to a file
//	go run ./internal/coverage/cmd FILE rt-link       prints one family
//
// The messages were recorded by package witness. Their meaning is read from the specs, with a walk that has nothing in common with
// generated code. A member of a struct counts if it was not zero, a value of an enum if an attribute or a member held it.
package main
