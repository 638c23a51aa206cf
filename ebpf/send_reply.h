/* SPDX-License-Identifier: GPL-2.0-only */
/* The last step of what goes back to a client: by the last hop, as from the VIP. */
#ifndef DSRLB_SEND_REPLY_H
#define DSRLB_SEND_REPLY_H

#include "deliver.h"
#include "last_hop.h"

/* Is the frame for us? Between a bridge's ports it is for the client. */
static __always_inline bool reply_is_ours(const struct packet *pkt, const struct real *real)
{
	struct eth_header *eth = packet_data(pkt);
	struct link *link = ingress_link(pkt);

	if ((void *)(eth + 1) > packet_end(pkt) || !link)
		return false;
	if (real->method == METHOD_BRIDGE)
		return !(eth->destination[0] & 1) && !mac_equal(eth->destination, link->mac);
	return mac_equal(eth->destination, link->mac);
}

static __always_inline s32 reply_rewrite(struct packet *pkt, const struct real *real,
					 const struct way *way, struct change *to)
{
	s32 reason;

	to->hops = method_routes(real->method);
	reason = translate(pkt, to);
	if (reason == R_CONTINUE && method_routes(real->method))
		reason = reframe(pkt, way, 0, packet_type_be(pkt));
	return reason;
}

/* `hop`: of last_hops[]. Returns the final reason. */
static __always_inline s32 send_reply(struct packet *pkt, u32 index, const struct real *real,
				      u32 hop, struct change *to)
{
	u32 bytes = packet_end(pkt) - packet_data(pkt), service = real->service;
	struct way way;
	s32 reason;
	u32 link;

	if (!last_hop_way(hop, &way))
		return R_NO_EGRESS;
	link = way_link(&way);
	if (real->method == METHOD_BRIDGE) {
		reason = bridge_crosses(pkt->link, link);
		if (reason != R_CONTINUE)
			return reason;
	}
	pkt->from_real = 1; /* for whom refuse() has to answer */
	reason = fits(pkt, real, &way);
	if (reason != R_CONTINUE)
		return refuse(pkt, reason, way.mtu);
	if (link != pkt->link) {
		if (egress.redirect_map(link, 0) != XDP_REDIRECT)
			return R_NO_EGRESS;
		reason = cut_trailer(pkt, real, &way, bytes);
		if (reason != R_CONTINUE)
			return reason;
	}
	reason = reply_rewrite(pkt, real, &way, to);
	if (reason != R_CONTINUE)
		return reason;
	pkt->egress = link;
	if (!(real->flags & REAL_OUTBOUND))
		count_reply(index, service, bytes);
	return R_FORWARDED_REPLY;
}

#endif
