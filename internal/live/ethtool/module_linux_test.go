package ethtool

import (
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
	"syscall"
	"testing"

	"github.com/nlgen/nlgen/generated/ethtool"
	"github.com/nlgen/nlgen/internal/witness"
)

// TestModuleEeprom reads pages of the memory of a pluggable module.
func TestModuleEeprom(t *testing.T) {
	l := newNIC(t)
	c := witness.NewTally(t)
	for _, x := range []struct{ offset, length, page, bank, address uint8 }{
		{0, 128, 0, 0, 0x50}, {128, 128, 0, 0, 0x50}, {200, 3, 1, 0, 0x50}, {128, 64, 3, 2, 0x50}, {130, 1, 2, 0, 0x51},
	} {
		reply, err := l.client.ModuleEepromGet(l.Ctx, &ethtool.ModuleEepromGetRequest{
			Header: of("nic0"), Offset: u32(uint32(x.offset)), Length: u32(uint32(x.length)), Page: u8(x.page), Bank: u8(x.bank), I2cAddress: u8(x.address),
		})
		if err != nil {
			t.Fatal(err)
		}
		witness.Known(t, "memory", reply)
		list, err := lines(t, "-m", "nic0", "hex", "on", "offset", fmt.Sprint(x.offset), "length", fmt.Sprint(x.length), "page", fmt.Sprint(x.page),
			"bank", fmt.Sprint(x.bank), "i2c", fmt.Sprint(x.address))
		if err != nil {
			t.Fatal(err)
		}
		var theirs strings.Builder
		for _, line := range list {
			if address, bytes, ok := strings.Cut(line, ":"); ok && strings.HasPrefix(address, "0x") {
				theirs.WriteString(strings.ReplaceAll(bytes, " ", ""))
			}
		}
		c.Field(fmt.Sprintf("memory %+v", x), hex.EncodeToString(reply.Data), theirs.String())
	}
	_, err := l.client.ModuleEepromGet(l.Ctx, &ethtool.ModuleEepromGetRequest{
		Header: of("nic0"), Offset: u32(128), Length: u32(1), Page: u8(9), I2cAddress: u8(0x50),
	})
	if !errors.Is(err, syscall.EINVAL) || !strings.Contains(err.Error(), `"the module has no such page"`) {
		t.Errorf("a page that is not there: %v", err)
	}
	_, err = l.client.ModuleEepromGet(l.Ctx, &ethtool.ModuleEepromGetRequest{
		Header: of("nic0"), Offset: u32(100), Length: u32(29), Page: u8(0), I2cAddress: u8(0x50),
	})
	if !errors.Is(err, syscall.EINVAL) || !strings.Contains(err.Error(), `[attribute length]`) {
		t.Errorf("across two halves of a page: %v", err)
	}
	c.Report("memory of a module")
}
