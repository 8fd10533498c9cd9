package nljson

import (
	"encoding"

	"github.com/nlgen/nlgen/runtime/nlattr"
	"github.com/nlgen/nlgen/runtime/nlpolicy"
)

// Marshal returns a message as a JSON object. It is what MarshalJSON of generated
// types calls.
func Marshal(m *nlpolicy.Message, x encoding.BinaryAppender) ([]byte, error) {
	b, err := x.AppendBinary(nil)
	if err != nil {
		return nil, err
	}
	return Append(nil, m, b)
}

// Unmarshal reads the message that a JSON object describes into x. A null leaves
// it as it is. It is what UnmarshalJSON of generated types calls.
func Unmarshal(m *nlpolicy.Message, src []byte, x encoding.BinaryUnmarshaler) error {
	if string(src) == "null" {
		return nil
	}
	var e nlattr.Encoder
	if err := Encode(&e, m, src); err != nil {
		return err
	}
	return x.UnmarshalBinary(e.Written())
}
