// SPDX-License-Identifier: GPL-2.0-only
/* Pairs: each operation by itself, or random ones for two CPUs at once; see test_pair.py. */
#include "race.h"

#define REVERSE 0x10000 /* number of the reverse half's key, less that of the forward half's */

enum command {
	RANDOM,
	MAKE,
	LOOK_FORWARD,
	LOOK_REVERSE,
	TOUCH,
	REMOVE,
	REMOVE_FORWARD,
	MAKE_SINGLE, /* a flow with the reverse half's key */
};

static __always_inline void plan(struct race *race, struct scratch *with, u32 number, u64 random)
{
	struct recording *recording = &with->recording;

	recording->value = number_value(number);
	recording->state = race->state ? race->state : FLOW_PENDING + (u32)(random & 3);
	recording->expires = with->key.now + (race->expires ? race->expires : (random >> 2 & 3));
	recording->pending = false;
	recording->replace = race->replace > (random >> 4 & 0xff);
	recording->may_replace = true;
	recording->reverse = false;
}

static __always_inline void make_pair(struct race *race, struct scratch *with, u32 number,
				      u64 random)
{
	struct pair made;
	u32 attempt;

	for (attempt = 0; attempt < INSERT_ATTEMPTS; attempt++) {
		enum insert_result result;

		number_key(&with->key, race, number, with->source.now);
		result = pair_insert(IPV6, with, &with->source, number & 0x7fff, &made);
		tally(race, MADE + result);
		if (result != INSERT_RACED)
			return;
		plan(race, with, number, random);
	}
}

/* Does the entry still have the number's forward key? WRONG is not said of one that is gone. */
static __always_inline bool is_forward(const struct race *race, struct scratch *with, u32 number,
				       const struct flow_ref *flow)
{
	u64 *set = table_set(IPV6, flow->entry / SET_FLOWS);
	bool same;

	if (!set)
		return false;
	number_key(&with->key, race, number, with->source.now);
	same = flow_has_key(set_flow(set, flow->entry, IPV6), &with->key, IPV6);
	return same || (meta_load(flow->meta) ^ flow->seen) & META_VERSION;
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

static __always_inline void use_pair(struct race *race, struct scratch *with, u32 number,
				     u32 command, u64 random)
{
	struct flow_ref forward, reverse;
	u32 expires = with->source.now + (race->expires ? race->expires : (random & 15));

	if (!pair_find(IPV6, false, &with->source, &reverse, &forward)) {
		tally(race, MISSED);
		return;
	}
	tally(race, FOUND);
	forward.entry = (u32)reverse.value;
	if (forward.value != number_value(number) || pair_hop(reverse.value) != (number & 0x7fff) ||
	    !is_forward(race, with, number, &forward))
		tally(race, HALF);
	if (command == TOUCH) {
		half_touch(&forward, FLOW_OPEN + (random >> 4 & 1), expires);
		half_touch(&reverse, FLOW_OPEN + (random >> 4 & 1),
			   expires + (expires - with->source.now));
		tally(race, ADVANCED);
	} else if (command == REMOVE && pair_remove(&forward, &reverse)) {
		tally(race, REMOVED);
	}
}

static __always_inline void look_forward(struct race *race, struct scratch *with, u32 number,
					 bool remove)
{
	struct flow_ref flow;

	if (!flow_find(IPV6, false, &with->key, &flow)) {
		tally(race, MISSED);
		return;
	}
	tally(race, FOUND);
	if (flow.value != number_value(number))
		tally(race, WRONG);
	if (flow.seen & META_REVERSE)
		tally(race, HALF);
	if (stands_twice(&with->key, false, &flow, race->random >> 20))
		tally(race, TWICE);
	if (remove && flow_remove(&flow))
		tally(race, REMOVED);
}

int pair(struct xdp_md *ctx)
{
	struct race *race = (void *)(long)ctx->data;
	struct scratch *with = scratch_find();
	u32 number, command;
	u64 random, more;

	if ((void *)(race + 1) > (void *)(long)ctx->data_end || !with || !race->keys)
		return XDP_ABORTED;
	random = next_random(race);
	more = next_random(race);
	number = race->command ? race->next++ : (u32)(random >> 32) % race->keys;
	command = race->command ? race->command : MAKE + (random >> 8) % 6;
	number_key(&with->source, race, number + REVERSE, clock_tick());
	number_key(&with->key, race, number, with->source.now);
	plan(race, with, number, more);
	if (command == MAKE) {
		make_pair(race, with, number, more);
	} else if (command == LOOK_FORWARD || command == REMOVE_FORWARD) {
		look_forward(race, with, number, command == REMOVE_FORWARD);
	} else if (command == MAKE_SINGLE) {
		with->key = with->source;
		tally(race, MADE + flow_insert(IPV6, with));
	} else {
		use_pair(race, with, number, command, more);
	}
	return XDP_PASS;
}
