/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The neighbour that a flow's first packet came from: its replies go back there, whatever routes say
 * meanwhile. A flow has 16 bits for it, hence the table (struct last_hop).
 */
#ifndef DSRLB_LAST_HOP_H
#define DSRLB_LAST_HOP_H

#include "flow_meta.h"
#include "way.h"

#define HOP_PROBES 8
#define HOP_TICK_SHIFT 32

/* The neighbour's MAC address and link as the first group of struct real, and its tag. */
static __always_inline bool neighbour_of(const struct packet *pkt, u64 *to, u64 *vlan)
{
	struct eth_header *eth = packet_data(pkt);
	struct vlan_header *tag = (void *)(eth + 1);

	if ((void *)(tag + 1) > packet_end(pkt))
		return false;
	*to = mac_group(eth->source, pkt->link);
	*vlan = pkt->l3 > sizeof(*eth) ? bpf_ntohs(tag->tci_be) & HOP_VLAN : 0;
	return true;
}

static __always_inline bool last_hop_is(const struct last_hop *hop, u64 rest, u64 to, u64 fresh)
{
	u64 same = HOP_VALID | HOP_VLAN;

	return (rest & same) == (fresh & same) && *(volatile u64 *)&hop->to == to;
}

/* Keep the place if it is this neighbour's: it may just be given back (REAP_HOP). */
static __always_inline bool last_hop_keep(struct last_hop *hop, u64 rest, u64 to, u64 fresh)
{
	u64 before;

	if (!last_hop_is(hop, rest, to, fresh))
		return false;
	if (rest == fresh)
		return true;
	before = compare_and_swap(&hop->rest, rest, fresh);
	/* Another CPU may have written the same, or a newer tick. */
	return before == rest || last_hop_is(hop, before, to, fresh);
}

static __always_inline bool last_hop_claim(struct last_hop *hop, u64 to, u64 fresh)
{
	if (compare_and_swap(&hop->rest, 0, HOP_BUSY))
		return false;
	*(volatile u64 *)&hop->to = to;
	exchange(&hop->rest, fresh);
	return true;
}

/* The place of the neighbour that the packet came from, taken now; 0: there is none left. */
static __always_inline u32 last_hop_take(const struct packet *pkt)
{
	u64 to, vlan, fresh, hash;
	u32 i;

	if (!neighbour_of(pkt, &to, &vlan))
		return 0;
	fresh = vlan | HOP_VALID | (u64)pkt->now << HOP_TICK_SHIFT;
	hash = (to ^ vlan << 54) * 0x9e3779b97f4a7c15ull >> 40;
	for (i = 0; i < 2 * HOP_PROBES; i++) { /* the first half: is it there? */
		lookup_key place;
		struct last_hop *hop;
		u64 rest;

		hide(i);
		place = (hash + i % HOP_PROBES) & (MAX_LAST_HOPS - 1);
		hop = last_hops.lookup(&place);
		if (!hop || !place)
			continue;
		rest = *(volatile u64 *)&hop->rest;
		if (last_hop_keep(hop, rest, to, fresh))
			return place;
		if (i >= HOP_PROBES && !rest && last_hop_claim(hop, to, fresh))
			return place;
	}
	return 0;
}

/* The way to the neighbour of this place; false: it is gone. */
static __always_inline bool last_hop_way(lookup_key place, struct way *way)
{
	struct last_hop *hop = last_hops.lookup(&place);
	struct own_link *own;
	lookup_key link;

	if (!hop || !(*(volatile u64 *)&hop->rest & HOP_VALID))
		return false;
	way->to = *(volatile u64 *)&hop->to;
	way->vlan = *(volatile u64 *)&hop->rest & HOP_VLAN;
	way->path = NULL;
	link = way_link(way);
	own = own_links.lookup(&link);
	if (!own)
		return false;
	way->from = *(volatile u64 *)own->mac;
	way->mtu = way->from >> 48;
	return way->from; /* 0: the interface is gone */
}

#endif
