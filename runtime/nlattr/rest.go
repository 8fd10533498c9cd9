package nlattr

// Rest returns what stands behind the current attribute in the nest that is
// open; of a decoder that has read nothing yet, all of its input. It is part of
// the input: copy what is kept.
func (d *Decoder) Rest() []byte { return d.b[d.next:] }
