package nlattr

// Rest returns what stands behind the current attribute in the nest that is
// open; of a decoder that has read nothing yet, all of its input. It is part of
// the input: copy what is kept.
//
// NB: The padding of the last attribute may be missing. Then next is up to three
// bytes beyond the end.
func (d *Decoder) Rest() []byte { return d.b[min(d.next, len(d.b)):] }
