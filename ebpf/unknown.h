/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Packets to a VIP that no open flow took: of a pending flow, or of none. A program of its own, so
 * that the way of all others stays short, for the CPU and for the verifier.
 */
#ifndef DSRLB_UNKNOWN_H
#define DSRLB_UNKNOWN_H

#include "answer_reset.h"
#include "count.h"
#include "record.h"
#include "response.h"
#include "returned.h"

/*
 * Return whether the packet's flow is pending at a real that answers (with->index). A second packet
 * that is no RST makes it an open one (of UDP where replies come back, a reply does). An RST leaves it:
 * anybody may have forged it, and the real decides what it means; unless that one is down, and flows are
 * to be reset.
 */
static __always_inline bool pending_real(struct packet *pkt, struct scratch *with)
{
	struct recording *recording = &with->recording;
	struct moving *moving = &with->moving;
	struct flow_ref flow;
	struct real *real;

	if (with->absent || !flow_find_any(true, &with->key, &flow) || flow.seen & META_REVERSE)
		return false;
	with->index = value_real(flow.value);
	real = reals.lookup(&with->index);
	if (!real || !value_is_of(flow.value, real) || !(real->flags & REAL_PRESENT)) {
		moving->orphan = true;
		note_old(moving, &flow);
		return false;
	}
	if (pkt->other_mac && real->method != METHOD_BRIDGE)
		return false;
	pkt->translation = flow.value >> 32;
	if (pkt->proto == PROTO_TCP && pkt->tcp_flags & TCP_RST) {
		if (real->flags & REAL_RESET)
			flow_remove(&flow);
		return true;
	}
	if (real->flags & (REAL_AWAY | REAL_CLOSED))
		moving->from = with->index;
	moving->down = !!(real->flags & REAL_CLOSED);
	with->replies = method_replies(real->method);
	if (pure_syn(pkt) || (pkt->proto == PROTO_UDP && with->replies)) {
		if (real->flags & REAL_TIMED)
			timing_forget(pkt->ipv6, flow.entry, flow.seen);
		flow_touch(&flow, pkt->now + real->pending_ticks);
		with->due = with->replies ? DUE_PENDING : DUE_NONE;
		if (moving->from && !pure_syn(pkt))
			note_old(moving, &flow); /* the new one will stand in the main table */
		return !moving->from;
	}
	note_old(moving, &flow);
	recording->wanted = recording->promotes = recording->may_replace = true;
	recording->replace = !with->replies; /* a pair is promoted once */
	recording->state = flow_next_state(pkt, FLOW_OPEN);
	recording->expires = pkt->now + flow_timeout(recording->state, real);
	recording->value = flow.value;
	promote_source(real, recording);
	return !moving->from; /* then this holds if there is no other */
}

/*
 * Return whether the flow was pending when the main table was looked at, and another CPU made it an
 * open one before the pending table was (with->index).
 */
static __always_inline bool opened_meanwhile(struct packet *pkt, struct scratch *with)
{
	struct flow_ref flow;
	struct real *real;

	if (pure_syn(pkt) || with->moving.orphan || with->moving.old || with->moving.from ||
	    !flow_find_any(false, &with->key, &flow))
		return false;
	with->index = value_real(flow.value);
	real = reals.lookup(&with->index);
	if (!real || !value_is_of(flow.value, real) || !(real->flags & REAL_PRESENT) ||
	    (pkt->other_mac && real->method != METHOD_BRIDGE))
		return false;
	pkt->translation = flow.value >> 32;
	flow_advance(pkt, &flow, real);
	return true;
}

/* The real server of a pending flow, or of a new one: with->index. */
static __always_inline s32 find_or_choose(struct xdp_md *ctx, struct packet *pkt,
					  struct scratch *with)
{
	s32 reason;

	with->opened = false;
	if (!with->scanned) {
		__builtin_memset(&with->recording, 0, sizeof(with->recording));
		with->is_new = with->replies = with->stateless = false;
		if (!with->moving.from && pending_real(pkt, with))
			return R_CONTINUE;
		with->opened = opened_meanwhile(pkt, with);
		if (with->opened)
			return R_CONTINUE;
		if (probe_returned(pkt, pkt->source_port_be, with))
			return R_PROBE_RETURNED;
		read_anew();
		reason = new_flow(ctx, pkt, with);
		if (reason != R_CONTINUE)
			return reason;
	}
	read_anew();
	return new_flow_chosen(pkt, with);
}

/* A packet to a service that no open flow takes: pending, or new. Sets with->index. R_RECORD: that is next. */
static __always_inline s32 settle(struct xdp_md *ctx, struct packet *pkt, struct scratch *with)
{
	s32 reason;

	if (with->moving.ends) {
		remove_noted(pkt, with);
		return pkt->tcp_flags & TCP_RST ? R_REAL_DOWN : R_ANSWERED_DOWN;
	}
	reason = find_or_choose(ctx, pkt, with);
	if (reason == R_SCAN || (reason == R_CONTINUE && with->opened))
		return reason;
	if (reason != R_CONTINUE) {
		if (!with->moving.from || with->moving.down)
			return reason; /* then the flow stays what it is, for when there is one */
		with->index = with->moving.from; /* as if it answered: it may be back soon */
	}
	if (!with->recording.wanted) {
		if (with->is_new) /* and not recorded: its next packet must not find an older flow */
			remove_noted(pkt, with);
		return R_CONTINUE;
	}
	read_anew();
	if (with->recording.group && source_is_kept(pkt, with))
		with->recording.group = 0;
	read_anew();
	with->raced = 0;
	return with->replies ? R_CONTINUE : R_RECORD;
}

/* What scratch[] says of the packet was written by who went on here (fill_unknown). Returns the final reason. */
static __always_inline s32 serve_unknown(struct xdp_md *ctx, struct scratch *with)
{
	s32 reason =
		with->scanned == SCANNED_AND_RECORDED ? R_RECORD : settle(ctx, &with->packet, with);
	struct packet packet;

	read_anew();
	if (reason == R_RECORD) {
		reason = record_step(&with->packet, with);
		read_anew();
		/* Once more from the beginning of the program: of a loop the verifier would walk every turn. */
		with->scanned = SCANNED_AND_RECORDED;
		if (reason == R_RECORD && ++with->raced < INSERT_ATTEMPTS)
			return go_on_with(ctx, STAGE_UNKNOWN);
		if (reason == R_RECORD)
			reason = record_failed(with);
	}
	if (reason == R_SCAN)
		return go_on_with(ctx, STAGE_SCAN);
	packet_in_hand(&packet, ctx, with);
	if (reason == R_ANSWERED_RESET || reason == R_ANSWERED_DOWN)
		return answer_reset(&packet) == R_ANSWERED_RESET ? reason : R_MALFORMED;
	if (reason == R_TTL_EXCEEDED)
		return refuse(&packet, reason, 0);
	if (reason == R_NO_REAL_PASSED && packet.fragment) { /* that is noted there */
		with->index = 0;
		return go_on_with(ctx, STAGE_DELIVER);
	}
	if (reason != R_CONTINUE)
		return reason;
	if (with->replies && with->recording.wanted) {
		with->tries = with->raced = 0;
		return with->recording.promotes ? go_on_with(ctx, STAGE_PAIR) :
						  go_on_with(ctx, STAGE_ALLOCATE);
	}
	if (with->is_new)
		count_flow(with->index, with->service);
	return go_on_with(ctx, STAGE_DELIVER);
}

#endif
