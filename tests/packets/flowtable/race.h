/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the tests of the flow table share: keys and values by number, random operations.
 *
 * The "packet" of a test run is the state of one CPU's driver. It is not restored between repeats,
 * so it counts on, and comes back with the counts.
 */
#ifndef DSRLB_TEST_RACE_H
#define DSRLB_TEST_RACE_H

#include "../../../ebpf/flow_pair.h"
#include "../../../ebpf/reaper.h"
#include "../../../ebpf/flow_state.h"

#ifdef RACE_IPV6
#define IPV6 true
#else
#define IPV6 false
#endif

#define REALS 5
#define GENERATION 7

enum tally {
	FOUND,
	MISSED,
	WRONG, /* another flow's value under this key: must stay 0 */
	TWICE, /* a key in two entries at the same time: must stay 0 */
	MADE,
	EXISTS,
	FULL,
	RACED,
	REMOVED,
	ADVANCED,
	HALF, /* pairs: both directions, and yet not the same pair: must stay 0 */
	TALLIES,
};

struct race {
	u64 random;
	u32 keys;    /* numbers 0 to keys - 1 */
	u32 next;    /* of functions that take the numbers in turn */
	u32 finds;   /* of 256 operations; the others are inserts */
	u32 remove;  /* of 256 finds: what was found is removed */
	u32 replace; /* of 256 inserts: in place of the same key */
	u32 pending; /* of 256 operations: in the pending table */
	u32 state;   /* pair(): of the pairs to make */
	u32 expires; /* fill(), pair(): ticks from now */
	u32 plain;   /* keys differ in their ports only */
	u32 command; /* of pair.c; 0: a random one */
	u64 states;  /* fill(): of the flows to make, 16 of 4 bits in turn, the first one lowest */
	u64 count[16];
};

static __always_inline u64 next_random(struct race *race)
{
	u64 x = race->random;

	x ^= x << 13;
	x ^= x >> 7;
	x ^= x << 17;
	race->random = x;
	return x * 0x2545f4914f6cdd1dull;
}

static __always_inline void tally(struct race *race, enum tally what)
{
	race->count[what & 15]++;
}

/* Everything in the value follows from the number: whoever reads it can tell whose it is. */
static __always_inline u64 number_value(u32 number)
{
	u64 check = number * 0x9e3779b1;

	return value_of(1 + number % REALS, GENERATION) | check << 32;
}

/* The number stands as it is in the ports. */
static __always_inline void number_key(struct flow_key *key, const struct race *race, u32 number,
				       u32 now)
{
	u32 mixed = race->plain ? 0 : number * 0x85ebca6b;
	struct address source = { .word_be = { ~mixed, mixed, mixed * 3, mixed ^ 0x5bd1e995 } };
	struct address destination = { .word_be = { ~mixed, mixed * 5, mixed, mixed * 7 } };

	key->now = now;
	key_fill(key, &source, &destination, number, PROTO_TCP, IPV6);
}

/*
 * Does entry number `other` of the table have the same key as the flow `found`? Both must still be
 * there when both have been seen.
 */
static __always_inline bool stands_twice(const struct flow_key *key, bool pending,
					 const struct flow_ref *found, u32 other)
{
	struct span span = table_span(pending);
	u32 entry = span.first * SET_FLOWS + other % (span.sets * SET_FLOWS);
	u32 slot = entry & (SET_FLOWS - 1);
	struct flow_ref second;
	u64 *set = table_set(IPV6, entry / SET_FLOWS);

	if (!set || entry == found->entry || !flow_at(IPV6, entry, &second) ||
	    !flow_has_key(set_flow(set, slot, IPV6), key, IPV6))
		return false;
	if ((meta_load(second.meta) ^ second.seen) & META_VERSION)
		return false;
	return !((meta_load(found->meta) ^ found->seen) & META_VERSION);
}

#endif
