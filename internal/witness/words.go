package witness

import (
	"strconv"

	"github.com/nlgen/nlgen/generated/rtlink"
)

// Pick returns the word of a value from a list that begins with that of 0, or the number where the list ends.
func Pick[T ~uint8 | ~uint16 | ~uint32](value T, words ...string) string {
	if int(value) < len(words) {
		return words[value]
	}
	return strconv.FormatUint(uint64(value), 10)
}

// ScopeName is the name of a scope in iproute2's table.
func ScopeName(scope uint8) string {
	if name := map[uint8]string{0: "global", 200: "site", 253: "link", 254: "host", 255: "nowhere"}[scope]; name != "" {
		return name
	}
	return strconv.Itoa(int(scope))
}

// LinkName is the name of a link, or empty if there is none of that number.
func LinkName(links map[string]*rtlink.GetlinkReply, index uint32) string {
	for name, link := range links {
		if uint32(link.Header.IfiIndex) == index {
			return name
		}
	}
	return ""
}
