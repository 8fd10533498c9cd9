package nftables

import "github.com/nlgen/nlgen/runtime/nlconn"

// Transaction returns an empty batch for operations that change the ruleset, which the kernel takes in a transaction only: Do has all of
// its requests carried out, or none.
func (c *Client) Transaction() *nlconn.Batch {
	header := Nfgenmsg{ResID: 10} // NFNL_SUBSYS_NFTABLES
	return c.conn.NewBatch(Family.Protocol, nlconn.Transaction(
		&OpBatchBegin, &BatchBeginRequest{Header: header},
		&OpBatchEnd, &BatchEndRequest{Header: header}))
}
