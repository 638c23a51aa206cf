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

/* Of the packet's protocol. */
static __always_inline u32 blocks_of(const struct vip *vip, const struct packet *pkt)
{
	return pkt->proto == PROTO_TCP ? vip->tcp_blocks : vip->udp_blocks;
}

/* Where this CPU remembers what it found for the packet's destination. */
static __always_inline struct known_service *known_place(const struct packet *pkt)
{
	u32 mix = pkt->destination.word_be[3] + pkt->destination_port_be * 0x85ebca6b;
	lookup_key place = (mix * 0x9e3779b1) >> 26;

	return known_services.lookup(&place);
}

static __always_inline u32 known_port(const struct packet *pkt)
{
	return pkt->destination_port_be | (u32)pkt->proto << 16;
}

/*
 * Is the packet to a VIP? Then its service is known (with->service), or how to find it. The epoch is read first:
 * should a change begin meanwhile, what is found is of an epoch that has ended.
 */
static __always_inline bool vip_ask(const struct packet *pkt, struct scratch *with)
{
	struct known_service *known = known_place(pkt);
	lookup_key zero = 0;
	u64 *epoch = service_epoch.lookup(&zero);
	struct vip *vip;

	if (!known || !epoch)
		return false;
	with->epoch = *(volatile u64 *)epoch;
	if (with->epoch & 1)
		with->epoch = 0;
	with->known_service = with->epoch && known->epoch == with->epoch &&
			      known->port_be == known_port(pkt) &&
			      address_equal(&known->vip, &pkt->destination) &&
			      (known->links >> (pkt->link & (MAX_LINKS - 1)) & 1);
	with->service = known->service;
	if (with->known_service)
		return true;
	vip = vip_find((struct address *)&pkt->destination, pkt->link);
	if (!vip || !(vip->tcp_blocks | vip->udp_blocks))
		return false;
	with->vip_links = vip->links;
	with->blocks = blocks_of(vip, pkt);
	return true;
}

static __always_inline void service_remember(const struct packet *pkt, const struct scratch *with)
{
	struct known_service *known = known_place(pkt);

	if (!known || !with->epoch)
		return;
	known->vip = pkt->destination;
	known->port_be = known_port(pkt);
	known->service = with->service;
	known->links = with->vip_links;
	known->epoch = with->epoch;
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

/* Is the kernel to have the service's packets that are of no flow? */
static __always_inline bool service_passes(const struct service_record *record)
{
	return record->flags & SERVICE_PASS_EMPTY && !record->count;
}

/*
 * Find the service of the packet's destination port: with->service. Only the block sizes in use on this VIP
 * (with->blocks) are looked up, the smallest first, so an exact port costs one look-up.
 */
static __always_inline bool service_search(const struct packet *pkt, struct scratch *with)
{
	struct service_key *key = &with->service_key;
	u16 port = bpf_ntohs(pkt->destination_port_be);
	u32 *found, i;

	key->vip = pkt->destination;
	key->proto = pkt->proto;
	for (i = 0; i <= 16; i++) {
		if (!(with->blocks >> i))
			return false;
		if (!(with->blocks >> i & 1))
			continue;
		key->block = i;
		key->port = port & ~((1 << i) - 1);
		found = services.lookup(key);
		if (!found)
			continue;
		with->service = *found;
		service_remember(pkt, with);
		return true;
	}
	return false;
}

/*
 * Return the record of the packet's service, or NULL. Sets with->service, and with->record, which stays as it is
 * while the packet is in the program.
 */
static __always_inline struct service_record *service_find(const struct packet *pkt,
							   struct scratch *with)
{
	struct service_record *record;
	u64 *slot;

	if (!with->known_service && !service_search(pkt, with))
		return NULL;
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
