package spec

import (
	"testing"

	"gopkg.in/yaml.v3"
)

// panicReader stands for an input that makes the YAML library panic. None is known of the present version.
type panicReader struct{}

func (panicReader) Read([]byte) (int, error) { panic("index out of range") }

func TestDecodePanic(t *testing.T) {
	if _, err := decode(yaml.NewDecoder(panicReader{})); err == nil || err.Error() != "yaml: index out of range" {
		t.Errorf("the error is %v", err)
	}
}
