package nlpolicy

import (
	"encoding"

	"github.com/nlgen/nlgen/runtime/nlattr"
)

// Finish returns what an encoder wrote for a message of this kind, or its first
// error, which then names the attribute.
func (m *Message) Finish(e *nlattr.Encoder) ([]byte, error) {
	b, err := e.Finish()
	if err != nil {
		err = m.Locate(err, e.Written())
	}
	return b, err
}

// Check returns the first error of a decoder that read b as a message of this
// kind, which then names the attribute. It allocates nothing where there is none.
func (m *Message) Check(d *nlattr.Decoder, b []byte) error {
	err := d.Err()
	if err == nil {
		return nil
	}
	return m.Locate(err, b)
}

// ValidateBinary is [Validate] for a message that is not encoded yet. It is what
// Validate of generated types calls.
func (m *Message) ValidateBinary(x encoding.BinaryAppender, mode Mode) error {
	b, err := x.AppendBinary(nil)
	if err != nil {
		return err
	}
	return Validate(m, b, mode)
}
