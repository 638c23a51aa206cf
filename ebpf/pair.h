/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Both halves of a flow whose replies come back: of a new one, or of a pending one that becomes open.
 *
 * Of a new pair the key of its replies must be in neither table. The table that it goes into tells by
 * itself; the other one is asked when the pair is there, so that of two at once (one that is being
 * opened, one that is new) at least one sees the other. A flow that is opened is in the main table
 * before it leaves the pending one.
 */
#ifndef DSRLB_PAIR_H
#define DSRLB_PAIR_H

#include "methods.h"
#include "pairing.h"
#include "record.h"
#include "response.h"
#include "tuple.h"

#define PAIR_RACES 4

/* Has a flow of this table the replies with this key? `found`: its reverse half. */
static __always_inline bool tuple_taken(bool ipv6, bool pending, const struct flow_key *reverse,
					struct flow_ref *found)
{
	return flow_find(ipv6, pending, reverse, found) && found->seen & META_REVERSE &&
	       !half_is_stale(ipv6, found->value, reverse->now);
}

/* The flow is recorded: its source's turn, or the packet's. */
static __always_inline s32 paired(struct packet *pkt, struct scratch *with, bool opens)
{
	struct recording *recording = &with->recording;

	with->due = DUE_NONE;
	with->opens = opens;
	if (with->is_new)
		count_flow(with->index, with->service);
	if (recording->group) {
		recording->reverse = false;
		recording->value &= 0xffffffff;
		return go_on(pkt, with, STAGE_SOURCE);
	}
	return go_on_then(pkt, with);
}

/* It is not, and needs not be. */
static __always_inline s32 unpaired(struct packet *pkt, struct scratch *with)
{
	with->is_new = false;
	with->recording.group = 0;
	return paired(pkt, with, false);
}

/* Replies to this flow would look like another's: another port, unless there is but the client's. */
static __always_inline s32 try_other_port(struct packet *pkt, struct scratch *with)
{
	return pkt->translation ? go_on(pkt, with, STAGE_ALLOCATE) : R_TUPLE_TAKEN;
}

/* The flow with this reverse half gives way if it is over, and the client's port is used again. */
static __always_inline bool gives_way(bool ipv6, const struct packet *pkt, u64 reverse)
{
	struct flow_ref forward;

	return !pkt->translation && pair_forward(ipv6, reverse, &forward) &&
	       (meta_state(forward.seen) <= FLOW_CLOSING || meta_expired(forward.seen, pkt->now)) &&
	       flow_remove(&forward);
}

/* Does the reverse half's value name the flow that the new one takes the place of? */
static __always_inline bool is_noted(const struct moving *moving, u64 reverse)
{
	u64 noted = moving->old_entry | (u64)meta_version(moving->old_seen) << 32;

	return moving->old && !((reverse ^ noted) << (64 - PAIR_HOP_SHIFT));
}

/* A pending flow that is to become open: its last hop, and whether the real server has answered. */
static __always_inline bool ready(bool ipv6, const struct packet *pkt, struct scratch *with,
				  const struct real *real, struct flow_ref *pending)
{
	if (with->then != THEN_REPLY && !with->raced) {
		with->forward = with->key;
		if (!reverse_key_of(&with->reverse, pkt, real))
			return false;
	}
	if (!tuple_taken(ipv6, true, &with->reverse, pending) ||
	    !is_noted(&with->moving, pending->value))
		return false;
	with->hop = pair_hop(pending->value);
	return pkt->proto != PROTO_TCP || pending->value & PAIR_ANSWERED;
}

/* A new pair is there: does another flow have its replies? */
static __always_inline s32 only_one(bool ipv6, struct packet *pkt, struct scratch *with,
				    struct pair *made)
{
	struct flow_ref other;

	if (!tuple_taken(ipv6, !with->recording.pending, &with->reverse, &other) ||
	    is_noted(&with->moving, other.value) || gives_way(ipv6, pkt, other.value))
		return R_CONTINUE;
	pair_remove(&made->forward, &made->reverse);
	return R_TUPLE_TAKEN;
}

/*
 * Has another flow the replies of one that moves? That is asked for before anything is written: the flow has an
 * entry yet, and goes on with it when it cannot move.
 */
static __always_inline bool cannot_move(bool ipv6, const struct packet *pkt, struct scratch *with)
{
	u32 pending;

	for (pending = 0; pending < 2; pending++) {
		hide(pending);
		if (!tuple_seen(ipv6, pending & 1, with) || is_noted(&with->moving, with->seen))
			continue;
		if (with->seen_left == ~0u || !gives_way(ipv6, pkt, with->seen))
			return true;
	}
	return false;
}

static __always_inline s32 make_pair(bool ipv6, struct packet *pkt, struct scratch *with,
				     const struct real *real)
{
	struct recording *recording = &with->recording;
	struct flow_ref pending = {}; /* where there is one: the flow becomes open */
	enum insert_result result;
	struct pair made;

	if (recording->promotes && !ready(ipv6, pkt, with, real, &pending))
		return unpaired(pkt, with);
	if (recording->replace && !recording->promotes) {
		if (cannot_move(ipv6, pkt, with))
			return try_other_port(pkt, with);
		forget(pkt, with);
	}
	with->key = with->forward;
	recording->value = (recording->value & 0xffffffff) | (u64)pkt->translation << 32;
	result = pair_insert(ipv6, with, &with->reverse, with->hop, &made);
	if (result == INSERT_MADE && pending.meta) {
		count_flow_event(table_of(ipv6, false), EVENT_PROMOTED);
		remove_old(ipv6, &with->moving);
		flow_remove(&pending);
		return paired(pkt, with, true);
	}
	if (result == INSERT_MADE) {
		if (only_one(ipv6, pkt, with, &made) != R_CONTINUE)
			return try_other_port(pkt, with);
		if (with->moving.old)
			remove_old(ipv6, &with->moving);
		if (real->flags & REAL_TIMED && recording->pending)
			timing_begin(ipv6, made.forward.entry, made.forward.seen);
		return paired(pkt, with, false);
	}
	if (recording->promotes && result != INSERT_RACED)
		return unpaired(pkt, with);		      /* its next packet may */
	if (result == INSERT_EXISTS && !recording->reverse) { /* another CPU was faster */
		with->index = value_real(recording->found);
		pkt->translation = recording->found >> 32;
		return unpaired(pkt, with);
	}
	if (result == INSERT_EXISTS &&
	    !(with->survey.meta & META_REVERSE && gives_way(ipv6, pkt, recording->found)))
		return try_other_port(pkt, with);
	if (result == INSERT_FULL || ++with->raced >= PAIR_RACES)
		return recording->promotes ? unpaired(pkt, with) : R_FLOW_BUSY;
	return go_on(pkt, with, STAGE_PAIR);
}

static __always_inline s32 serve_pair(struct packet *pkt, struct scratch *with)
{
	struct real *real = reals.lookup(&with->index);

	if (!real)
		return R_NO_REAL;
	return pkt->ipv6 ? make_pair(true, pkt, with, real) : make_pair(false, pkt, with, real);
}

#endif
