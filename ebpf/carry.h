/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A flow of the former tables, made in the new ones as it is there: real server, state and expiry; of a pair both
 * halves, which name each other by their new places. A key that is there already stays as it is.
 *
 * Counts of real servers (loads[]) do not change: they are one for both tables, and have the flow.
 *
 * What was copied is noted in carried[] by the run of a program that copies it, before anybody can find the copy: no
 * daemon can be killed between the two.
 */
#ifndef DSRLB_CARRY_H
#define DSRLB_CARRY_H

#include "former.h"

#define CARRIED (1ull << 63)
#define CARRIED_ANSWERED (1ull << 62)
#define CARRIED_HALF (META_VERSION | META_STATE)
#define CARRIED_VERSIONS (CARRIED | META_REVERSE | META_VERSION | META_VERSION << 16)

/*
 * The flow as a word; of a pair both halves, else `reverse` is NULL. Another one when an entry changes hands, or state,
 * or when the real server answers.
 */
static __always_inline u64 carried_flow(const struct flow_ref *forward,
					const struct flow_ref *reverse)
{
	u64 flow = CARRIED | (forward->seen & CARRIED_HALF);

	if (reverse)
		flow |= META_REVERSE | (reverse->seen & META_VERSION) << 16 |
			(reverse->seen & META_STATE) << 48 |
			(reverse->value & PAIR_ANSWERED ? CARRIED_ANSWERED : 0);
	return flow;
}

static __always_inline u64 carried_copy(const struct reserved *made)
{
	return CARRIED | (u64)meta_version(made->busy) << 32 | made->entry;
}

static __always_inline struct carried *carried_at(bool ipv6, lookup_key entry)
{
	return ipv6 ? (struct carried *)carried6.lookup(&entry) :
		      (struct carried *)carried4.lookup(&entry);
}

/* Was the flow copied already, in whatever state? `reverse`: NULL where it is no pair. */
static __always_inline bool carried_before(bool ipv6, const struct flow_ref *forward,
					   const struct flow_ref *reverse)
{
	struct carried *carried = carried_at(ipv6, reverse ? reverse->entry : forward->entry);

	return carried && !((*(volatile u64 *)&carried->flow ^ carried_flow(forward, reverse)) &
			    CARRIED_VERSIONS);
}

/* Note that the flow is not to be copied any more: at its entry, of a pair at the reverse half's. */
static __always_inline void carried_note(bool ipv6, const struct flow_ref *forward,
					 const struct flow_ref *reverse, u64 copy)
{
	struct carried *carried = carried_at(ipv6, reverse ? reverse->entry : forward->entry);

	if (!carried)
		return;
	*(volatile u64 *)&carried->copy = copy;
	*(volatile u64 *)&carried->flow = carried_flow(forward, reverse);
}

/*
 * The copy of the entry that is noted at a former one is of another flow than that one has now: it goes, and counts
 * for nobody, before the note that names it is written anew.
 */
static __always_inline void carried_drop(bool ipv6, const struct flow_ref *forward,
					 const struct flow_ref *reverse)
{
	struct carried *carried = carried_at(ipv6, reverse ? reverse->entry : forward->entry);
	struct flow_ref copy;
	u64 noted;

	if (!carried)
		return;
	noted = *(volatile u64 *)&carried->copy;
	if (noted && flow_at(ipv6, (u32)noted, &copy) &&
	    meta_version(copy.seen) == ((noted >> 32) & 0xffff))
		entry_free(&copy, copy.seen);
}

/* A note that still names this copy names none. */
static __always_inline void carried_forget(bool ipv6, u32 entry, u32 copy, u32 version)
{
	struct carried *carried = carried_at(ipv6, entry);

	if (carried)
		compare_and_swap(&carried->copy, CARRIED | (u64)version << 32 | copy, 0);
}

/* `own`: what has been reserved for the other half, or NULL. */
static __always_inline enum insert_result carry_reserve(bool ipv6, bool pending,
							struct scratch *with, u64 value, u64 seen,
							const struct reserved *own,
							struct reserved *reserved)
{
	struct recording *recording = &with->recording;

	__builtin_memset(recording, 0, sizeof(*recording));
	recording->value = value;
	recording->state = meta_state(seen);
	recording->expires = meta_expires(seen);
	recording->pending = pending;
	recording->reverse = !!(seen & META_REVERSE);
	recording->may_replace = recording->pair = true; /* whoever is worth least */
	return flow_reserve(ipv6, with, own, reserved);
}

static __always_inline void carry_publish(const struct reserved *reserved, u64 seen)
{
	flow_publish(reserved, meta_state(seen), meta_expires(seen));
}

/* What is no pair: a flow of a DSR mode, a source, or what is left of a pair. */
static __always_inline enum insert_result carry_flow(bool ipv6, bool pending, struct scratch *with,
						     const struct flow_ref *flow,
						     struct reserved *made)
{
	enum insert_result result;

	with->key = with->forward;
	result = carry_reserve(ipv6, pending, with, flow->value, flow->seen, NULL, made);
	if (result != INSERT_MADE)
		return result;
	former_rest(ipv6, flow, made->entry);
	carried_note(ipv6, flow, NULL, carried_copy(made));
	carry_publish(made, flow->seen);
	return INSERT_MADE;
}

/* The reverse half is published first, as ever; with->forward and with->reverse are the keys. */
static __always_inline enum insert_result carry_pair(bool ipv6, bool pending, struct scratch *with,
						     const struct flow_ref *forward,
						     const struct flow_ref *reverse,
						     struct reserved *made)
{
	enum insert_result result;
	struct reserved second;
	u64 value;

	with->key = with->forward;
	result = carry_reserve(ipv6, pending, with, forward->value, forward->seen, NULL, made);
	if (result != INSERT_MADE)
		return result;
	value = made->entry | (u64)meta_version(made->busy) << 32 |
		reverse->value >> PAIR_HOP_SHIFT << PAIR_HOP_SHIFT;
	with->key = with->reverse;
	result = carry_reserve(ipv6, pending, with, value, reverse->seen, made, &second);
	if (result != INSERT_MADE) {
		exchange(made->meta, meta_next(made->busy, 0, 0, 0, false));
		return result;
	}
	former_rest(ipv6, reverse, second.entry);
	former_rest(ipv6, forward, made->entry);
	carried_note(ipv6, forward, reverse, carried_copy(made));
	carry_publish(&second, reverse->seen);
	carry_publish(made, forward->seen);
	return INSERT_MADE;
}

#endif
