package nlconn_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/nlgen/nlgen/runtime/nlattr"
	"github.com/nlgen/nlgen/runtime/nlconn"
	"github.com/nlgen/nlgen/runtime/nlpolicy"
	"github.com/nlgen/nlgen/runtime/nltest"
)

// words is a request with a nest of strings.
type words struct{ List []string }

func (w *words) EncodeTo(e *nlattr.Encoder) {
	e.Extend(16)
	nest := e.Begin(18)
	for _, s := range w.List {
		e.String(1, s)
	}
	e.End(nest)
}

func (w *words) DecodeFrom(d *nlattr.Decoder) {
	d.Header(16)
	for d.Next() {
		if d.Type() == 18 {
			for d.Enter(); d.Next(); {
				w.List = append(w.List, d.String())
			}
		}
	}
}

func TestAddSplit(t *testing.T) {
	wordsMsg := nlpolicy.Message{Family: "rt-link", Op: "words", Header: ifinfomsg, Attrs: &nlpolicy.Set{Name: "words", Attrs: []nlpolicy.Attr{
		{Name: "list", Number: 18, Kind: nlpolicy.Nest, Nested: &nlpolicy.Set{Name: "list", Attrs: []nlpolicy.Attr{
			{Name: "word", Number: 1, Kind: nlpolicy.String},
		}}},
	}}}
	op := nlconn.Operation{Family: &rtLink, Name: "words", Request: 16, Policy: &wordsMsg, Mode: nlpolicy.Liberal}

	var got [][]string
	conn, _, _ := scripted(t, func(r nltest.Request) []nltest.Item {
		var w words
		if err := r.Decode(&op, &w); err != nil {
			t.Error(err)
		}
		got = append(got, w.List)
		return []nltest.Item{datagram(nltest.Ack())}
	})
	long := strings.Repeat("x", nlattr.MaxLen)
	uneven := append(repeat(5000, "a"), repeat(300, strings.Repeat("b", 1000))...)
	for _, c := range []struct {
		name  string
		list  []string
		most  int   // requests
		wrong []int // elements that fit nowhere
	}{
		{"empty", nil, 1, nil},
		{"one", []string{"a"}, 1, nil},
		// Of 65,535 bytes 36 are headers; each element takes 8.
		{"fits", repeat(1000, "a"), 1, nil},
		{"just fits", repeat(8187, "a"), 1, nil},
		{"just not", repeat(8188, "a"), 2, nil},
		{"many", repeat(100_000, "a"), 14, nil},
		{"uneven", uneven, 11, nil},
		{"one too long", []string{"a", "b", long, "c"}, 4, []int{2}},
	} {
		t.Run(c.name, func(t *testing.T) {
			got = nil
			b := conn.NewBatch(nlconn.ProtocolRoute)
			firsts := 0
			nlconn.AddSplit(soon(t), b, &op, c.list, func(from int, part []string) nlconn.Encodable {
				if from == 0 {
					firsts++
				}
				return &words{part}
			})
			err := b.Do(soon(t))
			var failed *nlconn.BatchError
			if errors.As(err, &failed) != (c.wrong != nil) || err != nil && (len(failed.Failed) != len(c.wrong) || !errors.Is(err, nlattr.ErrTooLong)) {
				t.Fatal(err)
			}
			if b.Len() > c.most || firsts == 0 {
				t.Errorf("%d requests", b.Len())
			}
			var all []string
			for _, part := range got {
				all = append(all, part...)
			}
			want := 0
			for i, s := range c.list {
				if len(c.wrong) > 0 && i == c.wrong[0] {
					continue
				}
				if want >= len(all) || all[want] != s {
					t.Fatalf("element %d is not the %dth of %d that came", i, want, len(all))
				}
				want++
			}
			if want != len(all) {
				t.Errorf("%d elements, not %d", len(all), want)
			}
		})
	}

	// Who does not ask gets an error.
	b := conn.NewBatch(nlconn.ProtocolRoute)
	b.Add(soon(t), &op, &words{repeat(8192, "a")})
	if err := b.Do(soon(t)); !errors.Is(err, nlattr.ErrTooLong) || !strings.Contains(err.Error(), "list") {
		t.Error(err)
	}
}
