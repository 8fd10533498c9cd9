package main

import (
	"os"
	"testing"
)

func TestFresh(t *testing.T) {
	b, err := os.ReadFile("../../" + readme)
	if err != nil {
		t.Fatal(err)
	}
	want, err := fill(string(b))
	if err != nil {
		t.Fatal(err)
	}
	if want != string(b) {
		t.Error("the table of families in README.md is stale: go run ./internal/families")
	}
}
