package wireguard_test

import (
	"context"
	"encoding/base64"
	"fmt"
	"log"
	"net/netip"
	"time"

	"github.com/nlgen/nlgen/generated/wireguard"
	"github.com/nlgen/nlgen/runtime/nlattr"
	"github.com/nlgen/nlgen/runtime/nlconn"
)

// Who has been heard of, when, and from where?
func Example() {
	ctx := context.Background()
	conn, err := nlconn.Open()
	if err != nil {
		log.Fatal(err)
	}
	defer conn.Close()

	device, err := wireguard.New(conn).Device(ctx, &wireguard.GetDeviceDumpRequest{Ifname: nlattr.Some("wg0")})
	if err != nil {
		log.Fatal(err)
	}
	for _, peer := range device.Peers {
		endpoint, _ := peer.V.AddrPort()
		seen := peer.V.LastHandshakeTime.V
		fmt.Println(base64.StdEncoding.EncodeToString(peer.V.PublicKey), endpoint, time.Unix(seen.Sec, seen.Nsec).UTC())
	}
	// Output:
	// AQIDBAUGBwgJCgsMDQ4PEBESExQVFhcYGRobHB0eHyA= 192.0.2.9:51820 1970-01-01 00:00:00 +0000 UTC
}

// A device gets a key, and exactly the peers that are listed. There may be thousands.
func ExampleClient_Configure() {
	ctx := context.Background()
	conn, err := nlconn.Open()
	if err != nil {
		log.Fatal(err)
	}
	defer conn.Close()

	var privateKey, publicKey [32]byte // from where one keeps them
	var network wireguard.AllowedIPAttrs
	network.SetPrefix(netip.MustParsePrefix("10.7.0.0/16"))
	peer := wireguard.PeerAttrs{
		PublicKey:  publicKey[:],
		Allowedips: []nlattr.Indexed[wireguard.AllowedIPAttrs]{{V: network}},
	}
	if err := peer.SetAddrPort(netip.MustParseAddrPort("192.0.2.7:51820")); err != nil {
		log.Fatal(err)
	}
	client := wireguard.New(conn)
	err = client.Configure(ctx, &wireguard.SetDeviceRequest{
		Ifname:     nlattr.Some("wg0"),
		PrivateKey: privateKey[:],
		ListenPort: nlattr.Some(uint16(51820)),
		Flags:      nlattr.Some(wireguard.DeviceFlagsReplacePeers),
		Peers:      []nlattr.Indexed[wireguard.PeerAttrs]{{V: peer}},
	})
	if err != nil {
		log.Fatal(err)
	}
	device, err := client.Device(ctx, &wireguard.GetDeviceDumpRequest{Ifname: nlattr.Some("wg0")})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(device.ListenPort.V, len(device.Peers))
	// Output:
	// 51820 1
}
