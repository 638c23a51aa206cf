/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Flows per real server, and what happens to entries.
 *
 * Whoever wins the compare-and-swap that changes an entry counts the change, so each is counted
 * once: the sums are those of the entries at any moment.
 */
#ifndef DSRLB_FLOW_COUNT_H
#define DSRLB_FLOW_COUNT_H

#include "flow_meta.h"

static __always_inline void count_flow_event(enum flow_table table, u32 event)
{
	lookup_key row = table * MAX_FLOW_EVENTS + (event & (MAX_FLOW_EVENTS - 1));
	u64 *counter = flow_counters.lookup(&row);

	if (counter)
		(*counter)++;
}

enum flow_class { CLASS_NONE, CLASS_PENDING, CLASS_OPEN };

static __always_inline enum flow_class class_of(u64 meta)
{
	u32 state = meta_state(meta);

	if (meta & META_REVERSE)
		return CLASS_NONE; /* the forward half stands for both */
	if (state == FLOW_PENDING || state == FLOW_UNVERIFIED)
		return CLASS_PENDING;
	if (state == FLOW_UDP || state == FLOW_OPEN || state == FLOW_DATA)
		return CLASS_OPEN;
	return CLASS_NONE;
}

static __always_inline u32 value_real(u64 value)
{
	return value & 0xffff;
}

static __always_inline u64 value_of(u32 real, u32 generation)
{
	return (real & 0xffff) | (u64)(generation & 0xffff) << 16;
}

static __always_inline bool value_is_of(u64 value, const struct real *real)
{
	return ((value >> 16) & 0xffff) == (real->generation & 0xffff);
}

static __always_inline void load_add(struct load *load, enum flow_class class, s64 delta)
{
	if (class == CLASS_OPEN)
		__sync_fetch_and_add(&load->open, delta);
	else if (class == CLASS_PENDING)
		__sync_fetch_and_add(&load->pending, delta);
}

/* An entry of this real server (index, and generation) went from one class to the other. */
static __always_inline void count_classes(lookup_key index, enum flow_class from,
					  enum flow_class to)
{
	struct load *load = loads.lookup(&index);

	if (!load)
		return;
	load_add(load, from, -1);
	load_add(load, to, 1);
}

/* An entry went from `before` to `after`; either may be empty. */
static __always_inline void count_change(u64 value, u64 before, u64 after)
{
	enum flow_class from = class_of(before), to = class_of(after);
	lookup_key index = value_real(value);
	struct real *real;

	if (from == to)
		return;
	real = reals.lookup(&index);
	if (real && value_is_of(value, real)) /* an orphan counts for nobody */
		count_classes(index, from, to);
}

static __always_inline u64 *flow_changes_of(u32 entry)
{
	lookup_key zero = 0;
	struct flow_changes *found = flow_changes.lookup(&zero);

	return found ? &found->count[entry & (FLOW_CHANGES - 1)] : NULL;
}

#define KNOWN_STATES (1 << FLOW_UDP | 1 << FLOW_OPEN | 1 << FLOW_DATA)
#define KNOWN_REVERSE (1 << FLOW_RESET | 1 << FLOW_CLOSING)

/*
 * May CPUs know it by heart (flow_cache.h), as an open flow, or the reverse half of one? That half stays in the
 * state in which it was opened, whatever its flow's is.
 */
static __always_inline bool meta_may_be_known(u64 meta)
{
	u32 states = KNOWN_STATES | !!(meta & META_REVERSE) * KNOWN_REVERSE;

	return states >> meta_state(meta) & 1;
}

/*
 * The entry has just been changed from `before`: what CPUs know by heart is no longer true, of its own key nor
 * of its pair's other one.
 */
static __always_inline void forget_copies(u32 entry, u64 value, u64 before)
{
	u64 *count;

	if (!meta_may_be_known(before))
		return;
	count = flow_changes_of(before & META_REVERSE ? (u32)value : entry);
	if (count)
		__sync_fetch_and_add(count, 1);
}

/* Which event it is when an entry that is not empty gives way to another key. */
static __always_inline u32 replaced_event(u64 meta, u32 now)
{
	u32 state = meta_state(meta);

	if (meta_expired(meta, now))
		return EVENT_EXPIRED;
	if (state == FLOW_DATA)
		return EVENT_LOST_DATA;
	if (state == FLOW_OPEN)
		return EVENT_LOST_IDLE;
	if (state == FLOW_SOURCE)
		return EVENT_LOST_SOURCE;
	if (state == FLOW_UDP)
		return EVENT_LOST_UDP;
	return state >= FLOW_PENDING ? EVENT_LOST_PENDING : EVENT_LOST_CLOSING;
}

#endif
