/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A flow of the former tables, made in the new ones as it is there: real server, state and expiry; of a pair both
 * halves, which name each other by their new places. A key that is there already stays as it is.
 *
 * Counts of real servers (loads[]) do not change: they are one for both tables, and have the flow.
 */
#ifndef DSRLB_CARRY_H
#define DSRLB_CARRY_H

#include "former.h"

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
	carry_publish(&second, reverse->seen);
	carry_publish(made, forward->seen);
	return INSERT_MADE;
}

#endif
