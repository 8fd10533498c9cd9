package inetdiag_test

import (
	"testing"

	"github.com/nlgen/nlgen/generated/inetdiag"
)

func TestEndpoint(t *testing.T) {
	id := inetdiag.InetDiagSockid{Sport: 80, Dport: 1024, Src: [16]byte{192, 0, 2, 1}, Dst: [16]byte{192, 0, 2, 2}}
	for family, want := range map[uint8][2]string{
		2:  {"192.0.2.1:80", "192.0.2.2:1024"},
		10: {"[c000:201::]:80", "[c000:202::]:1024"},
	} {
		socket := inetdiag.InetDiagMsg{IdiagFamily: family, ID: id}
		if socket.Local().String() != want[0] || socket.Remote().String() != want[1] {
			t.Errorf("family %d: %s and %s", family, socket.Local(), socket.Remote())
		}
	}
}
