/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Flow table: find, insert, touch, remove. Nothing outside this file knows how flows are kept.
 *
 * There are two tables per family: flows that carry data, and pending ones (a SYN or a single UDP
 * packet), so that a flood of first packets cannot push out flows that are in use.
 */
#ifndef DSRLB_FLOW_H
#define DSRLB_FLOW_H

#include "maps.h"
#include "packet.h"

static __always_inline u32 clock_tick(void)
{
	return bpf_ktime_get_coarse_ns() >> TICK_SHIFT;
}

static __always_inline bool flow_expired(const struct flow *flow, u32 now)
{
	return (s32)(now - flow->expires) >= 0;
}

static __always_inline void flow4_key_fill(struct flow4_key *key, const struct packet *pkt)
{
	key->source_be = pkt->source.word_be[3];
	key->destination_be = pkt->destination.word_be[3];
	key->source_port_be = pkt->source_port_be;
	key->destination_port_be = pkt->destination_port_be;
	key->proto = pkt->proto;
}

static __always_inline void flow6_key_fill(struct flow6_key *key, const struct packet *pkt)
{
	key->source = pkt->source;
	key->destination = pkt->destination;
	key->source_port_be = pkt->source_port_be;
	key->destination_port_be = pkt->destination_port_be;
	key->proto = pkt->proto;
}

/* Return the packet's flow, or NULL when there is none or it has expired. */
static __always_inline struct flow *flow_find(const struct packet *pkt, bool in_pending)
{
	struct flow *flow;

	if (pkt->ipv6) {
		struct flow6_key key = {};

		flow6_key_fill(&key, pkt);
		flow = in_pending ? pending6.lookup(&key) : flows6.lookup(&key);
	} else {
		struct flow4_key key = {};

		flow4_key_fill(&key, pkt);
		flow = in_pending ? pending4.lookup(&key) : flows4.lookup(&key);
	}
	if (flow && flow_expired(flow, pkt->now))
		return NULL;
	return flow;
}

/* Put a flow into one of the tables; what was there under the same key is replaced. */
static __always_inline void flow_insert(const struct packet *pkt, struct flow *flow,
					bool in_pending)
{
	if (pkt->ipv6) {
		struct flow6_key key = {};

		flow6_key_fill(&key, pkt);
		if (in_pending)
			pending6.update(&key, flow);
		else
			flows6.update(&key, flow);
	} else {
		struct flow4_key key = {};

		flow4_key_fill(&key, pkt);
		if (in_pending)
			pending4.update(&key, flow);
		else
			flows4.update(&key, flow);
	}
}

static __always_inline void flow_remove(const struct packet *pkt, bool in_pending)
{
	if (pkt->ipv6) {
		struct flow6_key key = {};

		flow6_key_fill(&key, pkt);
		if (in_pending)
			pending6.delete(&key);
		else
			flows6.delete(&key);
	} else {
		struct flow4_key key = {};

		flow4_key_fill(&key, pkt);
		if (in_pending)
			pending4.delete(&key);
		else
			flows4.delete(&key);
	}
}

static __always_inline u32 flow_timeout(u8 state, const struct real *real)
{
	if (state == FLOW_OPEN)
		return real->idle_ticks;
	return state == FLOW_PENDING ? real->pending_ticks : real->closing_ticks;
}

/* Note that the flow lives, in `state`. Writes only what changed: the line is shared by CPUs. */
static __always_inline void flow_touch(struct flow *flow, u8 state, const struct real *real,
				       u32 now)
{
	u32 expires = now + flow_timeout(state, real);

	if (flow->state != state) {
		flow->state = state;
		flow->expires = expires;
	} else if (expires - flow->expires >= TICKS_PER_TOUCH) {
		flow->expires = expires;
	}
}

/* The state in which a client's segment leaves its flow. */
static __always_inline u8 flow_next_state(const struct packet *pkt, u8 state)
{
	if (pkt->proto != PROTO_TCP)
		return FLOW_OPEN;
	if (pkt->tcp_flags & TCP_RST)
		return FLOW_RESET;
	if (pkt->tcp_flags & TCP_FIN)
		return FLOW_CLOSING;
	return state == FLOW_CLOSING ? FLOW_CLOSING : FLOW_OPEN;
}

#endif
