package nlconn_test

import (
	"context"
	"fmt"
	"iter"
	"slices"
	"sync"
	"syscall"

	"github.com/nlgen/nlgen/runtime/nlconn"
	"github.com/nlgen/nlgen/runtime/nlmsg"
	"github.com/nlgen/nlgen/runtime/nlserve"
	"github.com/nlgen/nlgen/runtime/nltest"
)

// linkTable is a kernel's list of links, in memory.
type linkTable struct {
	k    *nltest.Kernel
	mu   sync.Mutex
	all  []*link
	last int32
}

// newLinks returns a kernel with links. Each message of a dump is a datagram of
// its own.
func newLinks(names ...string) *nltest.Kernel { return newLinkKernel(names, nltest.DumpRoom(1)) }

func newLinkKernel(names []string, opts ...nltest.KernelOption) *nltest.Kernel {
	table := &linkTable{k: nltest.NewKernel(opts...)}
	table.k.Groups(&rtLink, groupLink)
	table.k.Handle(
		nlserve.Do(&opGetlink, table.get),
		nlserve.Dump(&opGetlink, table.dump),
		nlserve.Exec(&opNewlink, table.add),
		nlserve.Exec(&opSetlink, table.set),
		nlserve.Exec(&opDellink, table.remove),
	)
	for _, name := range names {
		table.last++
		table.all = append(table.all, &link{Index: table.last, Name: name, Info: &linkInfo{Kind: "dummy"}})
	}
	return table.k
}

// find returns where a link is.
func (x *linkTable) find(req *link) (int, error) {
	i := slices.IndexFunc(x.all, func(l *link) bool {
		return req.Index != 0 && l.Index == req.Index || req.Index == 0 && l.Name == req.Name
	})
	if i < 0 {
		return 0, &nlmsg.Error{Errno: syscall.ENODEV, Message: "No such device", Attr: "ifname"}
	}
	return i, nil
}

func (x *linkTable) get(_ context.Context, req *link) (*link, error) {
	x.mu.Lock()
	defer x.mu.Unlock()
	i, err := x.find(req)
	if err != nil {
		return nil, err
	}
	l := *x.all[i]
	return &l, nil
}

func (x *linkTable) dump(_ context.Context, _ *link) iter.Seq2[*link, error] {
	x.mu.Lock()
	all := slices.Clone(x.all)
	x.mu.Unlock()
	return func(yield func(*link, error) bool) {
		for _, l := range all {
			if !yield(l, nil) {
				return
			}
		}
	}
}

func (x *linkTable) add(ctx context.Context, req *link) error {
	x.mu.Lock()
	defer x.mu.Unlock()
	if req.Info == nil {
		return &nlmsg.Error{Errno: syscall.EINVAL, Missing: "linkinfo"}
	}
	if _, err := x.find(req); err == nil {
		return fmt.Errorf("there is %s already: %w", req.Name, syscall.EEXIST)
	}
	x.last++
	l := *req
	l.Index = x.last
	x.all = append(x.all, &l)
	return x.k.Notify(ctx, &rtLink, 16, groupLink, &l)
}

func (x *linkTable) set(ctx context.Context, req *link) error {
	x.mu.Lock()
	defer x.mu.Unlock()
	i, err := x.find(req)
	if err != nil {
		return err
	}
	l := *x.all[i]
	l.MTU = req.MTU
	x.all[i] = &l
	return x.k.Notify(ctx, &rtLink, 16, groupLink, &l)
}

func (x *linkTable) remove(ctx context.Context, req *link) error {
	x.mu.Lock()
	defer x.mu.Unlock()
	i, err := x.find(req)
	if err != nil {
		return err
	}
	l := x.all[i]
	x.all = slices.Delete(x.all, i, i+1)
	return x.k.Notify(ctx, &rtLink, 17, groupLink, l)
}

var _ nlconn.Transport = (*nltest.Kernel)(nil)
