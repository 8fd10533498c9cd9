//go:build !linux

package socket

import (
	"context"
	"errors"
	"fmt"
	"runtime"
)

// errSystem says that there is no netlink here.
var errSystem = fmt.Errorf("netlink: %w on %s", errors.ErrUnsupported, runtime.GOOS)

// A Socket is an AF_NETLINK socket. On this system there is none.
type Socket struct{}

// Open fails with [errors.ErrUnsupported].
func Open(protocol int, o Options) (*Socket, error) { return nil, errSystem }

// Close does nothing.
func (s *Socket) Close() error { return nil }

// PortID returns 0.
func (s *Socket) PortID() uint32 { return 0 }

// Strict returns false.
func (s *Socket) Strict() bool { return false }

// SetOption fails.
func (s *Socket) SetOption(option, value int) error { return errSystem }

// Join fails.
func (s *Socket) Join(group uint32) error { return errSystem }

// Leave fails.
func (s *Socket) Leave(group uint32) error { return errSystem }

// Send fails.
func (s *Socket) Send(b []byte) error { return errSystem }

// SendTo fails.
func (s *Socket) SendTo(b []byte, port, group uint32) error { return errSystem }

// TryReceive fails.
func (s *Socket) TryReceive(pkts []Packet) (int, error) { return 0, errSystem }

// Receive fails.
func (s *Socket) Receive(ctx context.Context, pkts []Packet) (int, error) { return 0, errSystem }

// A Namespace is a network namespace. On this system there is none.
type Namespace struct{}

// OpenNamespace fails with [errors.ErrUnsupported].
func OpenNamespace(path string) (*Namespace, error) { return nil, errSystem }

// OpenNamedNamespace fails with [errors.ErrUnsupported].
func OpenNamedNamespace(name string) (*Namespace, error) { return nil, errSystem }

// CurrentNamespace fails with [errors.ErrUnsupported].
func CurrentNamespace() (*Namespace, error) { return nil, errSystem }

// NamespaceFD fails with [errors.ErrUnsupported].
func NamespaceFD(fd int) (*Namespace, error) { return nil, errSystem }

// Close does nothing.
func (n *Namespace) Close() error { return nil }

// Do fails.
func (n *Namespace) Do(f func() error) error { return errSystem }
