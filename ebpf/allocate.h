/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A new flow whose replies come back: its last hop, and in one-arm mode its source.
 *
 * Ports are tried in an order that the keyed hash makes (RFC 6056, 3.3.3), over the pool's addresses
 * from the one that the client's hash names (RFC 4787, 4.1: "paired"). Whether a port is free the flow
 * tables say, so one is never given to two flows that could be taken for each other.
 */
#ifndef DSRLB_ALLOCATE_H
#define DSRLB_ALLOCATE_H

#include "count.h"
#include "last_hop.h"
#include "methods.h"
#include "pairing.h"
#include "persistence.h"
#include "service.h"
#include "tuple.h"

#define FIRST_POOL_PORT 1024
#define POOL_PORTS (65536 - FIRST_POOL_PORT)
#define POOL_PROBES 128 /* for one flow */
/*
 * Three loops of four tries, one behind the other: of a longer loop the verifier forgets the states that it has seen
 * in the first tries before it comes back to them, and walks all behind those again.
 */
#define PROBES_AT_ONCE 12
#define PROBES_IN_LOOP 4
/* All of a loop's ports are taken. */
#define R_NEXT_PORT (-4) /* behind those of abi.h */

/* What try number `number` translates to: as pkt->translation. */
static __always_inline u32 candidate(const struct scratch *with,
				     const struct service_record *record, u32 number)
{
	u32 count = record->pool_count ? record->pool_count : 1;
	u32 place = (with->hash + number * count / POOL_PROBES) % count;
	/*
	 * A step of the flow's own: with one for all, flows that meet once meet all the way. It changes from try
	 * to try: one that is the same all the way may come round to the same few ports.
	 */
	u32 mixed = with->forward.hash + number * ((with->forward.step | 1) + number * 0x9e3779b1);
	u32 port = FIRST_POOL_PORT + ((u64)mixed * POOL_PORTS >> 32);

	return port | (record->pool_first + place) << 16;
}

/* Is it free? If not, and a pending flow has it: note the one that is nearest to its end. */
static __always_inline bool candidate_free(bool ipv6, struct scratch *with, u32 translation)
{
	if (tuple_seen(ipv6, false, with))
		return false;
	if (!tuple_seen(ipv6, true, with))
		return true;
	if (with->seen_left != ~0u && (!with->taken || with->seen_left < with->taken_left)) {
		with->taken = with->seen;
		with->taken_for = translation;
		with->taken_left = with->seen_left;
	}
	return false;
}

/* The oldest pending flow that was met gives its port away. */
static __always_inline bool recycle(bool ipv6, struct packet *pkt, struct scratch *with)
{
	struct flow_ref forward;

	if (!with->taken || !pair_forward(ipv6, with->taken, &forward) ||
	    meta_state(forward.seen) != FLOW_PENDING || !flow_remove(&forward))
		return false;
	count_flow_event(table_of(ipv6, true), EVENT_LOST_PENDING);
	pkt->translation = with->taken_for;
	return true; /* `taken` stays: when this comes to nothing, it is not for want of ports */
}

/* As allocate_port(), by a few tries. R_NEXT_PORT: none of them is free. */
static __always_inline s32 try_ports(bool ipv6, struct packet *pkt, struct scratch *with,
				     const struct real *real, const struct service_record *record)
{
	u32 i;

	for (i = 0; i < PROBES_IN_LOOP; i++) {
		hide(i);
		forget(pkt, with);
		if (with->tries >= POOL_PROBES)
			break;
		pkt->translation = candidate(with, record, with->tries);
		with->tries++;
		if (!reverse_key_of(&with->reverse, pkt, real))
			return R_POOL_EXHAUSTED;
		if (candidate_free(ipv6, with, pkt->translation))
			return R_CONTINUE;
	}
	return R_NEXT_PORT;
}

/* Set pkt->translation and with->reverse. R_CONTINUE, or the reason why not. */
static __always_inline s32 allocate_port(bool ipv6, struct packet *pkt, struct scratch *with,
					 const struct real *real,
					 const struct service_record *record)
{
	s32 reason;
	u32 i;

#pragma unroll
	for (i = 0; i < PROBES_AT_ONCE / PROBES_IN_LOOP; i++) {
		reason = try_ports(ipv6, pkt, with, real, record);
		if (reason != R_NEXT_PORT)
			return reason;
		forget(pkt, with);
	}
	if (with->tries < POOL_PROBES)
		return go_on(pkt, with, STAGE_ALLOCATE);
	if (!with->taken)
		return R_POOL_EXHAUSTED;
	if (recycle(ipv6, pkt, with) && reverse_key_of(&with->reverse, pkt, real))
		return R_CONTINUE;
	return R_FLOW_BUSY; /* another CPU was faster, and it may be again */
}

/* The first time here: what stays the same for all tries. */
static __always_inline s32 allocate_begin(const struct packet *pkt, struct scratch *with,
					  const struct real *real)
{
	if (method_routes(real->method) && pkt->l3 > MOST_HEADER)
		return R_LAST_HOP; /* one tag is all that a frame to there could have */
	with->forward = with->key;
	with->hop = last_hop_take(pkt);
	if (!with->hop)
		return R_LAST_HOP;
	with->taken = 0;
	network_key_of(&with->reverse, pkt, 0);
	with->hash = with->reverse.hash;
	return R_CONTINUE;
}

static __always_inline s32 serve_allocate(struct packet *pkt, struct scratch *with)
{
	struct real *real = reals.lookup(&with->index);
	struct service_record *record;
	s32 reason = R_CONTINUE;

	if (!real)
		return R_NO_REAL;
	if (real->method == METHOD_BRIDGE) {
		reason = bridge_crosses(pkt->link, *(volatile u64 *)real->mac >> 48);
		if (reason != R_CONTINUE)
			return reason;
	}
	if (!with->tries)
		reason = allocate_begin(pkt, with, real);
	if (reason != R_CONTINUE)
		return reason;
	forget(pkt, with);
	if (!method_snat(real->method) && !pkt->outbound) {
		pkt->translation = 0;
		with->tries = 1;
		return reverse_key_of(&with->reverse, pkt, real) ? go_on(pkt, with, STAGE_PAIR) :
								   R_NO_FLOW;
	}
	record = service_record_of(with->service);
	reason = R_POOL_EXHAUSTED;
	if (record && record->pool_count)
		reason = pkt->ipv6 ? allocate_port(true, pkt, with, real, record) :
				     allocate_port(false, pkt, with, real, record);
	if (reason == R_POOL_EXHAUSTED)
		count_exhausted(with->service);
	return reason == R_CONTINUE ? go_on(pkt, with, STAGE_PAIR) : reason;
}

#endif
