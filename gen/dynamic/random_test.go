package dynamic

import (
	"bytes"
	"flag"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"

	"github.com/nlgen/nlgen/gen/diag"
	"github.com/nlgen/nlgen/gen/ir"
	"github.com/nlgen/nlgen/runtime/nlpolicy"
)

var rounds = flag.Int("rounds", 20, "random messages of each kind in round trips")

// specFiles returns the specs of the project and those of the kernel, if they are
// there.
func specFiles(t testing.TB) []string {
	t.Helper()
	var files []string
	for _, pattern := range []string{"../../specs/*.yaml", "../../../shared/kernel-specs/*/*.yaml", "testdata/*.yaml"} {
		list, err := filepath.Glob(pattern)
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, list...)
	}
	return files
}

// read returns the codec of a spec without errors.
func read(t testing.TB, file string) *Codec {
	t.Helper()
	src, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return readSource(t, file, src)
}

// side returns the codec of a message's direction.
func (c *Codec) side(m *ir.Message) *Codec {
	if m.Request {
		return c
	}
	return c.ForReplies()
}

func readSource(t testing.TB, file string, src []byte) *Codec {
	t.Helper()
	var report diag.Report
	c := Read(&report, file, src)
	if c == nil {
		for _, d := range report.Diagnostics() {
			if d.Severity == diag.Error {
				t.Error(d)
			}
		}
		t.FailNow()
	}
	return c
}

// TestRandomRoundTrip encodes random messages and decodes them again. Nothing may
// change.
func TestRandomRoundTrip(t *testing.T) {
	for _, file := range specFiles(t) {
		t.Run(filepath.Base(filepath.Dir(file))+"/"+filepath.Base(file), func(t *testing.T) {
			c := read(t, file)
			rng := rand.New(rand.NewPCG(1, uint64(len(c.Family.Ops))))
			size := 0
			for _, m := range c.Family.Messages {
				c := c.side(m)
				for i := range *rounds {
					want := c.Random(rng, m, RandomOptions{Unknown: i%2 == 1, Shuffle: i%4 > 1})
					b, err := c.Append(nil, m.Op, want)
					if err != nil {
						t.Fatalf("%s: %v\n%s", m.Name, err, AppendJSON(nil, want))
					}
					size += len(b)
					got, err := c.Decode(m.Op, b)
					if err != nil {
						t.Fatalf("%s: %v\n%s\n%x", m.Name, err, AppendJSON(nil, want), b)
					}
					if g, w := AppendJSON(nil, got), AppendJSON(nil, want); !bytes.Equal(g, w) {
						t.Fatalf("%s:\n got %s\nwant %s\n%x", m.Name, g, w, b)
					}
					parsed := new(Object)
					if err := parsed.UnmarshalJSON(AppendJSON(nil, want)); err != nil {
						t.Fatalf("%s: %v", m.Name, err)
					}
					if again, err := c.Append(nil, m.Op, parsed); err != nil || !bytes.Equal(again, b) {
						t.Fatalf("%s: through JSON text: %v\n got %x\nwant %x", m.Name, err, again, b)
					}
				}
			}
			t.Logf("%d messages, %d bytes", len(c.Family.Messages)**rounds, size)
		})
	}
}

// TestRandomNames names every attribute of random messages by its offset, as for
// errors of the kernel.
func TestRandomNames(t *testing.T) {
	for _, file := range specFiles(t) {
		c := read(t, file)
		rng := rand.New(rand.NewPCG(2, 2))
		for _, m := range c.Family.Messages {
			o := c.Random(rng, m, RandomOptions{})
			b, err := c.Append(nil, m.Op, o)
			if err != nil {
				t.Fatal(err)
			}
			table := c.tables.messages[m.Op]
			d, err := split(b[headerLen(m.Header, len(b)):], headerLen(m.Header, len(b)))
			if err != nil {
				t.Fatal(err)
			}
			for _, it := range d {
				path, ok := table.PathAt(b, it.off)
				a := c.set(m.Set).numbered[it.number()]
				if !ok || a == nil || path != a.Name && !a.Multi {
					t.Errorf("%s: %s: offset %d is %q, %v", file, m.Name, it.off, path, ok)
				}
			}
			if err := nlpolicy.Validate(table, b, nlpolicy.Liberal); err != nil {
				t.Errorf("%s: %s: %v\n%s", file, m.Name, err, AppendJSON(nil, o))
			}
		}
	}
}

// TestRandomEnum draws values for an integer that is too small for an entry of its
// enum.
func TestRandomEnum(t *testing.T) {
	r := &random{Rand: rand.New(rand.NewPCG(3, 3))}
	for _, n := range []integer{{width: 1, signed: true}, {width: 1}, {width: 2, signed: true}} {
		n.enum = &ir.Enum{Entries: []*ir.Entry{{Name: "small", Number: 1}, {Name: "large", Number: 70000}}}
		for range 100 {
			if v := r.integer(n, nil); n.fits(v, n.signed && int64(v) < 0) != nil {
				t.Fatalf("%d is no value for %d bytes", int64(v), n.width)
			}
		}
	}
}
