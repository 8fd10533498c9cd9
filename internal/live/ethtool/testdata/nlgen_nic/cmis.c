// SPDX-License-Identifier: MIT OR GPL-2.0-only
// The pluggable module: its memory, a byte each of which follows from where it is, and the messages by which it takes firmware (CMIS 5).

#include <linux/unaligned.h>
#include "nic.h"

#define CMIS_I2C 0x50
#define CMIS_PASSWORD 0xcafe
#define CMIS_LENGTHS 15 // in steps of 8 bytes beyond the first: messages of 128 bytes

// Where things are: bytes of page 0, of the advertisement on page 1, and of page 9Fh with the messages.
enum { CMIS_ID = 0, CMIS_REVISION = 1, CMIS_STATE = 3, CMIS_FLAGS = 8, CMIS_STATUS = 37, CMIS_PASSWORD_ENTRY = 122, CMIS_ADVERTISED = 163 };
enum { CDB_PAGE = 0x9f, CDB_COMMAND = 128, CDB_REQUEST = 130, CDB_REPLY = 134 };
enum { CDB_QUERY_STATUS = 0, CDB_FEATURES = 0x40, CDB_FIRMWARE_FEATURES = 0x41, CDB_START = 0x101, CDB_WRITE = 0x103 };

static u8 cmis_byte(const struct cmis *m, u8 page, u8 bank, u8 address, u32 offset)
{
	if (address == CMIS_I2C && page == 0) {
		switch (offset) {
		case CMIS_ID:
			return 0x18; // QSFP-DD
		case CMIS_REVISION:
			return 0x50;
		case CMIS_STATE:
			return 3 << 1; // ready
		case CMIS_FLAGS:
			return 0x40; // a message was dealt with
		case CMIS_STATUS:
			return 1; // and all was well
		}
	}
	if (address == CMIS_I2C && page == 1 && offset == CMIS_ADVERTISED)
		return 0x40; // one place for messages
	if (address == CMIS_I2C && page == 1 && offset == CMIS_ADVERTISED + 1)
		return CMIS_LENGTHS;
	if (page == CDB_PAGE && offset >= CDB_REPLY)
		return m->reply[offset - CDB_REPLY];
	return offset ^ page << 4 ^ bank << 2 ^ address;
}

int nic_get_eeprom(struct net_device *dev, const struct ethtool_module_eeprom *page, struct netlink_ext_ack *extack)
{
	u32 i;

	if (page->page > 3 && page->page != CDB_PAGE) {
		NL_SET_ERR_MSG(extack, "the module has no such page");
		return -EINVAL;
	}
	for (i = 0; i < page->length; i++)
		page->data[i] = cmis_byte(&nic_of(dev)->cmis, page->page, page->bank, page->i2c_address, page->offset + i);
	return page->length;
}

// A request: the length of a payload outside of the page, the length of that in the page, a check, two free bytes, the payload. A reply:
// the length of the payload, a check that is not zero, the payload.
static void cmis_message(struct cmis *m, u16 command)
{
	const u8 *payload = m->request + 6;
	u8 *reply = m->reply + 2;
	u8 i;

	memset(m->reply, 0, sizeof(m->reply));
	m->reply[1] = 1;
	switch (command) {
	case CDB_QUERY_STATUS:
		m->reply[0] = 2;
		reply[0] = 1;
		reply[1] = m->password == CMIS_PASSWORD;
		break;
	case CDB_FEATURES:
		m->reply[0] = 36;
		put_unaligned_be16(1000, reply + 34); // milliseconds that a message takes
		break;
	case CDB_FIRMWARE_FEATURES:
		m->reply[0] = 18;
		reply[4] = CMIS_LENGTHS;
		reply[5] = 1; // firmware comes in the page itself
		break;
	case CDB_START:
		m->expected = get_unaligned_be32(payload);
		m->written = m->sum = 0;
		break;
	case CDB_WRITE:
		for (i = 4; i < m->request[2]; i++)
			m->sum = m->sum * 31 + payload[i];
		m->written += m->request[2] - 4;
		break;
	}
}

int nic_set_eeprom(struct net_device *dev, const struct ethtool_module_eeprom *page, struct netlink_ext_ack *extack)
{
	struct cmis *m = &nic_of(dev)->cmis;

	if (page->page == 0 && page->offset == CMIS_PASSWORD_ENTRY && page->length == 4)
		m->password = get_unaligned_be32(page->data);
	else if (page->page == CDB_PAGE && page->offset == CDB_REQUEST && page->length <= sizeof(m->request))
		memcpy(m->request, page->data, page->length);
	else if (page->page == CDB_PAGE && page->offset == CDB_COMMAND && page->length == 2)
		cmis_message(m, get_unaligned_be16(page->data));
	else
		return -EINVAL;
	return 0;
}

int nic_reset(struct net_device *dev, u32 *flags)
{
	*flags = 0;
	return 0;
}
