// Package nltest runs clients without a kernel and without root.
//
// A [Kernel] is a kernel in memory: it resolves families and groups, checks
// requests by their policies, has typed functions answer them, and multicasts
// notifications, to any number of connections:
//
//	k := nltest.NewKernel()
//	k.Handle(nlserve.Do(&rtlink.OpGetlink, func(ctx context.Context, req *rtlink.GetlinkRequest) (*rtlink.GetlinkReply, error) {
//		return &rtlink.GetlinkReply{Ifname: nlattr.Some("eth0")}, nil
//	}))
//	client := rtlink.New(k.Conn(t))
//
// A whole family is registered as its generated Handler carries it out, which need
// not have all methods:
//
//	type handler struct{ rtlink.UnimplementedHandler }
//	k.Register(rtlink.NewService(handler{}))
//
// A [Script] is for what a kernel does not do at will: it answers expected
// requests by datagrams that are put together message by message, and those can
// be wrong in every way.
//
// Both are an [nlconn.Transport]. What goes through them has the form that it has
// on the wire.
package nltest
