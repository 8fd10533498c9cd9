package nlserve

import (
	"context"
	"encoding/binary"
	"errors"
	"io/fs"
	"strconv"
	"strings"
	"syscall"

	"github.com/nlgen/nlgen/runtime/nlattr"
	"github.com/nlgen/nlgen/runtime/nlmsg"
	"github.com/nlgen/nlgen/runtime/nlpolicy"
)

// extack is what an NLMSG_ERROR or NLMSG_DONE says. Offsets count from the start
// of the request's header; the paths of names in it are not looked at.
type extack = nlmsg.Error

// explain makes of an error what can be sent. No error is an ack.
func (a *answer) explain(err error) *extack {
	if err == nil {
		return &extack{Message: a.call.warning, Cookie: a.call.cookie}
	}
	x := a.refusal(err)
	if x.Errno == 0 {
		x.Errno = eIO // 0 would be an ack
	}
	return x
}

// refusal makes of an error what can be sent, perhaps without a number.
func (a *answer) refusal(err error) *extack {
	var refused *nlmsg.Error
	var invalid *nlpolicy.ValidationError
	var malformed *nlattr.Error
	var errno syscall.Errno
	switch {
	case errors.As(err, &refused):
		return a.place(refused)
	case errors.As(err, &invalid):
		x := &extack{Errno: invalid.Errno, Message: invalid.Msg, Policy: policyOf(invalid.Attr)}
		if invalid.Offset >= 0 {
			x.Offset = invalid.Offset + a.skip
		}
		return x
	case errors.As(err, &malformed):
		x := &extack{Errno: eINVAL, Message: malformed.Err.Error()}
		if len(malformed.Path) > 0 {
			x.Offset = malformed.Offset + a.skip
		}
		return x
	case errors.As(err, &errno):
		x := &extack{Errno: errno}
		if err != error(errno) {
			x.Message = err.Error()
		}
		return x
	}
	x := &extack{Message: err.Error()}
	for _, known := range []struct {
		err   error
		errno syscall.Errno
	}{
		{fs.ErrExist, eEXIST}, {fs.ErrNotExist, eNOENT}, {fs.ErrPermission, ePERM}, {errors.ErrUnsupported, eOPNOTSUPP},
		{context.DeadlineExceeded, eTIMEDOUT}, {context.Canceled, eCANCELED},
	} {
		if errors.Is(err, known.err) {
			x.Errno = known.errno
			if err == known.err {
				x.Message = ""
			}
			break
		}
	}
	return x
}

// place turns the paths of names in an error into offsets and numbers.
func (a *answer) place(e *nlmsg.Error) *extack {
	x := *e
	if a.policy == nil {
		return &x
	}
	if e.Attr != "" {
		x.Offset = 0
		if off, ok := a.policy.OffsetOf(a.call.Body, e.Attr); ok {
			x.Offset = off + a.skip
		}
	}
	if e.Missing != "" && e.MissingType == 0 {
		x.MissingType, x.MissingNest = a.missing(e.Missing)
	}
	return &x
}

// missing returns the number of an attribute that is not there, by its path, and
// where the nest starts that lacks it.
func (a *answer) missing(path string) (number uint32, nest int) {
	outer, name := "", path
	for i := len(path) - 1; i >= 0; i-- {
		if path[i] == '.' {
			outer, name = path[:i], path[i+1:]
			break
		}
	}
	where := -1
	if outer != "" {
		off, ok := a.policy.OffsetOf(a.call.Body, outer)
		if !ok {
			return 0, 0
		}
		where, nest = off, off+a.skip
	}
	if n, err := strconv.ParseUint(name, 10, 14); err == nil {
		return uint32(n), nest
	}
	// Nothing but the whole path says which set the nest has.
	for n := uint16(1); n <= maxMissing; n++ {
		if a.policy.MissingAt(a.call.Body, where, n) == path {
			return uint32(n), nest
		}
	}
	return 0, 0
}

// maxMissing is the highest number that is looked for by name.
const maxMissing = 1 << 10

// policyOf returns what the kernel would say about the policy of an attribute,
// nil if nothing is known.
func policyOf(a *nlpolicy.Attr) *nlmsg.Policy {
	if a == nil || int(a.Kind) >= len(policyTypes) || policyTypes[a.Kind] == nlmsg.PolicyInvalid {
		return nil
	}
	p := &nlmsg.Policy{Type: policyTypes[a.Kind]}
	if a.Kind == nlpolicy.String && a.Flags&nlpolicy.Unterminated != 0 {
		p.Type = nlmsg.PolicyString
	}
	l := a.Limits
	if l == nil {
		return p
	}
	set := func(has nlpolicy.Limit, what nlmsg.PolicyLimit) bool {
		if l.Has&has == 0 {
			return false
		}
		p.Has |= what
		return true
	}
	if a.Kind.Signed() {
		if set(nlpolicy.HasMin, nlmsg.HasMinS) {
			p.MinS = l.Min
		}
		if set(nlpolicy.HasMax, nlmsg.HasMaxS) {
			p.MaxS = l.Max
		}
	} else {
		if set(nlpolicy.HasMin, nlmsg.HasMinU) {
			p.MinU = uint64(l.Min)
		}
		if set(nlpolicy.HasMax, nlmsg.HasMaxU) {
			p.MaxU = uint64(l.Max)
		}
	}
	if set(nlpolicy.HasMask, nlmsg.HasMask) {
		p.Mask = l.Mask
	}
	if set(nlpolicy.HasMinLen, nlmsg.HasMinLen) {
		p.MinLen = l.MinLen
	}
	if set(nlpolicy.HasMaxLen, nlmsg.HasMaxLen) {
		p.MaxLen = l.MaxLen
	}
	if set(nlpolicy.HasExactLen, nlmsg.HasMinLen|nlmsg.HasMaxLen) {
		p.MinLen, p.MaxLen = l.Exact, l.Exact
	}
	return p
}

// tlvs returns the attributes of an extended ack (NLMSGERR_ATTR_*).
func tlvs(x *extack) []byte {
	var e nlattr.Encoder
	if x.Message != "" {
		// A NUL would end the text early.
		e.String(nlmsg.AttrMessage, strings.ReplaceAll(x.Message[:min(len(x.Message), maxText)], "\x00", "?"))
	}
	if x.Offset > 0 {
		e.Uint32(nlmsg.AttrOffset, uint32(x.Offset))
	}
	if len(x.Cookie) > 0 {
		e.Bytes(nlmsg.AttrCookie, x.Cookie)
	}
	if x.Policy != nil {
		n := e.Begin(nlmsg.AttrPolicy)
		encodePolicy(&e, x.Policy)
		e.End(n)
	}
	if x.MissingType != 0 {
		e.Uint32(nlmsg.AttrMissType, x.MissingType)
		if x.MissingNest > 0 {
			e.Uint32(nlmsg.AttrMissNest, uint32(x.MissingNest))
		}
	}
	b, err := e.Finish()
	if err != nil {
		return nil // a cookie of more than 64 KiB
	}
	return b
}

// maxText is the longest text of an extended ack.
const maxText = 4 << 10

// encodePolicy appends the attributes that describe a policy
// (NL_POLICY_TYPE_ATTR_*).
func encodePolicy(e *nlattr.Encoder, p *nlmsg.Policy) {
	e.Uint32(1, uint32(p.Type))
	if p.Has&nlmsg.HasMinS != 0 {
		e.Int64(2, p.MinS)
	}
	if p.Has&nlmsg.HasMaxS != 0 {
		e.Int64(3, p.MaxS)
	}
	if p.Has&nlmsg.HasMinU != 0 {
		e.Uint64(4, p.MinU)
	}
	if p.Has&nlmsg.HasMaxU != 0 {
		e.Uint64(5, p.MaxU)
	}
	if p.Has&nlmsg.HasMinLen != 0 {
		e.Uint32(6, p.MinLen)
	}
	if p.Has&nlmsg.HasMaxLen != 0 {
		e.Uint32(7, p.MaxLen)
	}
	if p.Has&nlmsg.HasMask != 0 {
		if p.Type == nlmsg.PolicyBitfield32 {
			e.Uint32(10, uint32(p.Mask))
		} else {
			e.Uint64(12, p.Mask)
		}
	}
}

// word returns a number as it stands in control messages.
func word(v int32) []byte { return binary.NativeEndian.AppendUint32(nil, uint32(v)) }

var policyTypes = [...]nlmsg.PolicyType{
	nlpolicy.Flag: nlmsg.PolicyFlag, nlpolicy.U8: nlmsg.PolicyU8, nlpolicy.U16: nlmsg.PolicyU16, nlpolicy.U32: nlmsg.PolicyU32,
	nlpolicy.U64: nlmsg.PolicyU64, nlpolicy.S8: nlmsg.PolicyS8, nlpolicy.S16: nlmsg.PolicyS16, nlpolicy.S32: nlmsg.PolicyS32,
	nlpolicy.S64: nlmsg.PolicyS64, nlpolicy.Uint: nlmsg.PolicyUint, nlpolicy.Sint: nlmsg.PolicySint,
	nlpolicy.String: nlmsg.PolicyNulString, nlpolicy.Binary: nlmsg.PolicyBinary, nlpolicy.Bitfield32: nlmsg.PolicyBitfield32,
	nlpolicy.Nest: nlmsg.PolicyNested, nlpolicy.IndexedArray: nlmsg.PolicyNestedArray,
}
