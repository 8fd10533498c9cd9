package nlattr

import "testing"

// route is what a client keeps of a route message.
type route struct {
	header             [12]byte
	dst, gateway, src  Opt[uint32]
	table, oif, metric Opt[uint32]
}

func (x *route) encode(e *Encoder) {
	copy(e.Extend(12), x.header[:])
	if x.table.OK {
		e.Uint32(15, x.table.V)
	}
	if x.dst.OK {
		e.Uint32BE(1, x.dst.V)
	}
	if x.metric.OK {
		e.Uint32(6, x.metric.V)
	}
	if x.src.OK {
		e.Uint32BE(7, x.src.V)
	}
	if x.gateway.OK {
		e.Uint32BE(5, x.gateway.V)
	}
	if x.oif.OK {
		e.Uint32(4, x.oif.V)
	}
}

func (x *route) decode(d *Decoder) {
	*x = route{}
	copy(x.header[:], d.Header(12))
	for d.Next() {
		switch d.Type() {
		case 1:
			x.dst = Some(d.Uint32BE())
		case 4:
			x.oif = Some(d.Uint32())
		case 5:
			x.gateway = Some(d.Uint32BE())
		case 6:
			x.metric = Some(d.Uint32())
		case 7:
			x.src = Some(d.Uint32BE())
		case 15:
			x.table = Some(d.Uint32())
		}
	}
}

var benchRoute = route{dst: Some(uint32(1)), gateway: Some(uint32(2)), src: Some(uint32(3)),
	table: Some(uint32(4)), oif: Some(uint32(5)), metric: Some(uint32(6))}

// BenchmarkRouteEncode writes the 60 bytes of a route with six attributes.
func BenchmarkRouteEncode(b *testing.B) {
	buf := make([]byte, 0, 128)
	b.ReportAllocs()
	var e Encoder
	for b.Loop() {
		e.Reset(buf)
		benchRoute.encode(&e)
		if _, err := e.Finish(); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkRouteDecode reads the same.
func BenchmarkRouteDecode(b *testing.B) {
	var e Encoder
	benchRoute.encode(&e)
	in, _ := e.Finish()
	var x route
	b.ReportAllocs()
	var d Decoder
	for b.Loop() {
		d.Reset(in, nil)
		x.decode(&d)
		if d.Err() != nil {
			b.Fatal(d.Err())
		}
	}
	if x != benchRoute {
		b.Fatal(x)
	}
}

func BenchmarkDecoderString(b *testing.B) {
	in := []byte(h(1, 8) + "enp1s0f\x00")
	for _, c := range []struct {
		name string
		a    *Arena
	}{{"own", nil}, {"interned", NewScratch()}} {
		b.Run(c.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				var d Decoder
				d.Reset(in, c.a)
				d.Next()
				_ = d.String()
			}
		})
	}
}

func BenchmarkDecoderNest(b *testing.B) {
	in := []byte(h(1, 8) + h(2, 4) + "abcd")
	a := NewScratch()
	b.ReportAllocs()
	for b.Loop() {
		a.Rewind()
		var d Decoder
		d.Reset(in, a)
		d.Next()
		f := d.Enter()
		x := New[thing](&d)
		for d.Next() {
			x.a = d.Uint32()
		}
		d.Leave(f)
	}
}

func BenchmarkEncoderNest(b *testing.B) {
	buf := make([]byte, 0, 128)
	b.ReportAllocs()
	var e Encoder
	for b.Loop() {
		e.Reset(buf)
		n := e.Begin(1)
		e.Uint32(2, 3)
		e.End(n)
	}
}

func BenchmarkEncoderString(b *testing.B) {
	buf := make([]byte, 0, 128)
	b.ReportAllocs()
	var e Encoder
	for b.Loop() {
		e.Reset(buf)
		e.String(1, "enp1s0f")
	}
}
