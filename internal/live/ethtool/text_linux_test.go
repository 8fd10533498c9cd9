package ethtool

import (
	"errors"
	"os/exec"
	"strconv"
	"strings"
	"testing"

	"github.com/nlgen/nlgen/generated/ethtool"
	"github.com/nlgen/nlgen/internal/witness"
	"github.com/nlgen/nlgen/runtime/nlattr"
)

// lines runs ethtool and returns what it prints, with one space between two words and no empty lines. What ethtool says when the kernel
// refuses is an error.
func lines(t *testing.T, args ...string) ([]string, error) {
	t.Helper()
	path, err := exec.LookPath("ethtool")
	if err != nil {
		t.Skip(err)
	}
	out, err := exec.Command(path, args...).CombinedOutput()
	if err != nil {
		return nil, errors.New(strings.TrimSpace(string(out)))
	}
	var list []string
	for line := range strings.Lines(string(out)) {
		if words := strings.Fields(line); len(words) > 0 {
			list = append(list, strings.Join(words, " "))
		}
	}
	return list, nil
}

// text runs ethtool and returns what it prints as "key: value" lines. A line without a colon goes on with the value above. A key without
// a value begins a section, whose name stands before keys that occur again.
func text(t *testing.T, args ...string) (map[string]string, error) {
	t.Helper()
	list, err := lines(t, args...)
	if err != nil {
		return nil, err
	}
	values, section, last := map[string]string{}, "", ""
	for _, line := range list {
		key, value, ok := strings.Cut(line, ":")
		key, value = strings.TrimSpace(key), strings.TrimSpace(value)
		switch {
		case !ok:
			values[last] = strings.TrimSpace(values[last] + " " + line)
			continue
		case value == "":
			section, last = key, key
			continue
		}
		if _, again := values[key]; again {
			key = section + "/" + key
		}
		values[key], last = value, key
	}
	return values, nil
}

// number is an optional number as ethtool prints it.
func number[T uint8 | uint16 | uint32](v nlattr.Opt[T]) string {
	if !v.OK {
		return "n/a"
	}
	return strconv.FormatUint(uint64(v.V), 10)
}

// onOff is an optional truth value as ethtool prints it.
func onOff(v nlattr.Opt[uint8]) string {
	switch {
	case !v.OK:
		return "n/a"
	case v.V != 0:
		return "on"
	default:
		return "off"
	}
}

// named are the names of the bits of a set in the form of a list, in the order of the bits: those that are listed, and those that are set.
func named(x *ethtool.BitsetAttrs) (listed, set []string) {
	if x == nil || x.Bits == nil {
		return nil, nil
	}
	for _, b := range x.Bits.Bit {
		listed = append(listed, b.Name.V)
		if b.Value || x.Nomask {
			set = append(set, b.Name.V)
		}
	}
	return listed, set
}

// or is a list as ethtool prints it: an empty one is a word.
func or(list []string, none string) string {
	if len(list) == 0 {
		return none
	}
	return strings.Join(list, " ")
}

// same compares all that ethtool printed with ours, and ours with that.
func same(c *witness.Tally, what string, ours, theirs map[string]string) {
	c.T.Helper()
	for key, value := range theirs {
		if mine, ok := ours[key]; ok {
			c.Field(what+"."+key, mine, value)
		} else {
			c.Errorf("%s.%s: nothing of ours is known to be %q", what, key, value)
		}
	}
	for key := range ours {
		if _, ok := theirs[key]; !ok {
			c.Errorf("%s.%s: ethtool does not show it, but we have %q", what, key, ours[key])
		}
	}
}
