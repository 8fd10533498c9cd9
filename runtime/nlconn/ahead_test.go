package nlconn_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"testing"
	"time"

	"github.com/nlgen/nlgen/runtime/nlconn"
	"github.com/nlgen/nlgen/runtime/nltest"
)

// A long dump: its datagrams are as long as the kernel's, and there are enough
// of them to be received ahead.
const (
	longDatagrams = 41
	longEach      = 200
	longAll       = longDatagrams * longEach
)

func longName(i int) string { return fmt.Sprintf("link%d", i) }

// long is the answer that is a long dump, with something in the place of its
// datagram at, if that is not negative.
func long(at int, odd ...nltest.Item) answers {
	return func(nltest.Request) (items []nltest.Item) {
		for i := range longDatagrams {
			if i == at {
				items = append(items, odd...)
				continue
			}
			names := make([]string, longEach)
			for j := range names {
				names[j] = longName(i*longEach + j)
			}
			items = append(items, datagram(links(names...)))
		}
		return append(items, datagram(nltest.Done()))
	}
}

// processors sets how many there are.
func processors(t *testing.T, n int) {
	before := runtime.GOMAXPROCS(n)
	t.Cleanup(func() { runtime.GOMAXPROCS(before) })
}

// quiet returns how many goroutines there are when that of the test before, whose
// end nobody waits for, is gone.
func quiet() int {
	n := runtime.NumGoroutine()
	for range 20 {
		time.Sleep(time.Millisecond)
		n = min(n, runtime.NumGoroutine())
	}
	return n
}

// Long dumps are received ahead where there are two processors, and nobody sees
// a difference.
func TestAhead(t *testing.T) {
	for _, n := range []int{1, 2} {
		t.Run(fmt.Sprint(n), func(t *testing.T) {
			processors(t, n)
			conn, s, _ := scripted(t, long(-1))
			before := quiet()
			i, most := 0, 0
			var l link
			for err := range nlconn.DumpInto(t.Context(), conn, &opGetlink, nil, &l) {
				if err != nil || l.Name != longName(i) || l.Info == nil || l.Info.Kind != "dummy" {
					t.Fatalf("message %d: %+v, %v", i, l, err)
				}
				most = max(most, runtime.NumGoroutine())
				i++
			}
			if i != longAll {
				t.Errorf("%d messages", i)
			}
			if helpers := most - before; helpers != n-1 {
				t.Errorf("%d goroutines more on %d processors", helpers, n)
			}
			all, err := nlconn.Collect[link](t.Context(), conn, &opGetlink, nil)
			if err != nil || len(all) != longAll {
				t.Fatalf("%d messages, %v", len(all), err)
			}
			for i, l := range all {
				if l.Name != longName(i) {
					t.Fatalf("message %d is %q", i, l.Name)
				}
			}
			if s.Open() != 1 {
				t.Errorf("%d sockets are open: a dump that ended keeps its socket", s.Open())
			}
			settled(t, before)
		})
	}
}

// A short dump has no goroutine.
func TestNotAhead(t *testing.T) {
	processors(t, 2)
	conn, _, _ := scripted(t, func(nltest.Request) []nltest.Item {
		return append(long(-1)(nltest.Request{})[:4], datagram(nltest.Done()))
	})
	before := runtime.NumGoroutine()
	for _, err := range nlconn.Dump[link](t.Context(), conn, &opGetlink, nil) {
		if n := runtime.NumGoroutine(); err != nil || n > before {
			t.Fatalf("%d goroutines, before %d; %v", n, before, err)
		}
	}
}

// A long dump may be left, and its context may end, anywhere.
func TestAheadLeft(t *testing.T) {
	processors(t, 2)
	conn, s, _ := scripted(t, long(-1))
	before := runtime.NumGoroutine()
	for stop := 0; stop < longAll; stop += 307 {
		i := 0
		var l link
		for err := range nlconn.DumpInto(t.Context(), conn, &opGetlink, nil, &l) {
			if err != nil || l.Name != longName(i) {
				t.Fatalf("message %d: %+v, %v", i, l, err)
			}
			if i == stop {
				break
			}
			i++
		}
		if l.Name != longName(stop) || l.Info.Kind != "dummy" {
			t.Fatalf("%+v is not what the loop was left with", l)
		}
		ctx, cancel := context.WithCancel(t.Context())
		i = 0
		var end error
		for _, err := range nlconn.Dump[link](ctx, conn, &opGetlink, nil) {
			if i == stop {
				cancel()
			}
			i++
			end = err
		}
		cancel()
		// What has been received is not taken back; nothing more is received.
		if most := stop + 4*longEach + longEach; i > most {
			t.Fatalf("%d messages after the context ended at %d", i-stop, stop)
		}
		if i < longAll && !errors.Is(end, context.Canceled) {
			t.Fatalf("ended at %d by %v", i, end)
		}
	}
	if s.Open() > 1 || conn.OpenSockets() > 1 {
		t.Errorf("%d sockets are open, %d are known", s.Open(), conn.OpenSockets())
	}
	settled(t, before)
}

// What a loop was left with stays as it was, whatever is received later: also its
// bytes, which are borrowed from what was received.
func TestLeftKeepsBytes(t *testing.T) {
	processors(t, 2)
	const each = 10 // messages of a datagram
	for _, c := range []struct {
		name string
		opts []nlconn.Option
	}{{"own socket", nil}, {"one socket", []nlconn.Option{nlconn.WithOneSocket()}}} {
		t.Run(c.name, func(t *testing.T) {
			round := 0
			s := nltest.NewScript(t, nltest.Always(func(nltest.Request) (items []nltest.Item) {
				for n := range longDatagrams {
					data := bytes.Repeat([]byte{byte(round), byte(n)}, 512)
					message := nltest.DumpReply(&opGetlink, &link{Info: &linkInfo{Kind: "dummy", Data: data}})
					items = append(items, datagram(slices.Repeat([]nltest.Message{message}, each)...))
				}
				round++
				return append(items, datagram(nltest.Done()))
			}))
			conn := s.Conn(c.opts...)
			var left []link
			for stop := range longDatagrams {
				var l link
				i := 0
				for err := range nlconn.DumpInto(t.Context(), conn, &opGetlink, nil, &l) {
					if err != nil {
						t.Fatal(err)
					}
					if i++; i > each*stop {
						break
					}
				}
				left = append(left, l)
			}
			for i, l := range left {
				if want := bytes.Repeat([]byte{byte(i), byte(i)}, 512); !bytes.Equal(l.Info.Data, want) {
					t.Errorf("datagram %d of dump %d became datagram %d of dump %d", i, i, l.Info.Data[1], l.Info.Data[0])
				}
			}
		})
	}
}

// What goes wrong within a long dump is found at its place.
func TestAheadFaults(t *testing.T) {
	processors(t, 2)
	for _, c := range []struct {
		name string
		odd  []nltest.Item
		want error
		lost int // datagrams
		hook string
	}{
		{"lost", []nltest.Item{nltest.Lost()}, nlconn.ErrOverrun, longDatagrams - 20, "overrun"},
		{"overrun", []nltest.Item{datagram(nltest.Overrun())}, nlconn.ErrOverrun, longDatagrams - 20, "overrun"},
		{"foreign", []nltest.Item{datagram(links("x")).From(77)}, nil, 1, "foreign"},
		{"stale", []nltest.Item{datagram(newlink("x").Seq(1))}, nil, 1, "stale"},
		{"early end", []nltest.Item{datagram(nltest.Done())}, nil, longDatagrams - 20, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			conn, s, seen := scripted(t, long(20, c.odd...))
			before := runtime.NumGoroutine()
			all, err := nlconn.Collect[link](t.Context(), conn, &opGetlink, nil, nlconn.Retries(0))
			if want := (longDatagrams - c.lost) * longEach; len(all) != want || !errors.Is(err, c.want) {
				t.Errorf("%d messages, not %d; %v", len(all), want, err)
			}
			if c.hook != "" && seen[c.hook] != 1 {
				t.Errorf("the hook %s was called %d times", c.hook, seen[c.hook])
			}
			if c.want != nil && s.Open() != 0 {
				t.Errorf("%d sockets are open", s.Open())
			}
			settled(t, before)
		})
	}
}
