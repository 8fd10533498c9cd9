package spec

// words are the admitted values of the keys that have a closed list of them, over all protocol levels. The names are those of the
// oneof tags; they appear in messages.
var words = map[string][]string{
	"protocol":        {"genetlink", "genetlink-c", "genetlink-legacy", "netlink-raw"},
	"kernel-policy":   {"split", "per-op", "global"},
	"definition type": {"const", "enum", "flags", "struct"},
	"scope":           {"uapi", "kernel", "user"},
	"member type":     {"u8", "u16", "u32", "u64", "s8", "s16", "s32", "s64", "string", "binary", "pad"},
	"attribute type": {
		"unused", "pad", "flag", "binary", "bitfield32", "uint", "sint", "u8", "u16", "u32", "u64", "s8", "s16", "s32", "s64", "string",
		"nest", "indexed-array", "nest-type-value", "sub-message",
	},
	"byte-order":     {"big-endian", "little-endian"},
	"display-hint":   {"hex", "mac", "fddi", "ipv4", "ipv6", "ipv4-or-v6", "uuid"},
	"enum-model":     {"unified", "directional"},
	"operation flag": {"admin-perm", "uns-admin-perm"},
	"dont-validate":  {"strict", "dump", "dump-strict"},
}
