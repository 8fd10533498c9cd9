package goname

import (
	"strings"
	"testing"
)

func TestCamel(t *testing.T) {
	for _, tc := range []struct{ name, camel, exported, unexported string }{
		{"port-get", "PortGet", "PortGet", "portGet"},
		{"family-id", "FamilyID", "FamilyID", "familyID"},
		{"id", "ID", "ID", "id"},
		{"id-max", "IDMax", "IDMax", "idMax"},
		{"ids", "Ids", "Ids", "ids"},
		{"idle", "Idle", "Idle", "idle"},
		{"ifi-index", "IfiIndex", "IfiIndex", "ifiIndex"},
		{"mtu", "Mtu", "Mtu", "mtu"},
		{"6rd-prefix", "6rdPrefix", "X6rdPrefix", "x6rdPrefix"},
		{"set id", "SetID", "SetID", "setID"},
		{"from_pid", "FromPid", "FromPid", "fromPid"},
		{"DP", "DP", "DP", "dP"},
		{"Wlog", "Wlog", "Wlog", "wlog"},
		{"--kernel-timespec", "KernelTimespec", "KernelTimespec", "kernelTimespec"},
		{"pin-frequency-77_5-khz", "PinFrequency775Khz", "PinFrequency775Khz", "pinFrequency775Khz"},
		{"-", "", "", ""},
	} {
		if got := Camel(tc.name); got != tc.camel {
			t.Errorf("Camel(%q) = %q, want %q", tc.name, got, tc.camel)
		}
		if got := Exported(tc.camel); got != tc.exported {
			t.Errorf("Exported(%q) = %q, want %q", tc.camel, got, tc.exported)
		}
		if got := Unexported(tc.camel); got != tc.unexported {
			t.Errorf("Unexported(%q) = %q, want %q", tc.camel, got, tc.unexported)
		}
	}
}

func TestProblem(t *testing.T) {
	for _, name := range []string{"a", "port-get", "set id", "6rd", "_", "--x", strings.Repeat("x", MaxLen), "802"} {
		if got := Problem(name); (got == "") != (name != "_") {
			t.Errorf("Problem(%q) = %q", name, got)
		}
	}
	for _, name := range []string{"", "-", " _-", "a.b", "a\nb", "a\"b", "ä", "a/*", "a\x00", "\xff", strings.Repeat("x", MaxLen+1)} {
		if Problem(name) == "" {
			t.Errorf("Problem(%q) finds nothing", name)
		}
	}
}

func TestPackage(t *testing.T) {
	for name, want := range map[string]string{
		"rt-link": "rtlink", "mptcp_pm": "mptcppm", "tc": "tc", "NLBL_MGMT": "nlblmgmt", "TASKSTATS": "taskstats",
		"go": "", "type": "", "8021q": "", "-": "", "": "", "main": "", "init": "",
		"documentation": "", "internal": "", "test_data": "", "vendor": "",
	} {
		if got := Package(name); got != want {
			t.Errorf("Package(%q) = %q, want %q", name, got, want)
		}
	}
}

func TestIsExported(t *testing.T) {
	for name, want := range map[string]bool{
		"Map": true, "MapID2": true, "X_Y": true, "map": false, "": false, "2x": false, "A b": false, "Ä": false, "A(": false,
		"A" + strings.Repeat("x", MaxLen): false,
	} {
		if got := IsExported(name); got != want {
			t.Errorf("IsExported(%q) = %v", name, got)
		}
	}
}

func TestClean(t *testing.T) {
	for text, want := range map[string]string{
		"vxlan": "vxlan", "ip6gre": "ip6gre", "a.b/c": "a-b-c", "": "", "//": "", "x\xffy": "x-y", "ä": "", "pfifo_fast": "pfifo-fast",
	} {
		if got := Clean(text); got != want {
			t.Errorf("Clean(%q) = %q, want %q", text, got, want)
		}
	}
}

func TestFor(t *testing.T) {
	seen := map[[2]string]bool{}
	for _, o := range overrides {
		key := [2]string{o.Family, o.Path}
		if o.Reason == "" || !IsExported(o.Go) || seen[key] {
			t.Errorf("bad row %+v", o)
		}
		seen[key] = true
		if len(For(o.Family)) == 0 {
			t.Errorf("For(%q) is empty", o.Family)
		}
	}
}

func FuzzCamel(f *testing.F) {
	f.Add("port-get")
	f.Add("6rd prefix")
	f.Fuzz(func(t *testing.T, name string) {
		clean := Clean(name)
		if clean != "" && Problem(clean) != "" && len(clean) <= MaxLen {
			t.Errorf("Clean(%q) = %q: %s", name, clean, Problem(clean))
		}
		if len(name) < MaxLen && Problem(name) == "" && !IsExported(Exported(Camel(name))) {
			t.Errorf("%q gives no identifier", name)
		}
		if p := Package(name); p != "" && !IsPackage(p) {
			t.Errorf("Package(%q) = %q", name, p)
		}
	})
}
