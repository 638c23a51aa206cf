// SPDX-License-Identifier: GPL-2.0-only
/* A packet whose open flow the new tables do not have: fetch it from the former ones, if it is there (front.c). */
#include "carry.h"
#include "pairing.h"
#include "verdict.h"

#define FETCH_RACES 4

/* Both halves, by the one that the packet has found; False: it is no pair, and `found` as it was. */
static __always_inline bool fetch_halves(bool ipv6, bool pending, struct packet *pkt,
					 struct scratch *with, struct flow_ref *found,
					 struct flow_ref *other)
{
	lookup_key index = value_real(found->value);
	struct flow_ref named;
	struct real *real;

	if (found->seen & META_REVERSE) {
		with->reverse = with->key;
		if (!former_forward(ipv6, found, pkt->now, &named) ||
		    former_key(ipv6, &named, pkt->now, &with->forward) != INSERT_MADE)
			return false;
		*other = *found;
		*found = named;
		return true;
	}
	real = reals.lookup(&index);
	if (!real || !method_replies(real->method) || meta_state(found->seen) == FLOW_SOURCE)
		return false;
	pkt->translation = found->value >> 32;
	pkt->outbound = !!(real->flags & REAL_OUTBOUND);
	with->forward = with->key;
	return reverse_key_of(&with->reverse, pkt, real) &&
	       former_find(ipv6, pending, &with->reverse, other) && other->seen & META_REVERSE &&
	       former_forward(ipv6, other, pkt->now, &named) && named.entry == found->entry;
}

/* By the entry that has the packet's key in one of the former tables; what is left of a pair is none. */
static __always_inline enum insert_result fetch_from(bool ipv6, bool pending, struct packet *pkt,
						     struct scratch *with)
{
	struct flow_ref found, other = {}, *reverse = NULL;
	struct reserved made;

	if (!former_find(ipv6, pending, &with->key, &found))
		return INSERT_EXISTS;
	if (fetch_halves(ipv6, pending, pkt, with, &found, &other))
		reverse = &other;
	else if (found.seen & META_REVERSE)
		return INSERT_EXISTS; /* of no flow any more */
	else
		with->forward = with->key;
	if (carried_before(ipv6, &found, reverse))
		return INSERT_EXISTS; /* it is, or has been, there */
	carried_drop(ipv6, &found, reverse);
	return reverse ? carry_pair(ipv6, pending, with, &found, reverse, &made) :
			 carry_flow(ipv6, pending, with, &found, &made);
}

/* The copy that was made of an open flow when it was pending yet: as a pending one it has been counted out already. */
static __always_inline void drop_pending(bool ipv6, const struct scratch *with)
{
	struct flow_ref copy;

	if (!with->recording.pending && flow_find(ipv6, true, &with->forward, &copy))
		entry_free(&copy, copy.seen);
}

/* Into the main table first. Where an earlier flow of the key is known there, the pending one may have another. */
int dsrlb_fetch(struct xdp_md *ctx)
{
	struct packet packet;
	struct scratch *with = resume(&packet, ctx);
	enum insert_result result;
	struct flow_key key;
	bool pending;

	if (!with)
		return XDP_PASS;
	key = with->key;
	pending = with->tries;
	result = packet.ipv6 ? fetch_from(true, pending, &packet, with) :
			       fetch_from(false, pending, &packet, with);
	if (result == INSERT_EXISTS && !with->tries++) {
		with->key = key;
		onward.call(ctx, ONWARD_FETCH);
	}
	if (result == INSERT_RACED && ++with->raced < FETCH_RACES) {
		with->key = key;
		onward.call(ctx, ONWARD_FETCH);
	}
	if (result == INSERT_MADE && packet.ipv6)
		drop_pending(true, with);
	else if (result == INSERT_MADE)
		drop_pending(false, with);
	onward.call(ctx, ONWARD_FIRST);
	return verdict(&packet, R_INCOMPLETE);
}
