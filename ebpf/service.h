/* SPDX-License-Identifier: GPL-2.0-only */
/* Which VIP, which service, which record of it is in force. */
#ifndef DSRLB_SERVICE_H
#define DSRLB_SERVICE_H

#include "maps.h"
#include "packet.h"
#include "scratch.h"

/* Return the VIP that `address` is on link number `link`, or NULL. */
static __always_inline struct vip *vip_find(struct address *address, u32 link)
{
	struct vip *vip = vips.lookup(address);

	if (!vip || !(vip->links >> (link & (MAX_LINKS - 1)) & 1))
		return NULL;
	return vip;
}

/* The record of a service that is in force, or NULL. */
static __always_inline struct service_record *service_record_of(lookup_key id)
{
	u64 *slot = slots.lookup(&id);
	lookup_key index;

	if (!slot || !*slot)
		return NULL;
	index = *slot;
	return records.lookup(&index);
}

/*
 * Find the service of the packet's destination port and set with->service and with->record, which stays as it is
 * while the packet is in the program. Only the block sizes in
 * use on this VIP (with->blocks) are looked up, the smallest first, so an exact port costs one
 * look-up.
 */
static __always_inline struct service_record *service_find(const struct packet *pkt,
							   struct scratch *with)
{
	struct service_key *key = &with->service_key;
	u16 port = bpf_ntohs(pkt->destination_port_be);
	struct service_record *record;
	u32 *found = NULL;
	u64 *slot;
	u32 i;

	key->vip = pkt->destination;
	key->proto = pkt->proto;
	for (i = 0; i <= 16; i++) {
		if (!(with->blocks >> i))
			return NULL;
		if (!(with->blocks >> i & 1))
			continue;
		key->block = i;
		key->port = port & ~((1 << i) - 1);
		found = services.lookup(key);
		if (found)
			break;
	}
	if (!found)
		return NULL;
	with->service = *found;
	slot = slots.lookup(&with->service);
	if (!slot || !*slot)
		return NULL;
	with->record = *slot;
	record = records.lookup(&with->record);
	if (!record || !(record->links >> (pkt->link & (MAX_LINKS - 1)) & 1))
		return NULL;
	return record;
}

#endif
