// Command families writes the table of families into README.md: what each has, counted from its spec, and how it is proven, from
// proofs.txt, which is kept by hand.
//
//	go run ./internal/families      writes the table
//	go test ./internal/families     fails if it is stale, or if a family has no line in proofs.txt
package main
