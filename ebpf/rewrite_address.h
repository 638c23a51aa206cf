/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The packet is addressed to the real server: l3dsr by DSCP (RFC 2474), which says there what VIP it was
 * for, and whatever the client's was; and the modes bridge, router, one-arm and nat, whose replies come
 * back here, in one-arm mode because requests come from an address of the pool. Between the ports of a
 * bridge they keep the client's MAC address, so that the switches on both sides learn what is true.
 */
#ifndef DSRLB_REWRITE_ADDRESS_H
#define DSRLB_REWRITE_ADDRESS_H

#include "methods.h"
#include "translate.h"
#include "way.h"

/* The request's new addresses and ports. Returns R_CONTINUE, or R_NO_FLOW: the pool is gone. */
static __always_inline s32 request_change(const struct packet *pkt, const struct real *real,
					  struct change *to)
{
	u16 port_be = real->port ? bpf_htons(real->port) : pkt->destination_port_be;
	lookup_key place = pkt->translation >> 16;
	struct address *own;

	to->destination = real->address;
	to->source = pkt->source;
	if (pkt->outbound) {
		to->destination = pkt->destination;
		port_be = pkt->destination_port_be;
	}
	to->ports_be = pkt->source_port_be | (u32)port_be << 16;
	if (!place)
		return R_CONTINUE;
	own = pools.lookup(&place);
	if (!own)
		return R_NO_FLOW;
	to->source = *own;
	to->ports_be = bpf_htons(pkt->translation & 0xffff) | (u32)port_be << 16;
	return R_CONTINUE;
}

/* May frames go from one port of the bridge to the other? R_CONTINUE, or why the kernel has to decide. */
static __always_inline s32 bridge_crosses(lookup_key from, lookup_key to)
{
	struct own_link *in = own_links.lookup(&from), *out = own_links.lookup(&to);

	if (from == to)
		return R_BRIDGE_SAME_SIDE;
	if (!in || !out || !(in->flags & out->flags & LINK_FORWARDING))
		return R_BRIDGE_BLOCKED;
	return R_CONTINUE;
}

static __always_inline s32 rewrite_address(struct packet *pkt, const struct real *real,
					   const struct way *way)
{
	bool routes = method_routes(real->method);
	struct change to = { .hops = routes, .dscp = real->dscp };
	s32 reason = request_change(pkt, real, &to);
	struct eth_header *eth;

	if (reason == R_CONTINUE)
		reason = translate(pkt, &to);
	if (reason == R_CONTINUE && routes)
		reason = reframe(pkt, way, 0, packet_type_be(pkt));
	if (reason != R_CONTINUE)
		return reason;
	if (!routes) {
		eth = packet_data(pkt);
		if ((void *)(eth + 1) > packet_end(pkt))
			return R_MALFORMED;
		mac_store(eth->destination, way->to);
	}
	return R_FORWARDED;
}

#endif
