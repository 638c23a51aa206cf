/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * An ICMP error to a VIP goes to the real server whose flow it is about: routers and clients send
 * them to where they think the packet came from. It changes no flow, because anybody may have made it.
 */
#ifndef DSRLB_FORWARD_ERROR_H
#define DSRLB_FORWARD_ERROR_H

#include "flow_count.h"
#include "flow_table.h"
#include "quoted.h"

#define QUOTED_TRANSPORT 8

/* The quoted packet has to be one of ours, from the VIP: take its ports. */
static __always_inline s32 quoted_ports(struct packet *quoted, const struct packet *pkt, u32 end)
{
	struct udp_header *ports; /* TCP's stand in the same place */

	if (pkt->ipv6) {
		s32 reason = walk_extensions(quoted, quoted->l4, quoted->proto, end);

		if (reason != R_CONTINUE)
			return reason == R_FRAGMENT ? R_ICMP_ERROR : reason;
	}
	if (!address_equal(&quoted->source, &pkt->destination) ||
	    quoted->fragment == FRAGMENT_LATER ||
	    (quoted->proto != PROTO_TCP && quoted->proto != PROTO_UDP))
		return R_ICMP_ERROR;
	ports = transport_header(quoted);
	if (quoted->l4 + QUOTED_TRANSPORT > end || (void *)(ports + 1) > packet_end(pkt))
		return R_MALFORMED;
	quoted->source_port_be = ports->source_be;
	quoted->destination_port_be = ports->destination_be;
	return R_CONTINUE;
}

/* The flow that the error is about: its key in with->key. Returns R_CONTINUE or the reason to drop. */
static __always_inline s32 quoted_flow(const struct packet *pkt, struct scratch *with)
{
	struct packet quoted = { .ctx = pkt->ctx, .ipv6 = pkt->ipv6 };
	u32 end = pkt->l3 + pkt->ip_bytes, ports_be;
	s32 reason = quoted_header(&quoted, pkt, end);

	if (reason == R_CONTINUE)
		reason = quoted_ports(&quoted, pkt, end);
	if (reason != R_CONTINUE)
		return reason;
	/* The real server sent the quoted packet: the flow is the other way round. */
	ports_be = quoted.destination_port_be | (u32)quoted.source_port_be << 16;
	with->key.now = pkt->now;
	key_fill(&with->key, &quoted.destination, &quoted.source, ports_be, quoted.proto,
		 pkt->ipv6);
	return R_CONTINUE;
}

/* Set with->index to the real server that has the flow, open or pending. */
static __always_inline s32 quoted_real(struct scratch *with)
{
	u32 pending;

	for (pending = 0; pending < 2; pending++) {
		struct flow_ref flow;
		struct real *real;

		if (!flow_find_any(pending, &with->key, &flow))
			continue;
		with->index = value_real(flow.value);
		real = reals.lookup(&with->index);
		if (real && value_is_of(flow.value, real) && real->flags & REAL_PRESENT)
			return R_CONTINUE;
	}
	return R_ICMP_ERROR;
}

static __always_inline s32 forward_error(struct packet *pkt, struct scratch *with)
{
	s32 reason = quoted_flow(pkt, with);

	if (reason != R_CONTINUE)
		return reason;
	forget(pkt, with);
	reason = quoted_real(with);
	if (reason != R_CONTINUE)
		return reason;
	pkt->hash = with->key.hash;
	return go_on(pkt, with, STAGE_DELIVER);
}

#endif
