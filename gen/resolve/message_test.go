package resolve_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/nlgen/nlgen/gen/ir"
	"github.com/nlgen/nlgen/gen/resolve"
)

// messages renders the messages of a family: Go name, header, set, attributes, and whose alias they are.
func messages(f *ir.Family) string {
	var b strings.Builder
	for _, m := range f.Messages {
		fmt.Fprintf(&b, "%s:", m.Go)
		if m.Header != nil {
			fmt.Fprintf(&b, " [%s]", m.Header.Name)
		}
		if len(m.Attrs) > 0 {
			fmt.Fprintf(&b, " %s", names(m.Attrs))
		}
		if m.Same != nil {
			fmt.Fprintf(&b, " = %s", m.Same.Go)
		}
		b.WriteString("\n")
	}
	for _, e := range f.Events {
		fmt.Fprintf(&b, "event %s %d %s\n", e.Go, e.Number, e.Message.Go)
	}
	return b.String()
}

func TestMessages(t *testing.T) {
	f, found := resolveText(`
name: test
doc: d
protocol: genetlink-legacy
definitions:
- {name: hdr, type: struct, members: [{name: index, type: u32}]}
- {name: other, type: struct, members: [{name: index, type: u64}]}
attribute-sets:
- name: obj
  attributes: [{name: a, type: u32}, {name: b, type: u32}, {name: pad, type: pad}, {name: c, type: u32}, {name: d, type: u32}]
operations:
  list:
  - {name: get-ntf, doc: d, notify: get}
  - name: get
    doc: d
    attribute-set: obj
    do: {request: {attributes: [b, a, pad]}, reply: {attributes: [c, a]}}
    dump: {request: {attributes: [a]}, reply: {attributes: [d, a]}}
  - {name: set, doc: d, attribute-set: obj, do: {request: {attributes: [a, b]}}}
  - {name: see, doc: d, attribute-set: obj, dump: {reply: {attributes: [a, c, d]}}}
  - {name: flush, doc: d, do: {}}
  - {name: link-event, doc: d, attribute-set: obj, event: {attributes: [d]}}
  - {name: gone, doc: d, attribute-set: obj, event: }
  - {name: headed, doc: d, attribute-set: obj, fixed-header: hdr, do: {request: {attributes: [index, a]}, reply: {attributes: [a]}}}
  - {name: headed-ntf, doc: d, notify: headed, mcgrp: grp}
  - {name: other-ntf, doc: d, notify: headed, fixed-header: other}
  - {name: del, doc: d, attribute-set: obj, do: {request: {attributes: [a]}}}
  - {name: del-ntf, doc: d, notify: del}
mcast-groups: {list: [{name: grp}]}
`, resolve.Options{})
	diff(t, "diagnostics", found, `28:37: warning: notification "del-ntf" has the content of "del", which has no reply; it may have all attributes
`)
	diff(t, "messages", messages(f), `GetRequest: a b
GetDumpRequest: a
GetReply: a c d
SetRequest: a b = GetRequest
SeeDumpRequest:
SeeReply: a c d = GetReply
FlushRequest:
LinkEventMessage: d
GoneMessage:
HeadedRequest: [hdr] a
HeadedReply: [hdr] a
OtherNtfMessage: [other] a
DelRequest: a = GetDumpRequest
DelReply: a b c d
event GetNtf 1 GetReply
event LinkEvent 6 LinkEventMessage
event GoneEvent 7 GoneMessage
event HeadedNtf 9 HeadedReply
event OtherNtf 10 OtherNtfMessage
event DelNtf 12 DelReply
`)
	if o := opOf(t, f, "headed-ntf"); o.Group != f.Groups[0] || o.Notify != opOf(t, f, "headed") {
		t.Error("the notification is not bound")
	}
	if opOf(t, f, "del").Do.HasReply || opOf(t, f, "flush").Reply != nil {
		t.Error("replies out of nothing")
	}
	checkFamily(t, f)
}

func TestMessageLists(t *testing.T) {
	f, found := resolveText(`
name: test
doc: d
attribute-sets:
- {name: obj, attributes: [{name: counter, type: u32}, {name: b, type: u32}]}
operations:
  list:
  - name: get
    doc: d
    attribute-set: obj
    do: {request: {attributes: [b, b]}, reply: {attributes: [counters, counter, missing]}}
    dump: {reply: {attributes: [counter]}}
`, resolve.Options{})
	diff(t, "diagnostics", found, `11:36: warning: attribute "b" is listed twice in operation "get"
11:62: warning: operation "get" lists attribute "counters", which is left out: set "obj" lacks it, did you mean "counter"?
11:81: warning: operation "get" lists attribute "missing", which is left out: set "obj" lacks it
`)
	diff(t, "messages", messages(f), "GetRequest: b\nGetDumpRequest:\nGetReply: counter\n")
}

func TestOpErrors(t *testing.T) {
	_, found := resolveText(`
name: test
doc: d
attribute-sets:
- {name: obj, attributes: [{name: a, type: u32}]}
operations:
  list:
  - {name: a, doc: d, do: {}, value: 300}
  - {name: b, doc: d, do: {}}
  - {name: c, doc: d, do: {}, attribute-set: objs, value: 2}
  - {name: c, doc: d, do: {}}
  - {name: d, doc: d, do: {}, value: 2}
  - {name: e, doc: d, notify: nothing}
  - {name: f, doc: d, notify: e, do: {}}
  - {name: g, doc: d, do: {request: {attributes: [a]}}, mcgrp: grp}
  - {name: h, doc: d, event: {}, notify: d, value: 2}
  - {name: i, doc: d, notify: h, fixed-header: obj}
mcast-groups: {list: [{name: group}, {name: group}]}
`, resolve.Options{})
	diff(t, "diagnostics", found, `8:38: operation "a" has number 300; the largest is 255
10:46: operation "c" refers to unknown set "objs", did you mean "obj"?
11:12: operation "c" is declared twice
  10:12: first declared here
12:12: the do of operation "d" has the number of "c", 2
  10:12: declared here
13:31: notification "e" refers to unknown operation "nothing"
14:12: operation "f" is called by the user and sent by the kernel; these are two operations
14:31: notification "f" refers to "e", which has no reply, being neither a do nor a dump
  13:12: declared here
15:51: operation "g" lists attribute "a", but has no attribute-set
15:64: operation "g" refers to unknown multicast group "grp"
16:30: operation "h" is both a notification and an event
  16:42: notification of "d"
16:42: warning: notification "h" has the content of "d", which has no reply; it may have all attributes
17:31: notification "i" refers to "h", which has no reply, being neither a do nor a dump
  16:12: declared here
17:48: operation "i" refers to unknown struct "obj"
18:45: multicast group "group" is declared twice
  18:30: first declared here
`)
}
