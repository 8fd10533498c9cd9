package main

import (
	"testing"

	"github.com/nlgen/nlgen/bench/internal/measure"
)

// The benchmarks run every contender of the codec workloads under "go test
// -bench", for profiles.

func BenchmarkDecodeRoute(b *testing.B) { contenders(b, decodeRoute("")) }
func BenchmarkDecodeLink(b *testing.B)  { contenders(b, decodeLink("")) }
func BenchmarkEncodeRoute(b *testing.B) { contenders(b, encodeRoute()) }

func contenders(b *testing.B, list []measure.Contender) {
	for _, c := range list {
		if c.Run == nil {
			continue // A program of its own.
		}
		b.Run(c.Name, func(b *testing.B) {
			b.ReportAllocs()
			if _, err := c.Run(b.N); err != nil {
				b.Fatal(err)
			}
		})
	}
}
