package goname

// Override gives one declaration of one family another Go name than the rule would. Reason says why the rule fails there; an
// exception without a reason is none.
type Override struct {
	Family string // the name of the family
	Path   string // the declaration, in the syntax of resolve.Rename
	Go     string
	Reason string
}

// overrides holds the exceptions to the naming rule. It is the last resort: a rule that needs none is better, and a user with a spec of
// his own has nlgen.yaml. A row that its family does not need is an error when that family is generated.
var overrides []Override

// For returns the exceptions for a family.
func For(family string) []Override {
	var list []Override
	for _, o := range overrides {
		if o.Family == family {
			list = append(list, o)
		}
	}
	return list
}
