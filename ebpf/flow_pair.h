/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Pairs, for modes in which replies come back: both directions of a connection as one flow.
 *
 * The forward half is the flow. The reverse half names the forward half's entry and version, so it
 * is valid exactly as long as that entry has not changed hands, and removing the forward half
 * removes both at one stroke. Packets of either direction keep the forward half fresh and, when
 * that is due (flow_advance), the reverse half.
 */
#ifndef DSRLB_FLOW_PAIR_H
#define DSRLB_FLOW_PAIR_H

#include "flow_insert.h"

#define PAIR_HOP_SHIFT 48
#define PAIR_ANSWERED (1ull << 63)

static __always_inline u32 pair_hop(u64 reverse)
{
	return reverse >> PAIR_HOP_SHIFT & (MAX_LAST_HOPS - 1);
}

/* Both halves as they were published. */
struct pair {
	struct flow_ref forward;
	struct flow_ref reverse;
};

static __always_inline void half_publish(const struct reserved *half,
					 const struct recording *recording, u32 expires,
					 struct flow_ref *ref)
{
	ref->meta = half->meta;
	ref->entry = half->entry;
	ref->value = recording->value;
	ref->seen = meta_with(half->busy, recording->state, expires);
	exchange(ref->meta, ref->seen);
	count_change(ref->value, 0, ref->seen);
}

/*
 * Make both halves as with->recording says; with->key is the forward half's key. `hop`: the last hop.
 * The reverse half never takes a key from a flow that is there. In the main table it lives twice as long
 * as the forward half, so that it need not be kept fresh as often; in the pending table, where the
 * oldest give way, both are of one age. INSERT_EXISTS: one of the keys is taken,
 * recording->reverse says which; INSERT_RACED: try again.
 */
static __always_inline enum insert_result pair_insert(bool ipv6, struct scratch *with,
						      const struct flow_key *reverse, u32 hop,
						      struct pair *made)
{
	struct recording *recording = &with->recording;
	u64 value = recording->value;
	u8 replace = recording->replace;
	struct reserved first, second;
	enum insert_result result;
	u32 expires = recording->expires, longer = expires;

	if (!recording->pending)
		longer += expires - reverse->now;
	recording->reverse = false;
	result = flow_reserve(ipv6, with, NULL, &first);
	if (result != INSERT_MADE)
		return result;
	recording->reverse = true;
	recording->replace = false;
	recording->value =
		first.entry | (u64)meta_version(first.busy) << 32 | (u64)hop << PAIR_HOP_SHIFT;
	with->key = *reverse;
	result = flow_reserve(ipv6, with, &first, &second);
	recording->replace = replace;
	if (result != INSERT_MADE) {
		recording->value = value;
		exchange(first.meta, meta_next(first.busy, 0, 0, 0, false));
		return result;
	}
	/* The reverse half first: no reply may come before it can be found. */
	half_publish(&second, recording, longer, &made->reverse);
	recording->value = value;
	half_publish(&first, recording, expires, &made->forward);
	count_flow_event(table_of(ipv6, recording->pending), EVENT_MADE);
	return INSERT_MADE;
}

/* Find the pair of a reply: its reverse half and, by that, the forward half. */
static __always_inline bool pair_find(bool ipv6, bool pending, const struct flow_key *key,
				      struct flow_ref *reverse, struct flow_ref *forward)
{
	if (!flow_find(ipv6, pending, key, reverse) || !(reverse->seen & META_REVERSE))
		return false;
	return pair_forward(ipv6, reverse->value, forward);
}

/* Remove both halves. The forward half first: without it the other one is none. */
static __always_inline bool pair_remove(struct flow_ref *forward, struct flow_ref *reverse)
{
	bool removed = flow_remove(forward);

	flow_remove(reverse);
	return removed;
}

#endif
