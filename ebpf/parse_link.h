/* SPDX-License-Identifier: GPL-2.0-only */
/* Ethernet and VLAN tags: find where the network header is. */
#ifndef DSRLB_PARSE_LINK_H
#define DSRLB_PARSE_LINK_H

#include "headers.h"
#include "maps.h"
#include "packet.h"

static __always_inline u16 skip_tags(struct packet *pkt)
{
	void *data = packet_data(pkt), *end = packet_end(pkt);
	struct eth_header *eth = data;
	struct vlan_header *tag;
	u16 type;

	if ((void *)(eth + 1) > end)
		return 0;
	type = bpf_ntohs(eth->type_be);
	pkt->l3 = sizeof(*eth);
	if (type != TYPE_VLAN && type != TYPE_QINQ)
		return type;

	tag = (void *)(eth + 1);
	if ((void *)(tag + 1) > end)
		return 0;
	type = bpf_ntohs(tag->type_be);
	pkt->l3 += sizeof(*tag);
	if (type != TYPE_VLAN && type != TYPE_QINQ)
		return type;

	tag++;
	if ((void *)(tag + 1) > end)
		return 0;
	pkt->l3 += sizeof(*tag);
	return bpf_ntohs(tag->type_be);
}

/*
 * Set pkt->l3 and return the EtherType behind at most two tags in host order, or 0 when the frame
 * is cut short. A third tag is returned as a type that nothing handles.
 */
static __always_inline u16 parse_link(struct packet *pkt)
{
	u16 type = skip_tags(pkt);

	pkt->l3 = unknown(pkt, pkt->l3) & 31;
	return type;
}

static __always_inline struct link *ingress_link(const struct packet *pkt)
{
	u32 slot = pkt->ctx->ingress_ifindex & (LINK_SLOTS - 1);

	return links.lookup(&slot);
}

/* Is the frame for this interface's own MAC (or, with `groups`, for a group that it may be in)? */
static __always_inline bool frame_is_ours(const struct packet *pkt, const struct link *link,
					  bool groups)
{
	void *data = packet_data(pkt), *end = packet_end(pkt);
	struct eth_header *eth = data;

	if ((void *)(eth + 1) > end)
		return false;
	if (groups && (eth->destination[0] & 1))
		return true;
	return mac_equal(eth->destination, link->mac);
}

#endif
