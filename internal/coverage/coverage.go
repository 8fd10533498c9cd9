// Package coverage records what live tests say to kernels and hear from them. The command below it counts what of each family that
// shows.
//
// The package knows connections and nothing of families.
package coverage

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"sync"

	"github.com/nlgen/nlgen/runtime/nlconn"
	"github.com/nlgen/nlgen/runtime/nlmsg"
)

// Env names, in the environment, the file that messages are appended to.
const Env = "NLGEN_COVERAGE"

// A Message went to a kernel that did not refuse it, or came from one: a line of JSON in the file.
type Message struct {
	Protocol int
	Family   string // empty if it is a notification whose family is not known
	Op       string // empty if it is a notification
	Sent     bool   `json:",omitempty"`
	Bytes    []byte // with its header
}

// A Recorder holds what connections send and receive, each message once.
type Recorder struct {
	mu       sync.Mutex
	pending  map[key]Message    // requests that were not answered yet
	seen     map[string]Message // by the message
	families map[uint16]string  // of generic netlink, by number
}

// A key tells requests from one another.
type key struct {
	protocol int
	seq      uint32
}

// New returns a Recorder that has seen nothing.
func New() *Recorder {
	return &Recorder{pending: map[key]Message{}, seen: map[string]Message{}, families: map[uint16]string{}}
}

// Hooks returns what a connection has to call.
func (r *Recorder) Hooks() nlconn.Hooks {
	return nlconn.Hooks{Request: r.request, In: r.in, Valid: r.valid}
}

func (r *Recorder) request(op *nlconn.Operation, message []byte) {
	r.mu.Lock()
	defer r.mu.Unlock()
	h, _ := nlmsg.ParseHeader(message)
	r.pending[key{op.Family.Protocol, h.Seq}] = Message{op.Family.Protocol, op.Family.Name, op.Name, true, bytes.Clone(message)}
	if op.Family.Generic {
		r.families[h.Type] = op.Family.Name
	}
}

// in takes every message. One that valid does not take as well is a notification, or says how a request fared.
func (r *Recorder) in(protocol int, h nlmsg.Header, message []byte) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if h.Type < nlmsg.MinType {
		if c, err := control(h, message[nlmsg.HeaderLen:]); err == nil && c.Errno == 0 {
			r.done(key{protocol, h.Seq})
		}
		return
	}
	if _, ok := r.seen[string(message)]; !ok {
		r.seen[string(message)] = Message{Protocol: protocol, Bytes: bytes.Clone(message)}
	}
}

// control reads a message that ends an answer.
func control(h nlmsg.Header, body []byte) (nlmsg.Control, error) {
	switch h.Type {
	case nlmsg.TypeError:
		return nlmsg.ParseError(h, body)
	case nlmsg.TypeDone:
		return nlmsg.ParseDone(h, body)
	}
	return nlmsg.Control{}, errors.ErrUnsupported
}

func (r *Recorder) valid(op *nlconn.Operation, message []byte) {
	r.mu.Lock()
	defer r.mu.Unlock()
	h, _ := nlmsg.ParseHeader(message)
	r.seen[string(message)] = Message{op.Family.Protocol, op.Family.Name, op.Name, false, bytes.Clone(message)}
	r.done(key{op.Family.Protocol, h.Seq})
}

// done notes that a request was not refused.
func (r *Recorder) done(k key) {
	if m, ok := r.pending[k]; ok {
		r.seen[string(m.Bytes)] = m
		delete(r.pending, k)
	}
}

// Append appends everything to a file, at once: several processes may do so.
func (r *Recorder) Append(file string) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	for _, m := range r.seen {
		if h, _ := nlmsg.ParseHeader(m.Bytes); m.Family == "" && m.Protocol == nlconn.ProtocolGeneric {
			m.Family = r.families[h.Type]
		}
		if err := e.Encode(m); err != nil {
			return err
		}
	}
	f, err := os.OpenFile(file, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o644)
	if err != nil {
		return err
	}
	_, err = f.Write(b.Bytes())
	return errors.Join(err, f.Close())
}
