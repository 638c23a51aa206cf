/* SPDX-License-Identifier: GPL-2.0-only */
/* The last step of what goes back to a client: by the last hop, as from the VIP. */
#ifndef DSRLB_SEND_REPLY_H
#define DSRLB_SEND_REPLY_H

#include "deliver.h"
#include "last_hop.h"

/* Between a bridge's ports a reply is for the client, elsewhere for us. */
static __always_inline bool frame_is_back(const struct eth_header *eth, const struct link *link,
					  const struct real *real)
{
	if (real->method == METHOD_BRIDGE)
		return !(eth->destination[0] & 1) && !mac_equal(eth->destination, link->mac);
	return mac_equal(eth->destination, link->mac);
}

/* Is the frame for us, or for the client? */
static __always_inline bool reply_is_ours(const struct packet *pkt, const struct real *real)
{
	struct eth_header *eth = packet_data(pkt);
	struct link *link = ingress_link(pkt->ctx);

	if ((void *)(eth + 1) > packet_end(pkt) || !link)
		return false;
	return frame_is_back(eth, link, real);
}

/* As set_out_to(): on the way back to the client. `hop`: of last_hops[]. */
static __always_inline s32 set_out_back(struct packet *pkt, const struct real *real, u32 hop,
					struct way *way)
{
	if (!last_hop_way(hop, way))
		return R_NO_EGRESS;
	pkt->from_real = 1; /* for whom refuse() has to answer */
	return set_out(pkt, real, way);
}

/* Translate and count a packet that may go back; `bytes` as it came. Returns the final reason. */
static __always_inline s32 leave_back(struct packet *pkt, u32 index, const struct real *real,
				      const struct way *way, struct change *to, u32 bytes)
{
	bool routes = method_routes(real->method);
	u32 service = real->service;
	s32 reason;

	to->hops = routes;
	reason = translate(pkt, to);
	if (reason == R_CONTINUE && routes)
		reason = reframe(pkt, way, 0, packet_type_be(pkt));
	if (reason != R_CONTINUE)
		return reason;
	pkt->egress = way_link(way);
	if (!(real->flags & REAL_OUTBOUND))
		count_reply(index, service, bytes);
	return R_FORWARDED_REPLY;
}

#endif
