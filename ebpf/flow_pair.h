/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Pairs, for modes in which replies come back: both directions of a connection as one flow.
 *
 * The forward half is the flow. The reverse half names the forward half's entry and version, so it
 * is valid exactly as long as that entry has not changed hands, and removing the forward half
 * removes both at one stroke. Replies keep both halves fresh; a request keeps the forward half
 * fresh and, when that is due, the reverse half (pair_touch).
 */
#ifndef DSRLB_FLOW_PAIR_H
#define DSRLB_FLOW_PAIR_H

#include "flow_insert.h"

#define PAIR_HOP_SHIFT 48

/*
 * Make both halves as with->recording says; with->key is the forward half's key. `hop`: 16 bits for
 * the mode. INSERT_EXISTS: one of the keys is taken; INSERT_RACED: try again. With either, key and
 * recording are those of one of the halves, and have to be set anew.
 */
static __always_inline enum insert_result pair_insert(bool ipv6, struct scratch *with,
						      const struct flow_key *reverse, u32 hop)
{
	struct recording *recording = &with->recording;
	struct reserved first, second;
	enum insert_result result;
	u64 value = recording->value;

	recording->reverse = false;
	result = flow_reserve(ipv6, with, &first);
	if (result != INSERT_MADE)
		return result;
	recording->reverse = true;
	recording->value =
		first.entry | (u64)meta_version(first.busy) << 32 | (u64)hop << PAIR_HOP_SHIFT;
	with->key = *reverse;
	result = flow_reserve(ipv6, with, &second);
	if (result != INSERT_MADE) {
		exchange(first.meta, meta_next(first.busy, 0, 0, 0, false));
		return result;
	}
	/* The reverse half first: no reply may come before it can be found. */
	flow_publish(&second, recording);
	recording->value = value;
	flow_publish(&first, recording);
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

/* Let an entry live until `expires`, in `state`. */
static __always_inline void half_touch(struct flow_ref *half, u32 state, u32 expires)
{
	u64 meta = half->seen;

	if (meta_state(meta) == state && expires - meta_expires(meta) < TICKS_PER_TOUCH)
		return;
	if (compare_and_swap(half->meta, meta, meta_with(meta, state, expires)) == meta)
		count_change(half->value, meta, meta_with(meta, state, expires));
}

static __always_inline void pair_touch(struct flow_ref *forward, struct flow_ref *reverse,
				       u32 state, u32 expires)
{
	half_touch(forward, state, expires);
	half_touch(reverse, state, expires);
}

/* Remove both halves. The forward half first: without it the other one is none. */
static __always_inline bool pair_remove(struct flow_ref *forward, struct flow_ref *reverse)
{
	bool removed = flow_remove(forward);

	flow_remove(reverse);
	return removed;
}

#endif
