package nlctrl_test

import (
	"context"
	"fmt"

	"github.com/nlgen/nlgen/generated/nlctrl"
	"github.com/nlgen/nlgen/runtime/nlattr"
	"github.com/nlgen/nlgen/runtime/nlconn"
)

// Asks the controller about itself; its id is the same everywhere.
func Example() {
	conn, err := nlconn.Open()
	if err != nil {
		fmt.Println(err)
		return
	}
	defer conn.Close()
	family, err := nlctrl.New(conn).Getfamily(context.Background(), &nlctrl.GetfamilyRequest{FamilyName: nlattr.Some("nlctrl")})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(family.FamilyName.V, family.FamilyID.V)
	// Output:
	// nlctrl 16
}
