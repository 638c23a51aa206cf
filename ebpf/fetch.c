// SPDX-License-Identifier: GPL-2.0-only
/* A packet whose flow the new tables do not have: fetch it from the former ones, if it is there (front.c). */
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

/* The entry that has the packet's key, in either table; what is left of a pair is none. */
static __always_inline bool fetch_find(bool ipv6, const struct packet *pkt, struct scratch *with,
				       struct flow_ref *found, bool *in_pending)
{
	struct flow_ref forward;
	u32 pending;

	for (pending = 0; pending < 2; pending++) {
		hide(pending);
		if (!former_find(ipv6, pending & 1, &with->key, found))
			continue;
		*in_pending = pending & 1;
		if (!(found->seen & META_REVERSE) ||
		    former_forward(ipv6, found, pkt->now, &forward))
			return true;
	}
	return false;
}

static __always_inline enum insert_result fetch(bool ipv6, struct packet *pkt, struct scratch *with)
{
	struct flow_ref found, other = {};
	struct reserved made;
	bool pending = false;

	if (!fetch_find(ipv6, pkt, with, &found, &pending))
		return INSERT_EXISTS;
	if (fetch_halves(ipv6, pending, pkt, with, &found, &other))
		return carried_before(ipv6, &found, &other) ?
			       INSERT_EXISTS :
			       carry_pair(ipv6, pending, with, &found, &other, &made);
	if (found.seen & META_REVERSE || carried_before(ipv6, &found, NULL))
		return INSERT_EXISTS; /* of no flow any more, or of one that is, or has been, there */
	with->forward = with->key;
	return carry_flow(ipv6, pending, with, &found, &made);
}

int dsrlb_fetch(struct xdp_md *ctx)
{
	struct packet packet;
	struct scratch *with = resume(&packet, ctx);
	enum insert_result result;
	struct flow_key key;

	if (!with)
		return XDP_PASS;
	key = with->key;
	result = packet.ipv6 ? fetch(true, &packet, with) : fetch(false, &packet, with);
	if (result == INSERT_RACED && ++with->raced < FETCH_RACES) {
		with->key = key;
		onward.call(ctx, ONWARD_FETCH);
	}
	onward.call(ctx, ONWARD_FIRST);
	return verdict(&packet, R_INCOMPLETE);
}
