package nlconn

import (
	"context"
	"errors"

	"github.com/nlgen/nlgen/runtime/nlattr"
)

// AddSplit adds as many requests to a batch as a list needs that may outgrow one
// message: a nest holds 65,535 bytes and no more, and a longer one is otherwise
// refused as [nlattr.ErrTooLong]. A request with several elements is kept within
// as many. request returns the request with the part of
// the list that begins at index from; it is called more than once for a part,
// until that fits, so it must depend on nothing else. What only the first or the
// last request is to say depends on from and on the length of the part:
//
//	nlconn.AddSplit(ctx, b, &nftables.OpNewsetelem, elements, func(from int, part []nftables.SetelemAttrs) nlconn.Encodable {
//		return &nftables.NewsetelemRequest{Table: table, Set: set, Elements: &nftables.SetelemListElemAttrs{Elem: part}}
//	})
//
// The kernel carries out each request by itself, unless the batch is a
// transaction. An empty list is one request. An element that does not fit any
// message is a request that fails.
func AddSplit[T any](ctx context.Context, b *Batch, op *Operation, list []T, request func(from int, part []T) Encodable, opts ...CallOption) {
	from, size := 0, len(list)
	for {
		n := min(size, len(list)-from)
		b.Add(ctx, op, request(from, list[from:from+n]), opts...)
		last := &b.items[len(b.items)-1]
		bytes := last.end - last.start
		if n > 1 && (errors.Is(last.err, nlattr.ErrTooLong) || bytes > nlattr.MaxLen) {
			b.buf, b.items = b.buf[:last.start], b.items[:len(b.items)-1]
			size = (n + 1) / 2
			continue
		}
		if from += n; from >= len(list) {
			return
		}
		if last.err == nil {
			// As many as fit if they are alike, with a little to spare.
			size = max(1, n*(nlattr.MaxLen-nlattr.MaxLen/32)/bytes)
		}
	}
}
