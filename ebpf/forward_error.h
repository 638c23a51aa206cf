/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * An ICMP error to a VIP goes to the real server whose flow it is about: routers and clients send
 * them to where they think the packet came from. Where replies come back there are errors about
 * requests as well, to the client's address or to one of a pool. No error changes a flow, because
 * anybody may have made it.
 */
#ifndef DSRLB_FORWARD_ERROR_H
#define DSRLB_FORWARD_ERROR_H

#include "flow_insert.h"
#include "flow_table.h"
#include "methods.h"
#include "quoted.h"
#include "service.h"
#include "silence.h"

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
	with->quoted_l3 = pkt->l4 + sizeof(struct icmp_header);
	with->quoted_l4 = quoted.l4;
	with->quoted_proto = quoted.proto;
	/* The real server sent the quoted packet: the flow is the other way round. */
	ports_be = quoted.destination_port_be | (u32)quoted.source_port_be << 16;
	with->key.now = pkt->now;
	key_fill(&with->key, &quoted.destination, &quoted.source, ports_be, quoted.proto,
		 pkt->ipv6);
	return R_CONTINUE;
}

/*
 * Set with->index to the real server that has the flow, open or pending; or with->reply, when the key is
 * that of a request's replies.
 */
static __always_inline s32 quoted_real(struct packet *pkt, struct scratch *with)
{
	u32 pending;

	for (pending = 0; pending < 2; pending++) {
		struct flow_ref flow;
		struct real *real;

		if (!flow_find_any(pending, &with->key, &flow))
			continue;
		if (flow.seen & META_REVERSE) {
			if (with->key.ipv6 ? half_is_stale(true, flow.value, pkt->now) :
					     half_is_stale(false, flow.value, pkt->now))
				continue;
			with->reply = REPLY_ERROR;
			with->pair = flow.value;
			return R_CONTINUE;
		}
		pkt->translation = flow.value >> 32;
		with->index = value_real(flow.value);
		real = reals.lookup(&with->index);
		if (!real || !value_is_of(flow.value, real) || !(real->flags & REAL_PRESENT))
			continue;
		with->replies = method_replies(real->method);
		return R_CONTINUE;
	}
	return R_ICMP_ERROR;
}

/* Is it about a packet of the kernel's, which has those of a service without real servers? */
static __always_inline bool quoted_passes(const struct packet *pkt, struct scratch *with)
{
	struct packet request = { .ipv6 = pkt->ipv6, .link = pkt->link };
	struct vip *vip = vip_find((struct address *)&pkt->destination, pkt->link);
	struct service_record *record;
	u32 ports_be;

	if (!vip)
		return false;
	key_read(with->key.word, pkt->ipv6, &request.source, &request.destination, &ports_be);
	request.destination_port_be = ports_be >> 16;
	request.proto = with->quoted_proto;
	with->epoch = 0;
	with->known_service = false;
	with->blocks = blocks_of(vip, &request);
	record = service_find(&request, with);
	return record && (service_passes(record) || daemon_silence(pkt->now) == SILENCE_PASS);
}

static __always_inline s32 forward_error(struct packet *pkt, struct scratch *with)
{
	s32 reason;

	with->reply = REPLY_UNKNOWN;
	with->replies = false;
	with->due = DUE_NONE;
	with->opens = false;
	reason = quoted_flow(pkt, with);

	if (reason != R_CONTINUE)
		return reason;
	forget(pkt, with);
	reason = quoted_real(pkt, with);
	if (reason == R_ICMP_ERROR && pkt->irregular != R_PASS && quoted_passes(pkt, with))
		return R_NO_REAL_PASSED;
	if (reason != R_CONTINUE)
		return reason;
	pkt->hash = with->key.hash;
	if (with->replies || with->reply == REPLY_ERROR)
		return go_on(pkt, with, STAGE_TRANSLATE);
	if (pkt->irregular == R_PASS)
		return R_ICMP_ERROR; /* a client's address, and a flow of a DSR mode */
	return go_on(pkt, with, STAGE_DELIVER);
}

#endif
