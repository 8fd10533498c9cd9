package taskstats

import (
	"runtime"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/nlgen/nlgen/generated/taskstats"
	"github.com/nlgen/nlgen/internal/witness"
)

// TestPolicies gives a thread each policy of scheduling, and compares what is told of it with what the system call tells. In the end the
// thread is as it was, and goes on: what one that ends has used stays in the sums of the process.
func TestPolicies(t *testing.T) {
	_, conn := witness.Connect(t)
	client := taskstats.New(conn)
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	tally := witness.NewTally(t)
	for _, policy := range []taskstats.SchedPolicy{
		taskstats.SchedPolicyBatch, taskstats.SchedPolicyIdle, taskstats.SchedPolicyRr, taskstats.SchedPolicyFifo, taskstats.SchedPolicyDeadline,
		taskstats.SchedPolicyNormal,
	} {
		attr := unix.SchedAttr{Size: unix.SizeofSchedAttr, Policy: uint32(policy)}
		switch policy {
		case taskstats.SchedPolicyRr, taskstats.SchedPolicyFifo:
			attr.Priority = 1
		case taskstats.SchedPolicyDeadline:
			attr.Runtime, attr.Deadline, attr.Period = 50e6, 100e6, 100e6
		}
		if err := unix.SchedSetAttr(0, &attr, 0); err != nil {
			t.Errorf("%v: %v", policy, err)
			continue
		}
		now, err := unix.SchedGetAttr(0, 0)
		if err != nil {
			t.Error(err)
			continue
		}
		tally.Field("policy", stats(t, client, unix.Gettid()).AcSched, float64(now.Policy))
	}
	tally.Report("policies")
}
