// Package witness is what tests against the running kernel share: a network namespace with links in it ([Namespace]), the tools whose
// word is taken ([Output], [List], [IP]), and the comparison of every field that a tool shows with a value of ours ([Compare]).
//
// A tool's key means the field of the same name, or what a [View] says. A key that means neither fails the test, so that nothing which
// the tool shows goes unseen; what can not be compared is [Unseen], with the reason, and counted.
//
// The package knows rtlink, since every test needs links, and no other family.
package witness
