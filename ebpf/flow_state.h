/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * States of a flow as a client's packets change them. docs/FLOWS.md has the table.
 *
 * In DSR modes only the client's half of a connection is seen, and anybody may forge that: nothing
 * here ends a flow at once, a packet only changes what its silence means.
 */
#ifndef DSRLB_FLOW_STATE_H
#define DSRLB_FLOW_STATE_H

#include "flow_insert.h"

static __always_inline bool pure_syn(const struct packet *pkt)
{
	return pkt->proto == PROTO_TCP && (pkt->tcp_flags & (TCP_SYN | TCP_ACK)) == TCP_SYN;
}

static __always_inline u32 flow_timeout(u32 state, const struct real *real)
{
	if (state == FLOW_PENDING || state == FLOW_UNVERIFIED)
		return real->pending_ticks;
	return state <= FLOW_CLOSING ? real->closing_ticks : real->idle_ticks;
}

/* The state in which a client's packet leaves its flow. */
static __always_inline u32 flow_next_state(const struct packet *pkt, u32 state)
{
	if (pkt->proto != PROTO_TCP)
		return FLOW_UDP;
	if (pkt->tcp_flags & TCP_RST)
		return FLOW_RESET;
	if ((pkt->tcp_flags & TCP_FIN) || state == FLOW_CLOSING)
		return FLOW_CLOSING;
	if (pkt->tcp_data || state == FLOW_DATA)
		return FLOW_DATA;
	return FLOW_OPEN;
}

/* Note what the packet does to its flow. Writes only what changed: CPUs share the line. */
static __always_inline void flow_advance(const struct packet *pkt, struct flow_ref *flow,
					 const struct real *real)
{
	u32 attempt;

	for (attempt = 0; attempt < 3; attempt++) {
		u64 meta = flow->seen, changed, before;
		u32 state = flow_next_state(pkt, meta_state(meta));
		u32 expires = pkt->now + flow_timeout(state, real);

		if (state == meta_state(meta) && expires - meta_expires(meta) < TICKS_PER_TOUCH)
			return;
		changed = meta_with(meta, state, expires);
		before = compare_and_swap(flow->meta, meta, changed);
		if (before == meta) {
			count_change(flow->value, meta, changed);
			return;
		}
		if (((before ^ meta) & META_VERSION) || meta_is_busy(before))
			return;
		flow->seen = before;
	}
}

/* Keep a flow that stays in its state. */
static __always_inline void flow_touch(struct flow_ref *flow, u32 expires)
{
	u64 meta = flow->seen;

	if (expires - meta_expires(meta) >= TICKS_PER_TOUCH)
		compare_and_swap(flow->meta, meta, meta_with(meta, meta_state(meta), expires));
}

/* The entry is in the way of the flow that the packet begins or goes on with. */
static __always_inline void note_old(struct moving *moving, const struct flow_ref *flow)
{
	moving->old = true;
	moving->old_entry = flow->entry;
	moving->old_seen = flow->seen;
}

#endif
