package nlconn

import "context"

// What the tests see of the inside.

// MaxIdle is how many unused sockets a pool keeps.
const MaxIdle = maxIdle

// OpenSockets returns how many sockets the Conn has.
func (c *Conn) OpenSockets() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.open)
}

// Fence reports whether a socket of the protocol answers the question whether
// more will come, when nothing else is on its way.
func (c *Conn) Fence(ctx context.Context, protocol int) (bool, error) {
	x, err := c.borrow(protocol, false)
	if err != nil {
		return false, err
	}
	defer c.discard(x)
	x.number(1)
	return x.next(ctx, x.packets(1), probe) == errNothingMore && x.fence, nil
}

// IdleSocket makes the next exchange of a protocol use a socket, and returns
// its port and the last sequence number that was used with it.
func (c *Conn) IdleSocket(protocol int) (port, seq uint32, err error) {
	x, err := c.borrow(protocol, false)
	if err != nil {
		return 0, 0, err
	}
	defer c.giveBack(x)
	return x.sock.PortID(), x.seq, nil
}

// Remember makes the Conn believe something about a family.
func (c *Conn) Remember(f *FamilyInfo) { c.remember(f.Name, f) }
