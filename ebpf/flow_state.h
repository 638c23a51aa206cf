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

/* Two minutes: RFC 4787, 4.3. Of TCP's the real's idle_ticks tell, whatever its service's protocol. */
#define OUTBOUND_UDP_TICKS 895

static __always_inline u32 flow_timeout(u32 state, const struct real *real)
{
	if (state == FLOW_PENDING || state == FLOW_UNVERIFIED)
		return real->pending_ticks;
	if (state == FLOW_UDP && real->flags & REAL_OUTBOUND)
		return OUTBOUND_UDP_TICKS;
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

/* When the reverse half of an open flow expires that is kept fresh now: later than the forward half can. */
static __always_inline u32 reverse_expires(const struct real *real, u32 now)
{
	u32 longest = real->idle_ticks;

	if (longest < real->closing_ticks)
		longest = real->closing_ticks;
	if (longest < OUTBOUND_UDP_TICKS)
		longest = OUTBOUND_UDP_TICKS;
	return now + 2 * longest;
}

/* Does a half of a timeout end between the two? */
static __always_inline bool half_timeout_passed(u32 before, u32 after, u32 timeout)
{
	timeout |= 1;
	return before * 2 / timeout != after * 2 / timeout;
}

/*
 * Note what the packet does to its flow. Writes only what changed: CPUs share the line. Returns whether
 * the reverse half of a pair is due to be kept fresh, too: when the state changes, and twice a timeout.
 */
static __always_inline bool flow_advance(const struct packet *pkt, struct flow_ref *flow,
					 const struct real *real)
{
	u32 attempt;

	for (attempt = 0; attempt < 3; attempt++) {
		u64 meta = flow->seen, changed, before;
		u32 state = blur(flow_next_state(pkt, meta_state(meta)), meta);
		u32 timeout = flow_timeout(state, real), expires = pkt->now + timeout;

		if (state == meta_state(meta) &&
		    expires - meta_expires(meta) < ticks_per_touch(timeout))
			return false;
		changed = meta_with(meta, state, expires);
		before = compare_and_swap(flow->meta, meta, changed);
		if (before == meta) {
			flow->seen = changed;
			if (state < FLOW_UDP)
				forget_copies(flow->entry, flow->value, meta);
			count_change(flow->value, meta, changed);
			return state != meta_state(meta) ||
			       half_timeout_passed(meta_expires(meta), expires, timeout);
		}
		if (((before ^ meta) & META_VERSION) || meta_is_busy(before))
			return false;
		flow->seen = before;
	}
	return false;
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
