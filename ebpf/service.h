/* SPDX-License-Identifier: GPL-2.0-only */
/* Which VIP, which service, which record of it is in force. */
#ifndef DSRLB_SERVICE_H
#define DSRLB_SERVICE_H

#include "maps.h"
#include "packet.h"

/* Return the VIP that `address` is on link number `link`, or NULL. */
static __always_inline struct vip *vip_find(struct address *address, u32 link)
{
	struct vip *vip = vips.lookup(address);

	if (!vip || !(vip->links >> (link & (MAX_LINKS - 1)) & 1))
		return NULL;
	return vip;
}

/*
 * Find the service of the packet's destination port and set *id. Only block sizes in use on this
 * VIP are looked up, the smallest first, so an exact port costs one look-up.
 */
static __always_inline struct service_record *service_find(struct packet *pkt, struct vip *vip,
							   u32 *id)
{
	u32 blocks = pkt->proto == PROTO_TCP ? vip->tcp_blocks : vip->udp_blocks;
	u16 port = bpf_ntohs(pkt->destination_port_be);
	struct service_key key = { .vip = pkt->destination, .proto = pkt->proto };
	struct service_record *record;
	u32 *found = NULL;
	u64 *slot;
	u32 i, index;

	for (i = 0; i <= 16; i++) {
		if (!(blocks >> i))
			return NULL;
		if (!(blocks >> i & 1))
			continue;
		key.block = i;
		key.port = port & ~((1 << i) - 1);
		found = services.lookup(&key);
		if (found)
			break;
	}
	if (!found)
		return NULL;
	*id = *found;
	slot = slots.lookup(found);
	if (!slot || !*slot)
		return NULL;
	index = *slot;
	record = records.lookup(&index);
	if (!record || !(record->links >> (pkt->link & (MAX_LINKS - 1)) & 1))
		return NULL;
	return record;
}

#endif
