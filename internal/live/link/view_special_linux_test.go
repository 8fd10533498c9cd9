package link

import (
	"fmt"

	"github.com/nlgen/nlgen/generated/rtlink"
	"github.com/nlgen/nlgen/internal/witness"
)

// cipherSuites are the ciphers of MACsec in ip's words. The kernel takes another number for the first than it answers.
var cipherSuites = map[uint64]string{0x0080020001000001: "GCM-AES-128", 0x0080c20001000002: "GCM-AES-256"}

var macsecView = witness.View[*rtlink.LinkinfoMacsecAttrs]{
	"sci":          func(x *rtlink.LinkinfoMacsecAttrs) any { return fmt.Sprintf("%016x", x.Sci.V) },
	"cipher_suite": func(x *rtlink.LinkinfoMacsecAttrs) any { return cipherSuites[x.CipherSuite.V] },
	"validation": func(x *rtlink.LinkinfoMacsecAttrs) any {
		return witness.Pick(x.Validation.V, "disabled", "check", "strict")
	},
	"offload": func(x *rtlink.LinkinfoMacsecAttrs) any { return witness.Pick(x.Offload.V, "off", "phy", "mac") },
}

func (v *linkView) hsr() witness.View[*rtlink.LinkinfoHsrAttrs] {
	type data = *rtlink.LinkinfoHsrAttrs
	return witness.View[data]{
		"slave1": func(x data) any { return v.name(x.Slave1.V) },
		"slave2": func(x data) any { return v.name(x.Slave2.V) },
		"proto":  func(x data) any { return uint8(x.Protocol.V) },
	}
}

var gtpView = witness.View[*rtlink.LinkinfoGtpAttrs]{
	"role":  func(x *rtlink.LinkinfoGtpAttrs) any { return witness.Pick(x.Role.V, "ggsn", "sgsn") },
	"hsize": func(x *rtlink.LinkinfoGtpAttrs) any { return x.PdpHashsize },
}

var bareudpView = witness.View[*rtlink.LinkinfoBareudpAttrs]{
	"dstport":    func(x *rtlink.LinkinfoBareudpAttrs) any { return x.Port },
	"ethertype":  func(x *rtlink.LinkinfoBareudpAttrs) any { return map[uint16]string{0x8847: "mpls_uc"}[x.Ethertype.V] },
	"multiproto": func(x *rtlink.LinkinfoBareudpAttrs) any { return x.MultiprotoMode },
}

func (v *linkView) amt() witness.View[*rtlink.LinkinfoAmtAttrs] {
	type data = *rtlink.LinkinfoAmtAttrs
	return witness.View[data]{
		"mode":      func(x data) any { return witness.Pick(x.Mode.V, "gateway", "relay") },
		"link":      func(x data) any { return v.name(x.Link.V) },
		"local":     func(x data) any { return x.LocalIp },
		"remote":    func(x data) any { return x.RemoteIp },
		"discovery": func(x data) any { return x.DiscoveryIp },
	}
}
