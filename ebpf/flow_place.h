/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The short way of an insert: a free entry in the first set of the key's order, where nothing else is to be
 * said. flow_insert() finds the others.
 */
#ifndef DSRLB_FLOW_PLACE_H
#define DSRLB_FLOW_PLACE_H

#include "flow_insert.h"

/* The first of four bits that is set, by all four of them; 4 for none: a place in each hexadecimal digit. */
#define FIRST_OF_BITS 0x0102010301020104ull

/* Is the entry free, or of a flow that has expired? 1 or 0, and no branch. */
static __always_inline u64 meta_is_dead(u64 meta, u32 now)
{
	return is_zero(meta_worth(meta, now));
}

/* Return whether the key's first set has a free entry, and the key is neither there nor in another one. */
static __always_inline bool place_find(bool ipv6, bool pending, const struct flow_key *key,
				       struct candidate *candidate)
{
	u64 tag = (u64)key_tag(key) << META_TAG_SHIFT, dead = 0;
	u32 at = key_set(key, 0, table_span(pending)), slot;
	u64 *set;

	candidate->stripe = insert_stripe(ipv6, key);
	set = table_set(ipv6, at);
	if (!candidate->stripe || !set)
		return false;
	candidate->before = *(volatile u64 *)candidate->stripe;
#pragma unroll
	for (slot = 0; slot < SET_FLOWS; slot++) {
		u64 meta = meta_load(&set[slot]);

		if (!((meta ^ tag) & META_TAG)) /* it may be the key's */
			return false;
		dead |= meta_is_dead(meta, key->now) << slot;
	}
	if (set_spilled(ipv6, at))
		return false;
	slot = FIRST_OF_BITS >> (dead * 4) & (SET_FLOWS - 1);
	candidate->entry = at * SET_FLOWS + slot;
	candidate->probe = candidate->same = 0;
	candidate->seen = meta_load(&set[slot]);
	return meta_is_dead(candidate->seen, key->now);
}

/* Make the key's flow there, yet to be counted, unless another CPU was faster. */
static __always_inline bool place_take(bool ipv6, bool pending, const struct candidate *candidate,
				       const struct flow_key *key, u64 value, u32 state,
				       u32 expires)
{
	struct reserved reserved;

	if (!entry_take(ipv6, pending, false, candidate, key, value, &reserved))
		return false;
	flow_publish(&reserved, state, expires);
	count_flow_event(table_of(ipv6, pending), EVENT_MADE);
	return true;
}

#endif
