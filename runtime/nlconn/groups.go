package nlconn

import (
	"math/bits"
	"strconv"
)

// maskGroups is how many groups a mask has room for.
const maskGroups = 32

// GroupsOf returns the groups of a mask, as struct sockaddr_nl and libnl's
// nl_join_groups have it: bit 0 stands for group 1 (RTMGRP_LINK), bit 31 for
// group 32. Their names are their numbers.
func GroupsOf(mask uint32) []Group {
	var groups []Group
	for ; mask != 0; mask &= mask - 1 {
		id := uint32(bits.TrailingZeros32(mask)) + 1
		groups = append(groups, Group{Name: strconv.FormatUint(uint64(id), 10), ID: id})
	}
	return groups
}

// MaskOf returns the mask that stands for groups, and those that no mask can
// stand for: numbers above 32, and groups that have only a name.
func MaskOf(groups ...Group) (mask uint32, rest []Group) {
	for _, g := range groups {
		if g.ID == 0 || g.ID > maskGroups {
			rest = append(rest, g)
			continue
		}
		mask |= 1 << (g.ID - 1)
	}
	return mask, rest
}
