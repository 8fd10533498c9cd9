package nlmsg

import (
	"fmt"
	"strconv"

	"github.com/nlgen/nlgen/runtime/nlattr"
)

// Policy is what the kernel would accept for an attribute, as it tells by
// attributes of its own (NL_POLICY_TYPE_ATTR_*), both in an extended ack and in
// the policy dump of generic netlink.
type Policy struct {
	Type PolicyType

	// Has tells which of the limits below are there.
	Has PolicyLimit

	MinS, MaxS int64  // limits of signed integers
	MinU, MaxU uint64 // limits of unsigned integers
	Mask       uint64 // bits that may be set, of integers and bitfields

	MinLen, MaxLen uint32 // payload in bytes; of strings without the NUL

	// Index and MaxType are the number of the nested policy, and its highest
	// attribute. They are only in policy dumps.
	Index, MaxType uint32
}

// PolicyLimit says which limits of a [Policy] are there.
type PolicyLimit uint16

// The limits that a [Policy] may have.
const (
	HasMinS PolicyLimit = 1 << iota
	HasMaxS
	HasMinU
	HasMaxU
	HasMask
	HasMinLen
	HasMaxLen
	HasIndex
	HasMaxType
)

// PolicyType is an attribute type as the kernel names it to user space
// (NL_ATTR_TYPE_*).
type PolicyType uint32

// The types of attributes in policies.
const (
	PolicyInvalid PolicyType = iota
	PolicyFlag
	PolicyU8
	PolicyU16
	PolicyU32
	PolicyU64
	PolicyS8
	PolicyS16
	PolicyS32
	PolicyS64
	PolicyBinary
	PolicyString
	PolicyNulString
	PolicyNested
	PolicyNestedArray
	PolicyBitfield32
	PolicySint
	PolicyUint
)

var policyTypes = [...]string{"invalid", "flag", "u8", "u16", "u32", "u64", "s8", "s16", "s32", "s64", "binary", "string",
	"nul-string", "nested", "nested-array", "bitfield32", "sint", "uint"}

// String returns the type's name.
func (t PolicyType) String() string {
	if int64(t) < int64(len(policyTypes)) {
		return policyTypes[t]
	}
	return "type " + strconv.FormatUint(uint64(t), 10)
}

// ParsePolicy reads the attributes that describe an attribute. Numbers that a
// later kernel may add are skipped.
func ParsePolicy(b []byte) (Policy, error) {
	var p Policy
	d := nlattr.NewDecoder(b)
	for d.Next() {
		switch d.Type() {
		case 1:
			p.Type = PolicyType(d.Uint32())
		case 2:
			p.MinS, p.Has = d.Int64(), p.Has|HasMinS
		case 3:
			p.MaxS, p.Has = d.Int64(), p.Has|HasMaxS
		case 4:
			p.MinU, p.Has = d.Uint64(), p.Has|HasMinU
		case 5:
			p.MaxU, p.Has = d.Uint64(), p.Has|HasMaxU
		case 6:
			p.MinLen, p.Has = d.Uint32(), p.Has|HasMinLen
		case 7:
			p.MaxLen, p.Has = d.Uint32(), p.Has|HasMaxLen
		case 8:
			p.Index, p.Has = d.Uint32(), p.Has|HasIndex
		case 9:
			p.MaxType, p.Has = d.Uint32(), p.Has|HasMaxType
		case 10:
			p.Mask, p.Has = uint64(d.Uint32()), p.Has|HasMask
		case 12: // 11 is padding
			p.Mask, p.Has = d.Uint64(), p.Has|HasMask
		}
	}
	return p, d.Err()
}

// String returns the policy in a few words: "u8 1..3", "nul-string up to 15
// bytes", "u32 mask 0x3".
func (p *Policy) String() string {
	s := p.Type.String()
	switch both := HasMinS | HasMaxS; {
	case p.Has&both == both:
		s += fmt.Sprintf(" %d..%d", p.MinS, p.MaxS)
	case p.Has&HasMinS != 0:
		s += fmt.Sprintf(" at least %d", p.MinS)
	case p.Has&HasMaxS != 0:
		s += fmt.Sprintf(" at most %d", p.MaxS)
	}
	switch both := HasMinU | HasMaxU; {
	case p.Has&both == both:
		s += fmt.Sprintf(" %d..%d", p.MinU, p.MaxU)
	case p.Has&HasMinU != 0:
		s += fmt.Sprintf(" at least %d", p.MinU)
	case p.Has&HasMaxU != 0:
		s += fmt.Sprintf(" at most %d", p.MaxU)
	}
	if p.Has&HasMask != 0 {
		s += fmt.Sprintf(" mask %#x", p.Mask)
	}
	switch both := HasMinLen | HasMaxLen; {
	case p.Has&both == both && p.MinLen == p.MaxLen:
		s += fmt.Sprintf(" of %d bytes", p.MinLen)
	case p.Has&both == both:
		s += fmt.Sprintf(" of %d to %d bytes", p.MinLen, p.MaxLen)
	case p.Has&HasMinLen != 0:
		s += fmt.Sprintf(" of at least %d bytes", p.MinLen)
	case p.Has&HasMaxLen != 0:
		s += fmt.Sprintf(" up to %d bytes", p.MaxLen)
	}
	return s
}
