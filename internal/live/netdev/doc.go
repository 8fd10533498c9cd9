// Package netdev tests the generated package of that name against the running kernel: devices, queues and their counters, NAPI instances,
// pools of pages, and memory that queues receive into without owning it. The witnesses are /sys, and the links that rtlink lists.
//
// The package has no code of its own.
package netdev
