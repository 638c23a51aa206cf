/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A copy of a flow that has changed its state in the former tables since it was copied becomes what the flow is.
 *
 * Before packets go by the new tables that is what the former ones say. Behind that change packets have changed the
 * copy, too: then both say something of the flow, and neither all of it.
 */
#ifndef DSRLB_FOLLOW_H
#define DSRLB_FOLLOW_H

#include "carry.h"
#include "flow_state.h"

#define FOLLOW_TRIES 3

/* A flow that has states in two places, as it was copied, and by now. */
struct progress {
	u32 copied;
	u32 former;
	u32 copy; /* FLOW_EMPTY: it has ended, and gone */
};

/*
 * The state that follows from both: what happened in the new tables happened later. A FIN in the former ones closes
 * what only went on there; what a RST there ended, and a segment here opened again, is open.
 */
static __always_inline u32 progress_state(const struct progress *states)
{
	if (states->copy == states->copied)
		return states->former;
	if (states->former == FLOW_CLOSING &&
	    (states->copy == FLOW_OPEN || states->copy == FLOW_DATA))
		return FLOW_CLOSING;
	return states->copy;
}

static __always_inline s64 counts_as(u32 state, enum flow_class class)
{
	return class_of(state) == class;
}

static __always_inline s64 progress_delta(const struct progress *states, u32 now,
					  enum flow_class class)
{
	return counts_as(now, class) + counts_as(states->copied, class) -
	       counts_as(states->former, class) - counts_as(states->copy, class);
}

/*
 * What was counted is both ways from `copied`, the one by the former programs, the other by the new ones; what was to
 * be counted is the way from `copied` to `now`.
 */
static __always_inline void progress_count(u64 value, const struct progress *states, u32 now)
{
	s64 open = progress_delta(states, now, CLASS_OPEN);
	s64 pending = progress_delta(states, now, CLASS_PENDING);
	lookup_key index = value_real(value);
	struct real *real;
	struct load *load;

	if (!(open | pending))
		return;
	real = reals.lookup(&index);
	load = loads.lookup(&index);
	if (!real || !load || !value_is_of(value, real))
		return;
	load_add(load, CLASS_OPEN, open);
	load_add(load, CLASS_PENDING, pending);
}

/* When the copy expires in that state: as its flow does, unless packets may have gone by the copy since. */
static __always_inline u32 follow_expires(const struct flow_ref *forward,
					  const struct flow_ref *copy, u32 state, bool by_copies,
					  u32 now)
{
	lookup_key index = value_real(forward->value);
	u32 expires = meta_expires(forward->seen), own = meta_expires(copy->seen);
	struct real *real;

	if (!by_copies)
		return expires;
	if (state == meta_state(copy->seen))
		return (s32)(own - expires) > 0 ? own : expires;
	real = reals.lookup(&index);
	if (real && value_is_of(forward->value, real))
		return now + flow_timeout(state, real);
	return (s32)(own - expires) > 0 ? own : expires;
}

/* Tells in states->copy what the copy was, and in *state what it is now. */
static __always_inline enum insert_result follow_copy(bool by_copies,
						      const struct flow_ref *forward,
						      struct flow_ref *copy,
						      struct progress *states, u32 now, u32 *state)
{
	u32 attempt;

	for (attempt = 0; attempt < FOLLOW_TRIES; attempt++) {
		u64 seen = copy->seen, changed, before;

		states->copy = by_copies ? meta_state(seen) : states->copied;
		*state = progress_state(states);
		changed = meta_with(seen, *state,
				    follow_expires(forward, copy, *state, by_copies, now));
		before = compare_and_swap(copy->meta, seen, changed);
		if (before == seen) {
			if (*state < FLOW_UDP)
				forget_copies(copy->entry, copy->value, seen);
			return INSERT_MADE;
		}
		if (((before ^ seen) & META_VERSION) || !meta_is_flow(before))
			return INSERT_RACED;
		copy->seen = before;
	}
	return INSERT_RACED;
}

/* The copy's reverse half: has it been answered, and when does it expire? */
static __always_inline void follow_reverse(bool ipv6, bool pending, struct scratch *with,
					   const struct flow_ref *reverse,
					   const struct flow_ref *copy, u32 now)
{
	u64 names = copy->entry | (u64)meta_version(copy->seen) << 32, *set;
	struct flow_ref found;

	if (former_key(ipv6, reverse, now, &with->key) != INSERT_MADE ||
	    !flow_find(ipv6, pending, &with->key, &found) ||
	    (found.value ^ names) & ((1ull << PAIR_HOP_SHIFT) - 1))
		return;
	set = table_set(ipv6, found.entry / SET_FLOWS);
	if (set && (reverse->value & ~found.value & PAIR_ANSWERED))
		compare_and_swap(&set_flow(set, found.entry, ipv6)[flow_value_word(ipv6)],
				 found.value, found.value | PAIR_ANSWERED);
	if ((s32)(meta_expires(reverse->seen) - meta_expires(found.seen)) > 0)
		flow_touch(&found, meta_expires(reverse->seen));
}

/*
 * Of a former flow and its noted copy. INSERT_EXISTS: there is none (any more); behind the change it is noted then,
 * for the flow has ended there.
 */
static __always_inline enum insert_result follow(bool ipv6, bool pending, bool by_copies,
						 struct scratch *with,
						 const struct flow_ref *forward,
						 const struct flow_ref *reverse, u32 now)
{
	struct carried *carried = carried_at(ipv6, reverse ? reverse->entry : forward->entry);
	struct progress states = { .former = meta_state(forward->seen) };
	enum insert_result result;
	struct flow_ref copy;
	u32 state = FLOW_EMPTY;
	u64 noted;

	if (!carried)
		return INSERT_EXISTS;
	noted = *(volatile u64 *)&carried->copy;
	states.copied = meta_state(*(volatile u64 *)&carried->flow);
	if (!noted)
		return INSERT_EXISTS;
	if (!flow_at(ipv6, (u32)noted, &copy) ||
	    meta_version(copy.seen) != ((noted >> 32) & 0xffff)) {
		if (!by_copies)
			return INSERT_EXISTS;
		carried_note(ipv6, forward, reverse, 0);
		progress_count(forward->value, &states, FLOW_EMPTY);
		return INSERT_EXISTS;
	}
	result = follow_copy(by_copies, forward, &copy, &states, now, &state);
	if (result != INSERT_MADE)
		return result;
	if (reverse)
		follow_reverse(ipv6, pending, with, reverse, &copy, now);
	carried_note(ipv6, forward, reverse, noted);
	progress_count(forward->value, &states, state);
	return INSERT_MADE;
}

#endif
