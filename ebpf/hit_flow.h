/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Which open flow a plain packet belongs to: one that the packet leaves as it is, and that the CPU's cache
 * knows (flow_cache.h), or the first set of its key.
 */
#ifndef DSRLB_HIT_FLOW_H
#define DSRLB_HIT_FLOW_H

#include "flow_cache.h"
#include "forward.h"
#include "hit_rewrite.h"
#include "pairing.h"
#include "send_reply.h"

#define REAL_PLAIN (REAL_PRESENT | REAL_RESOLVED)
#define REAL_NOT_PLAIN (REAL_AWAY | REAL_CLOSED | REAL_OUTBOUND)

/* The frame that a packet came in, and where. */
struct plain {
	struct eth_header *eth;
	void *ip; /* its headers are looked at already, so that they can be read and written */
	const struct link *link;
	u64 bytes; /* of the frame */
};

/* Does the packet, which is no SYN, leave a flow in its state? */
static __always_inline bool state_stays(bool ipv6, const struct packet *pkt,
					const struct plain *plain, u32 state)
{
	if (plain_proto(ipv6, plain->ip) == PROTO_UDP)
		return state == FLOW_UDP;
	return state == FLOW_DATA || (state == FLOW_OPEN && !pkt->tcp_data);
}

/* The flow's real server, if it takes packets as they come, or if this one is back from it. */
static __always_inline struct real *plain_real(const struct plain *plain, u64 value, u32 reverse)
{
	u32 mask = reverse ? REAL_PRESENT | REAL_OUTBOUND : REAL_PLAIN | REAL_NOT_PLAIN;
	lookup_key index = value_real(value);
	struct real *real = reals.lookup(&index);

	if (!real || !value_is_of(value, real) ||
	    (real->flags & mask) != (reverse ? REAL_PRESENT : REAL_PLAIN))
		return NULL;
	return !reverse || frame_is_back(plain->eth, plain->link, real) ? real : NULL;
}

/*
 * As flow_advance(), of a flow that stays in its state; it is due again in the tick *due. False: the reverse
 * half is due to be kept fresh, too, or another CPU has the entry.
 */
static __always_inline bool keep_fresh(const struct packet *pkt, const struct flow_ref *flow,
				       const struct real *real, u32 *due)
{
	u32 timeout = real->idle_ticks, expires = pkt->now + timeout;
	u32 ticks = ticks_per_touch(timeout);
	u64 meta = flow->seen;

	*due = meta_expires(meta) - timeout + ticks;
	if (expires - meta_expires(meta) < ticks)
		return meta_load(flow->meta) == meta;
	*due = pkt->now + ticks;
	if (method_replies(real->method) &&
	    half_timeout_passed(meta_expires(meta), expires, timeout))
		return false;
	return compare_and_swap(flow->meta, meta, meta_with(meta, meta_state(meta), expires)) ==
	       meta;
}

/* The flow's real server; `flow` is the forward half. What is known of it is kept. NULL: not plain. */
static __always_inline struct real *known_flow(bool ipv6, const struct packet *pkt,
					       const struct plain *plain,
					       const struct flow_key *key, void *set,
					       const struct flow_ref *flow, struct known *known)
{
	u64 *changes = flow_changes_of(flow->entry), seen;
	struct change to = {};
	struct real *real;
	u32 due;

	if (!changes || meta_expired(flow->seen, pkt->now) ||
	    !state_stays(ipv6, pkt, plain, meta_state(flow->seen)))
		return NULL;
	seen = *(volatile u64 *)changes;
	known->value = flow->value;
	known->entry = flow->entry;
	known->state = meta_state(flow->seen);
	real = plain_real(plain, flow->value, known->reverse);
	if (!real)
		return NULL;
	if (known->reverse) {
		if (!forward_words(ipv6, flow, known->forward))
			return NULL;
		change_back(ipv6, known->forward, &to);
		if (!is_reply_of(pkt, real, &to, flow->value >> 32))
			return NULL;
	}
	if (!keep_fresh(pkt, flow, real, &due))
		return NULL;
	if (set)
		cache_keep(ipv6, set, key, known, seen, due);
	return real;
}

/* As known_flow(), by what the flow table has for the key: the flow itself, or its reverse half. */
static __always_inline struct real *known_found(bool ipv6, const struct packet *pkt,
						const struct plain *plain,
						const struct flow_key *key, void *set,
						struct flow_ref *found, struct known *known)
{
	known->reverse = !!(found->seen & META_REVERSE);
	if (known->reverse) {
		known->hop = pair_hop(found->value);
		if (meta_expired(found->seen, pkt->now) || !pair_forward(ipv6, found->value, found))
			return NULL;
	} else if (pkt->from_real) {
		return NULL;
	}
	return known_flow(ipv6, pkt, plain, key, set, found, known);
}

/*
 * As known_flow(), by the CPU's cache. Whether a reply's addresses are still those of its real server and of the
 * pool was asked when the copy was made: after a change of these it goes back for the rest of a second.
 */
static __always_inline struct real *known_by_heart(bool ipv6, struct packet *pkt,
						   const struct plain *plain,
						   const struct flow_key *key, void *set,
						   struct known *known)
{
	struct cached *copy;
	u64 *forward;
	u32 i;

	copy = set ? cache_find(ipv6, set, key) : NULL;
	if (!copy || !state_stays(ipv6, pkt, plain, copy->state) ||
	    (pkt->from_real && !copy->reverse))
		return NULL;
	pkt->hash = copy->hash;
	known->value = copy->value;
	known->hop = copy->hop;
	known->reverse = copy->reverse;
	forward = cached_words(copy) + (ipv6 ? KEY6_WORDS : KEY4_WORDS);
	if (known->reverse) {
#pragma unroll
		for (i = 0; i < (ipv6 ? KEY6_WORDS : KEY4_WORDS); i++)
			known->forward[i] = forward[i];
	}
	return plain_real(plain, known->value, known->reverse);
}

#endif
