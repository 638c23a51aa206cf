// SPDX-License-Identifier: GPL-2.0-only
/* Random operations on single flows, for two CPUs at once; see test_race.py. */
#include "race.h"

/* What a client's next packet may be, for flow_advance(). */
static __always_inline void random_packet(struct packet *pkt, u64 random, u32 now)
{
	pkt->now = now;
	pkt->proto = PROTO_TCP;
	pkt->tcp_flags = TCP_ACK;
	pkt->tcp_data = random & 1;
	if ((random >> 1 & 7) == 0)
		pkt->tcp_flags = TCP_FIN | TCP_ACK;
	if ((random >> 1 & 7) == 1)
		pkt->tcp_flags = TCP_RST;
}

static __always_inline void find(struct race *race, struct scratch *with, u32 number, bool pending,
				 bool remove, u64 random)
{
	struct flow_ref flow;
	lookup_key index = 1 + number % REALS;
	struct real *real = reals.lookup(&index);

	if (!real || !flow_find(IPV6, pending, &with->key, &flow)) {
		tally(race, MISSED);
		return;
	}
	tally(race, FOUND);
	if (flow.value != number_value(number)) {
		tally(race, WRONG);
		return;
	}
	if (stands_twice(&with->key, pending, &flow, random >> 40))
		tally(race, TWICE);
	if (remove) {
		if (flow_remove(&flow))
			tally(race, REMOVED);
	} else if (random & 1) {
		flow_touch(&flow, with->key.now + (random >> 2 & 15));
	} else {
		random_packet(&with->packet, random >> 2, with->key.now);
		flow_advance(&with->packet, &flow, real);
		tally(race, ADVANCED);
	}
}

static __always_inline void insert(struct race *race, struct scratch *with, u32 number,
				   bool pending, bool replace, u64 random)
{
	struct recording *recording = &with->recording;
	enum insert_result result;

	recording->value = number_value(number);
	recording->state = 1 + (u32)(random & 7);
	recording->expires = with->key.now + (random >> 3 & 3); /* a quarter is expired at once */
	recording->pending = pending;
	recording->replace = replace;
	recording->may_replace = (random >> 5 & 3) != 0;
	recording->reverse = false;
	result = flow_insert(IPV6, with);
	tally(race, MADE + result);
	if (result == INSERT_EXISTS && recording->found != number_value(number))
		tally(race, WRONG);
}

/* One random operation. */
int race(struct xdp_md *ctx)
{
	struct race *race = (void *)(long)ctx->data;
	struct scratch *with = scratch_find();
	u64 random, more;
	u32 number, operation;
	bool pending;

	if ((void *)(race + 1) > (void *)(long)ctx->data_end || !with || !race->keys)
		return XDP_ABORTED;
	random = next_random(race);
	more = next_random(race);
	number = (u32)(random >> 32) % race->keys;
	operation = random >> 8 & 0xff;
	pending = (random >> 16 & 0xff) < race->pending;
	number_key(&with->key, race, number, clock_tick());
	if (operation < race->finds)
		find(race, with, number, pending, (more & 0xff) < race->remove, more >> 8);
	else
		insert(race, with, number, pending, (more & 0xff) < race->replace, more >> 8);
	return XDP_PASS;
}

/* Is the next number found? Of nothing it is known that it has expired: now is 0. */
int reach(struct xdp_md *ctx)
{
	struct race *race = (void *)(long)ctx->data;
	struct scratch *with = scratch_find();
	u32 pending;

	if ((void *)(race + 1) > (void *)(long)ctx->data_end || !with)
		return XDP_ABORTED;
	number_key(&with->key, race, race->next, 0);
	for (pending = 0; pending < 2; pending++) {
		struct flow_ref flow;

		if (!flow_find(IPV6, pending, &with->key, &flow))
			continue;
		tally(race, FOUND);
		if (flow.value != number_value(race->next))
			tally(race, WRONG);
	}
	race->next++;
	return XDP_PASS;
}

/* Make the next number's flow in the next state; another one may have to go. */
int fill(struct xdp_md *ctx)
{
	struct race *race = (void *)(long)ctx->data;
	struct scratch *with = scratch_find();
	struct recording *recording;
	enum insert_result result;

	if ((void *)(race + 1) > (void *)(long)ctx->data_end || !with)
		return XDP_ABORTED;
	recording = &with->recording;
	number_key(&with->key, race, race->next, clock_tick());
	recording->value = number_value(race->next);
	recording->state = race->states >> (race->next & 15) * 4 & 15;
	recording->expires = with->key.now + race->expires;
	recording->pending = recording->state == FLOW_PENDING;
	recording->replace = recording->reverse = false;
	recording->may_replace = true;
	result = flow_insert(IPV6, with);
	tally(race, MADE + result);
	race->next++;
	return XDP_PASS;
}

/* What the control plane has, with the same maps. */
int reaper(struct xdp_md *ctx)
{
	return reap(ctx);
}
