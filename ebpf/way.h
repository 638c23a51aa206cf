/* SPDX-License-Identifier: GPL-2.0-only */
/* The way to a real server: its next hop, and the frame that goes there. */
#ifndef DSRLB_WAY_H
#define DSRLB_WAY_H

#include "maps.h"
#include "packet.h"

/* A link header that a devmap takes in front of what the MTU allows. */
#define MOST_HEADER (sizeof(struct eth_header) + sizeof(struct vlan_header))

struct way {
	u64 to; /* the next hop's groups, as in struct real */
	u64 from;
	u32 mtu;		 /* of IP packets, outer headers included */
	u32 vlan;		 /* 0: untagged */
	const struct path *path; /* NULL where nothing of it is needed */
};

static __always_inline u32 way_link(const struct way *way)
{
	return way->to >> 48;
}

/*
 * Make room for `outer` bytes in front of the packet, and write MAC addresses, the next hop's tag in
 * place of those that came (their priority is kept), and the EtherType. Moves pkt->l3; pkt->l4 means
 * nothing behind it.
 */
static __always_inline s32 reframe(struct packet *pkt, const struct way *way, u32 outer,
				   u16 type_be)
{
	u32 head = sizeof(struct eth_header) + (way->vlan ? sizeof(struct vlan_header) : 0);
	s32 grow = head + outer - pkt->l3;
	struct eth_header *eth = packet_data(pkt);
	u16 priority_be = 0;
	struct vlan_header *tag;

	if (pkt->l3 > sizeof(*eth)) {
		tag = (void *)(eth + 1);
		if ((void *)(tag + 1) > packet_end(pkt))
			return R_MALFORMED;
		priority_be = tag->tci_be & bpf_htons(0xf000);
	}
	if (grow && bpf_xdp_adjust_head(pkt->ctx, -grow))
		return R_NO_HEADROOM;
	pkt->l3 += grow;
	eth = packet_data(pkt);
	tag = (void *)(eth + 1);
	if ((void *)(tag + 1) > packet_end(pkt))
		return R_MALFORMED;
	mac_store(eth->destination, way->to);
	mac_store(eth->source, way->from);
	eth->type_be = type_be;
	if (way->vlan) {
		eth->type_be = bpf_htons(TYPE_VLAN);
		tag->tci_be = priority_be | bpf_htons(way->vlan);
		tag->type_be = type_be;
	}
	return R_CONTINUE;
}

/* Where the outer header is to stand: right behind Ethernet and tag. */
static __always_inline void *outer_header(const struct packet *pkt, u32 outer)
{
	return packet_data(pkt) + bounded(pkt->l3 - outer, 31);
}

static __always_inline u16 packet_type_be(const struct packet *pkt)
{
	return pkt->ipv6 ? bpf_htons(TYPE_IPV6) : bpf_htons(TYPE_IPV4);
}

#endif
