package kind

func init() { register("unused", unused{never{row: "Unused"}}) }

// unused is a number that no attribute has any more, or that none has yet. It is
// never sent, and ignored when it is received.
type unused struct{ never }
