package ethtool

import (
	"fmt"
	"reflect"
	"strings"
	"syscall"
	"testing"

	"github.com/nlgen/nlgen/generated/ethtool"
	"github.com/nlgen/nlgen/internal/witness"
	"github.com/nlgen/nlgen/runtime/nlattr"
	"github.com/nlgen/nlgen/runtime/nlconn"
)

// A reader reads with one operation: by do of a link, and by dump of all.
type reader struct {
	name string
	op   *nlconn.Operation
	// A new request and a new reply of it.
	request, reply func() witness.Message
	do             func(l *lab, link string) (any, error)
	dump           func(l *lab) (int, error)
}

// reads makes a reader of a get operation.
func reads[T any, P nlconn.Message[T]](op *nlconn.Operation, request func(*ethtool.HeaderAttrs) nlconn.Encodable) reader {
	return reader{
		name: op.Name,
		op:   op,
		request: func() witness.Message {
			return reflect.New(reflect.TypeOf(request(nil)).Elem()).Interface().(witness.Message)
		},
		reply: func() witness.Message { return any(P(new(T))).(witness.Message) },
		do: func(l *lab, link string) (any, error) {
			return nlconn.Do[T, P](l.Ctx, l.Conn, op, request(of(link)))
		},
		dump: func(l *lab) (int, error) {
			all, err := nlconn.Collect[T, P](l.Ctx, l.Conn, op, nil)
			return len(all), err
		},
	}
}

func readers() []reader {
	list := []reader{
		reads[ethtool.StrsetGetReply](&ethtool.OpStrsetGet, func(h *ethtool.HeaderAttrs) nlconn.Encodable { return &ethtool.StrsetGetRequest{Header: h} }),
		reads[ethtool.LinkinfoGetReply](&ethtool.OpLinkinfoGet, func(h *ethtool.HeaderAttrs) nlconn.Encodable { return &ethtool.LinkinfoGetRequest{Header: h} }),
		reads[ethtool.LinkmodesGetReply](&ethtool.OpLinkmodesGet, func(h *ethtool.HeaderAttrs) nlconn.Encodable { return &ethtool.LinkmodesGetRequest{Header: h} }),
		reads[ethtool.LinkstateGetReply](&ethtool.OpLinkstateGet, func(h *ethtool.HeaderAttrs) nlconn.Encodable { return &ethtool.LinkstateGetRequest{Header: h} }),
		reads[ethtool.DebugGetReply](&ethtool.OpDebugGet, func(h *ethtool.HeaderAttrs) nlconn.Encodable { return &ethtool.DebugGetRequest{Header: h} }),
		reads[ethtool.WolGetReply](&ethtool.OpWolGet, func(h *ethtool.HeaderAttrs) nlconn.Encodable { return &ethtool.WolGetRequest{Header: h} }),
		reads[ethtool.FeaturesGetReply](&ethtool.OpFeaturesGet, func(h *ethtool.HeaderAttrs) nlconn.Encodable { return &ethtool.FeaturesGetRequest{Header: h} }),
		reads[ethtool.PrivflagsGetReply](&ethtool.OpPrivflagsGet, func(h *ethtool.HeaderAttrs) nlconn.Encodable { return &ethtool.PrivflagsGetRequest{Header: h} }),
		reads[ethtool.RingsGetReply](&ethtool.OpRingsGet, func(h *ethtool.HeaderAttrs) nlconn.Encodable { return &ethtool.RingsGetRequest{Header: h} }),
		reads[ethtool.ChannelsGetReply](&ethtool.OpChannelsGet, func(h *ethtool.HeaderAttrs) nlconn.Encodable { return &ethtool.ChannelsGetRequest{Header: h} }),
		reads[ethtool.CoalesceGetReply](&ethtool.OpCoalesceGet, func(h *ethtool.HeaderAttrs) nlconn.Encodable { return &ethtool.CoalesceGetRequest{Header: h} }),
		reads[ethtool.PauseGetReply](&ethtool.OpPauseGet, func(h *ethtool.HeaderAttrs) nlconn.Encodable { return &ethtool.PauseGetRequest{Header: h} }),
		reads[ethtool.EeeGetReply](&ethtool.OpEeeGet, func(h *ethtool.HeaderAttrs) nlconn.Encodable { return &ethtool.EeeGetRequest{Header: h} }),
		reads[ethtool.TsinfoGetReply](&ethtool.OpTsinfoGet, func(h *ethtool.HeaderAttrs) nlconn.Encodable { return &ethtool.TsinfoGetRequest{Header: h} }),
		reads[ethtool.TunnelInfoGetReply](&ethtool.OpTunnelInfoGet, func(h *ethtool.HeaderAttrs) nlconn.Encodable { return &ethtool.TunnelInfoGetRequest{Header: h} }),
		reads[ethtool.FecGetReply](&ethtool.OpFecGet, func(h *ethtool.HeaderAttrs) nlconn.Encodable { return &ethtool.FecGetRequest{Header: h} }),
		reads[ethtool.ModuleEepromGetReply](&ethtool.OpModuleEepromGet, func(h *ethtool.HeaderAttrs) nlconn.Encodable {
			return &ethtool.ModuleEepromGetRequest{Header: h, Offset: u32(0), Length: u32(1), Page: u8(0), I2cAddress: u8(0x50)}
		}),
		reads[ethtool.StatsGetReply](&ethtool.OpStatsGet, func(h *ethtool.HeaderAttrs) nlconn.Encodable {
			return &ethtool.StatsGetRequest{Header: h, Groups: bitset(map[string]bool{"eth-mac": true})}
		}),
		reads[ethtool.PhcVclocksGetReply](&ethtool.OpPhcVclocksGet, func(h *ethtool.HeaderAttrs) nlconn.Encodable { return &ethtool.PhcVclocksGetRequest{Header: h} }),
		reads[ethtool.ModuleGetReply](&ethtool.OpModuleGet, func(h *ethtool.HeaderAttrs) nlconn.Encodable { return &ethtool.ModuleGetRequest{Header: h} }),
		reads[ethtool.PseGetReply](&ethtool.OpPseGet, func(h *ethtool.HeaderAttrs) nlconn.Encodable { return &ethtool.PseGetRequest{Header: h} }),
		reads[ethtool.RssGetReply](&ethtool.OpRssGet, func(h *ethtool.HeaderAttrs) nlconn.Encodable { return &ethtool.RssGetRequest{Header: h} }),
		reads[ethtool.PlcaGetCfgReply](&ethtool.OpPlcaGetCfg, func(h *ethtool.HeaderAttrs) nlconn.Encodable { return &ethtool.PlcaGetCfgRequest{Header: h} }),
		reads[ethtool.PlcaGetStatusReply](&ethtool.OpPlcaGetStatus, func(h *ethtool.HeaderAttrs) nlconn.Encodable { return &ethtool.PlcaGetStatusRequest{Header: h} }),
		reads[ethtool.MmGetReply](&ethtool.OpMmGet, func(h *ethtool.HeaderAttrs) nlconn.Encodable { return &ethtool.MmGetRequest{Header: h} }),
		reads[ethtool.PhyGetReply](&ethtool.OpPhyGet, func(h *ethtool.HeaderAttrs) nlconn.Encodable { return &ethtool.PhyGetRequest{Header: h} }),
		reads[ethtool.TsconfigGetReply](&ethtool.OpTsconfigGet, func(h *ethtool.HeaderAttrs) nlconn.Encodable { return &ethtool.TsconfigGetRequest{Header: h} }),
	}
	return list
}

// TestGets reads with every operation that reads. Each answers with the link that was asked about and nothing that is unknown, or says
// that the driver knows nothing of it.
func TestGets(t *testing.T) {
	l := newLab(t)
	l.tap()
	family, err := l.Conn.Family(l.Ctx, "ethtool")
	if err != nil {
		t.Fatal(err)
	}
	known := map[uint32]bool{}
	for _, op := range family.Ops {
		known[op.ID] = true
	}
	answered, refused := 0, 0
	for _, r := range readers() {
		t.Run(r.name, func(t *testing.T) {
			var said []string
			for _, link := range []string{"veth0", "tap0"} {
				reply, err := r.do(l, link)
				if notSupported(err) {
					refused++
					said = append(said, err.Error())
					continue
				}
				if err != nil {
					t.Errorf("%s: %v", link, err)
					continue
				}
				v := reflect.ValueOf(reply)
				if v.IsNil() {
					said = append(said, "nothing")
					continue
				}
				answered++
				witness.Known(t, link, reply)
				if unknown := v.Elem().FieldByName("Unknown"); unknown.Len() > 0 {
					t.Errorf("%s: unknown attributes: %v", link, unknown)
				}
				header := v.Elem().FieldByName("Header").Interface().(*ethtool.HeaderAttrs)
				if header == nil || header.DevName.V != link || header.DevIndex.V != uint32(l.Link(link).Header.IfiIndex) {
					t.Errorf("asked about %s, got %+v", link, header)
				}
				said = append(said, "an answer")
			}
			n, err := r.dump(l)
			switch {
			case err == nil:
				said = append(said, fmt.Sprint(n, " by dump"))
			case notSupported(err):
				said = append(said, err.Error())
			default:
				said = append(said, err.Error())
				if !strings.Contains(err.Error(), "EINVAL") {
					t.Errorf("dump: %v", err)
				}
			}
			t.Log(strings.Join(said, "; "))
		})
	}
	t.Logf("%d answers, %d refusals; the kernel has %d operations", answered, refused, len(known))
	if answered < 15 {
		t.Errorf("only %d answers", answered)
	}
}

// TestNICGets reads with every operation that reads, of a link that has something for each. What is refused nevertheless is named here.
func TestNICGets(t *testing.T) {
	l := newNIC(t)
	refused := map[string]string{
		"pse-get":      "CONFIG_PSE_CONTROLLER, without which the kernel is built",
		"tsconfig-get": "a kernel newer than 6.13",
	}
	for _, r := range readers() {
		reply, err := r.do(l, "nic0")
		if why := refused[r.name]; why != "" && notSupported(err) {
			t.Logf("%s wants %s", r.name, why)
			continue
		}
		if err != nil || reflect.ValueOf(reply).IsNil() {
			t.Errorf("%s: %v, %v", r.name, reply, err)
			continue
		}
		witness.Known(t, r.name, reply)
		if unknown := reflect.ValueOf(reply).Elem().FieldByName("Unknown"); unknown.Len() > 0 {
			t.Errorf("%s: unknown attributes: %v", r.name, unknown)
		}
		// A dump of PLCA finds no PHY: the kernel looks for one in the header of the request, which is about no device.
		if n, err := r.dump(l); err == nil && n == 0 && !strings.HasPrefix(r.name, "plca-") {
			t.Errorf("%s: a dump of nothing", r.name)
		}
	}
}

// TestRefusals asks for what virtual links cannot do, and for what is wrong. The kernel's text and the attribute must arrive.
func TestRefusals(t *testing.T) {
	l := newLab(t)
	l.tap()
	veth, tap := of("veth0"), of("tap0")
	raw := nlconn.NoValidate
	_, features := l.client.FeaturesSet(l.Ctx, &ethtool.FeaturesSetRequest{Header: veth, Wanted: bitset(map[string]bool{"no-such-feature": true})})
	_, link := l.client.LinkinfoGet(l.Ctx, &ethtool.LinkinfoGetRequest{Header: of("nowhere0")})
	_, empty := l.client.LinkinfoGet(l.Ctx, &ethtool.LinkinfoGetRequest{Header: global})
	_, none := l.client.LinkinfoGet(l.Ctx, nil)
	_, flags := l.client.LinkinfoGet(l.Ctx, &ethtool.LinkinfoGetRequest{Header: of("veth0", 1<<5)}, raw)
	_, stats := l.client.StatsGet(l.Ctx, &ethtool.StatsGetRequest{Header: veth})
	_, eeprom := l.client.ModuleEepromGet(l.Ctx, &ethtool.ModuleEepromGetRequest{
		Header: veth, Offset: u32(256), Length: u32(1), Page: u8(0), I2cAddress: u8(0x50),
	}, raw)
	_, tsconfig := l.client.TsconfigSet(l.Ctx, &ethtool.TsconfigSetRequest{Header: veth, TxTypes: bitset(map[string]bool{"on": true})})
	_, rss := l.client.RssCreateAct(l.Ctx, &ethtool.RssCreateActRequest{Header: veth})
	for _, r := range []struct {
		name  string
		err   error
		errno syscall.Errno
		// want begins the error, in the words of any of the kernels; an operation that a kernel does not have at all is refused with
		// EOPNOTSUPP alone.
		want string
	}{
		{"no such link", link, syscall.ENODEV, `ethtool: linkinfo-get: ENODEV: "no device matches name" [attribute header.dev-name]`},
		{"no link", empty, syscall.EINVAL, `ethtool: linkinfo-get: EINVAL: "neither ifindex nor name specified" [attribute header]`},
		{"no header", none, syscall.EINVAL, `ethtool: linkinfo-get: EINVAL: "request header missing"|ethtool: linkinfo-get: EINVAL: invalid argument [missing attribute header]`},
		{"unknown flags", flags, syscall.EINVAL, `ethtool: linkinfo-get: EINVAL: "reserved bit set" [attribute header.flags]`},
		{"unknown feature", features, syscall.EOPNOTSUPP, `ethtool: features-set: EOPNOTSUPP: "bit name not found" [attribute wanted.bits.bit.name]`},
		{"no groups", stats, syscall.EINVAL, `ethtool: stats-get: EINVAL: "no stats requested"`},
		{"too many channels", l.client.ChannelsSet(l.Ctx, &ethtool.ChannelsSetRequest{Header: veth, RxCount: u32(99)}), syscall.EINVAL,
			`ethtool: channels-set: EINVAL: "requested channel count exceeds maximum" [attribute rx-count]`},
		{"unknown coalescing", l.client.CoalesceSet(l.Ctx, &ethtool.CoalesceSetRequest{Header: tap, TxUsecs: u32(1)}), syscall.EINVAL,
			`ethtool: coalesce-set: EINVAL: "cannot modify an unsupported parameter" [attribute tx-usecs]`},
		{"rings", l.client.RingsSet(l.Ctx, &ethtool.RingsSetRequest{Header: veth, Rx: u32(5)}), syscall.EOPNOTSUPP, `ethtool: rings-set: EOPNOTSUPP: operation not supported`},
		{"buffers of no length", l.client.RingsSet(l.Ctx, &ethtool.RingsSetRequest{Header: veth, RxBufLen: u32(0)}, raw), syscall.ERANGE,
			`ethtool: rings-set: ERANGE: "integer out of range" [attribute rx-buf-len, policy u32 1..4294967295]`},
		{"pause", l.client.PauseSet(l.Ctx, &ethtool.PauseSetRequest{Header: veth, Rx: u8(1)}), syscall.EOPNOTSUPP, `ethtool: pause-set: EOPNOTSUPP: operation not supported`},
		{"eee", l.client.EeeSet(l.Ctx, &ethtool.EeeSetRequest{Header: veth, Enabled: u8(1)}), syscall.EOPNOTSUPP, `ethtool: eee-set: EOPNOTSUPP: operation not supported`},
		{"wol", l.client.WolSet(l.Ctx, &ethtool.WolSetRequest{Header: veth, Modes: bitset(map[string]bool{"magic": true})}), syscall.EOPNOTSUPP,
			`ethtool: wol-set: EOPNOTSUPP: operation not supported`},
		{"private flags", l.client.PrivflagsSet(l.Ctx, &ethtool.PrivflagsSetRequest{Header: veth, Flags: bitset(map[string]bool{"x": true})}), syscall.EOPNOTSUPP,
			`ethtool: privflags-set: EOPNOTSUPP: operation not supported`},
		{"fec", l.client.FecSet(l.Ctx, &ethtool.FecSetRequest{Header: veth, Auto: u8(1)}), syscall.EOPNOTSUPP, `ethtool: fec-set: EOPNOTSUPP: operation not supported`},
		{"connector of a veth", l.client.LinkinfoSet(l.Ctx, &ethtool.LinkinfoSetRequest{Header: veth, Port: nlattr.Some(ethtool.PortMii)}), syscall.EOPNOTSUPP,
			`ethtool: linkinfo-set: EOPNOTSUPP: operation not supported`},
		{"speed of a veth", l.client.LinkmodesSet(l.Ctx, &ethtool.LinkmodesSetRequest{Header: veth, Speed: u32(10)}), syscall.EOPNOTSUPP,
			`ethtool: linkmodes-set: EOPNOTSUPP: operation not supported`},
		{"messages of a veth", l.client.DebugSet(l.Ctx, &ethtool.DebugSetRequest{Header: veth, Msgmask: bitset(map[string]bool{"drv": true})}), syscall.EOPNOTSUPP,
			`ethtool: debug-set: EOPNOTSUPP: operation not supported`},
		{"module", l.client.ModuleSet(l.Ctx, &ethtool.ModuleSetRequest{
			Header: veth, PowerModePolicy: nlattr.Some(ethtool.ModulePowerModePolicyAuto),
		}), syscall.EOPNOTSUPP, `ethtool: module-set: EOPNOTSUPP: "Setting power mode policy is not supported by this device" [attribute power-mode-policy]`},
		{"memory of a module", eeprom, syscall.ERANGE, `ethtool: module-eeprom-get: ERANGE: "integer out of range" [attribute offset, policy u32 0..255]`},
		{"cable test", l.client.CableTestAct(l.Ctx, &ethtool.CableTestActRequest{Header: veth}), syscall.EOPNOTSUPP, `ethtool: cable-test-act: EOPNOTSUPP: operation not supported`},
		{"raw cable test", l.client.CableTestTdrAct(l.Ctx, &ethtool.CableTestTdrActRequest{Header: veth}), syscall.EOPNOTSUPP,
			`ethtool: cable-test-tdr-act: EOPNOTSUPP: operation not supported`},
		{"power", l.client.PseSet(l.Ctx, &ethtool.PseSetRequest{Header: veth, C33PseAdminControl: nlattr.Some(ethtool.C33PseAdminStateEnabled)}), syscall.EOPNOTSUPP,
			`ethtool: pse-set: EOPNOTSUPP: "No PHY is attached"`},
		{"collision avoidance", l.client.PlcaSetCfg(l.Ctx, &ethtool.PlcaSetCfgRequest{Header: veth, Enabled: u8(1)}), syscall.EOPNOTSUPP,
			`ethtool: plca-set-cfg: EOPNOTSUPP: operation not supported`},
		{"preemption", l.client.MmSet(l.Ctx, &ethtool.MmSetRequest{Header: veth, TxEnabled: u8(1)}), syscall.EOPNOTSUPP, `ethtool: mm-set: EOPNOTSUPP: operation not supported`},
		{"firmware", l.client.ModuleFwFlashAct(l.Ctx, &ethtool.ModuleFwFlashActRequest{Header: veth, FileName: nlattr.Some("none.bin")}), syscall.EOPNOTSUPP,
			`ethtool: module-fw-flash-act: EOPNOTSUPP: "Flashing module firmware is not supported by this device"`},
		{"time stamps", tsconfig, syscall.EOPNOTSUPP, `ethtool: tsconfig-set: EOPNOTSUPP: operation not supported`},
		{"spreading", l.client.RssSet(l.Ctx, &ethtool.RssSetRequest{Header: veth, Indir: []uint32{0, 1}}), syscall.EOPNOTSUPP, `ethtool: rss-set: EOPNOTSUPP: operation not supported`},
		{"new context", rss, syscall.EOPNOTSUPP, `ethtool: rss-create-act: EOPNOTSUPP: operation not supported`},
		{"context to delete", l.client.RssDeleteAct(l.Ctx, &ethtool.RssDeleteActRequest{Header: veth, Context: u32(1)}), syscall.EOPNOTSUPP,
			`ethtool: rss-delete-act: EOPNOTSUPP: operation not supported`},
	} {
		t.Run(r.name, func(t *testing.T) {
			witness.Refused(t, r.name, r.err, r.errno, r.want)
		})
	}
}
