package nlroundtrip

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/nlgen/nlgen/runtime/nlattr"
)

// message is a type like the generated ones, whose fields switch its mistakes on.
type message struct {
	Port    nlattr.Opt[uint16]
	Unknown []nlattr.Attr
}

// faults are what message does wrong.
var faults struct {
	overwrite, forget, drop, refuse, json, null bool
}

func (x *message) AppendBinary(b []byte) ([]byte, error) {
	if x == nil {
		x = new(message)
		if faults.null {
			x.Port = nlattr.Some[uint16](1)
		}
	}
	if faults.overwrite {
		b = nil
	}
	e := nlattr.NewEncoder(b)
	if x.Port.OK {
		e.Uint16(1, x.Port.V)
	}
	if !faults.drop {
		e.Raw(x.Unknown)
	}
	return e.Finish()
}

func (x *message) UnmarshalBinary(b []byte) error {
	*x = message{}
	d := nlattr.NewDecoder(b)
	for d.Next() {
		switch d.Type() {
		case 1:
			x.Port = nlattr.Some(d.Uint16())
			x.Port.OK = !faults.forget
		default:
			x.Unknown = d.Unknown(x.Unknown)
		}
	}
	return d.Err()
}

func (x *message) Validate() error {
	if faults.refuse {
		return errors.New("refused")
	}
	return nil
}

func (x *message) MarshalJSON() ([]byte, error) {
	if faults.json {
		return []byte("{}"), nil
	}
	return json.Marshal(x.Port.V)
}

func (x *message) UnmarshalJSON(b []byte) error {
	var v uint16
	err := json.Unmarshal(b, &v)
	if faults.json {
		err = nil
	}
	*x = message{Port: nlattr.Some(v)}
	return err
}

func sample() *message { return &message{Port: nlattr.Some[uint16](513)} }

func TestRun(t *testing.T) {
	Run(t, []Case{One("one", sample), Each("each", 2, func(int) *message { return sample() })})
}

func FuzzMessage(f *testing.F) { Fuzz(f, []Case{One("one", sample)}) }

// TestFaults shows that mistakes are found.
func TestFaults(t *testing.T) {
	for _, tc := range []struct {
		fault *bool
		want  string
	}{
		{&faults.overwrite, "encoding overwrote"},
		{&faults.forget, "decoded"},
		{&faults.drop, "decoded and encoded again"},
		{&faults.refuse, "validate: refused"},
		{&faults.json, "through JSON"},
	} {
		*tc.fault = true
		if err := One("one", sample).roundTrip(0); err == nil || !strings.Contains(err.Error(), tc.want) {
			t.Errorf("error is %v, want %q", err, tc.want)
		}
		*tc.fault = false
	}
	faults.null = true
	if err := One("one", sample).empty(); err == nil || !strings.Contains(err.Error(), "nil message") {
		t.Errorf("error is %v", err)
	}
	faults.null, faults.json = false, true
	if err := One("one", sample).Shadowed().roundTrip(0); err != nil {
		t.Errorf("shadowed: %v", err)
	}
	faults.json = false
}
