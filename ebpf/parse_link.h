/* SPDX-License-Identifier: GPL-2.0-only */
/* The link: EtherType, which interface, and whether the frame is for it. */
#ifndef DSRLB_PARSE_LINK_H
#define DSRLB_PARSE_LINK_H

#include "headers.h"
#include "maps.h"
#include "packet.h"
#include "parse_tags.h"

/* Set pkt->l3 and return the EtherType there, see skip_tags(). */
static __always_inline u16 parse_link(struct packet *pkt)
{
	u16 type = skip_tags(packet_data(pkt), packet_end(pkt), &pkt->l3);

	pkt->l3 = unknown(pkt, pkt->l3) & 31;
	return type;
}

static __always_inline struct link *ingress_link(struct xdp_md *ctx)
{
	lookup_key slot = ctx->ingress_ifindex & (LINK_SLOTS - 1);

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
