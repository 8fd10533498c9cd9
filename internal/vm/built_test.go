package vm

import (
	"os"
	"path/filepath"
	"testing"
)

func TestBuilt(t *testing.T) {
	dir := t.TempDir()
	for name, text := range map[string]string{
		"bridge.ko":   "\x00vermagic=6.12.3 SMP mod_unload\x00",
		"old.ko":      "\x00vermagic=6.12.30 SMP mod_unload\x00",
		"virt-eth.ko": "license=GPL\x00vermagic=6.12.3 SMP\x00",
		"notes.txt":   "vermagic=6.12.3 ",
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	k := &Kernel{Version: "6.12.3"}
	built, err := k.Built(dir)
	if err != nil || len(built) != 2 || built[0].Name != "bridge" || built[1].Name != "virt_eth" {
		t.Errorf("%+v, %v", built, err)
	}
	list := Prefer(built, []Module{{Name: "veth"}, {Name: "bridge", Options: "x=1"}})
	if len(list) != 3 || list[0].File == "" || list[2].Name != "veth" {
		t.Errorf("%+v", list)
	}
	if built, err := k.Built(filepath.Join(dir, "none")); built != nil || err != nil {
		t.Errorf("no folder: %v, %v", built, err)
	}
}
