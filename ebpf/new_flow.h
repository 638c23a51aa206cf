/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Packets without a flow: who gets them, and what is to be recorded of it.
 *
 * A pending table that is at its rating records no more SYNs: those are scheduled by their hash,
 * and the ACK, which computes the same, makes the flow. So a flood of SYNs, however long, pushes
 * out nobody, and an honest connection still succeeds.
 */
#ifndef DSRLB_NEW_FLOW_H
#define DSRLB_NEW_FLOW_H

#include "admit.h"
#include "choice_hash.h"
#include "count.h"
#include "methods.h"
#include "persistence.h"
#include "silence.h"
#include "told.h"
#include "way.h"

/* How long after the last pressure an ACK may belong to a SYN that was not recorded. */
#define PRESSURE_GRACE_TICKS (PRESSURE_TICKS + 75) /* 10 s */

/* Is there anything that speaks for a TCP segment or UDP packet of no known flow? */
static __always_inline s32 take_up(const struct packet *pkt, const struct service_record *record,
				   const struct scratch *with)
{
	if (with->first)
		return R_CONTINUE;
	if (pkt->tcp_flags & (TCP_SYN | TCP_RST))
		return R_NO_FLOW;
	if (with->known || with->grace || with->stateless || record->on_unknown == UNKNOWN_SCHEDULE)
		return R_CONTINUE;
	return record->on_unknown == UNKNOWN_RESET ? R_ANSWERED_RESET : R_NO_FLOW;
}

static __always_inline bool ttl_used_up(struct xdp_md *ctx, const struct scratch *with)
{
	struct packet packet;

	packet_in_hand(&packet, ctx, with);
	return packet_ttl(&packet) <= 1;
}

/* What kind of packet it is, for all that follows. */
static __always_inline void classify(const struct packet *pkt, struct scratch *with)
{
	const struct moving *moving = &with->moving;
	u32 age = pressure_age(table_of(pkt->ipv6, true), pkt->now);

	with->first = (pkt->proto == PROTO_UDP && !moving->from) || pure_syn(pkt);
	with->known = moving->orphan || moving->from;
	with->grace = age < PRESSURE_GRACE_TICKS;
	with->by_hash = with->grace;
	if (with->first && pkt->proto == PROTO_TCP)
		with->by_hash = age < PRESSURE_TICKS;
	with->hash = with->key.hash;
	with->full = with->index = with->search = 0;
}

/*
 * Replies have to come back here: not from one real server straight to another on its segment, and to
 * a neighbour that a tag tells from others. R_CONTINUE, or why they do not.
 */
static __always_inline s32 can_return(const struct packet *pkt, const struct service_record *record)
{
	if (!method_snat(record->method) && natted.lookup((struct address *)&pkt->source))
		return R_HAIRPIN;
	if (method_routes(record->method) && pkt->l3 > MOST_HEADER)
		return R_LAST_HOP;
	return R_CONTINUE;
}

/*
 * How the service's algorithm wants it. Where a hash tells the real server, any segment of a connection finds it:
 * nothing has to be known of that one, unless its replies come back here.
 */
static __always_inline void follow_algorithm(const struct packet *pkt,
					     const struct service_record *record,
					     struct scratch *with)
{
	with->kind = algorithm_kind(record->algorithm);
	with->stateless = with->kind == KIND_HASH && !with->replies;
	if (with->kind == KIND_HASH)
		with->hash = choice_hash(pkt, !(record->flags & SERVICE_HASH_SOURCE));
}

/* R_CONTINUE, or the reason why there is no real server for the flow. */
static __always_inline s32 chosen(const struct scratch *with)
{
	if (with->index)
		return R_CONTINUE;
	return with->full ? R_REALS_FULL : R_NO_REAL;
}

/* Choose the real server: the source's, or the next. R_SCAN: it takes a look at all of them first. */
static __always_inline s32 choose(const struct packet *pkt, const struct service_record *record,
				  struct scratch *with)
{
	if (record->persistence_ticks) {
		source_key_of(&with->source, pkt, record->persistence_group);
		if (with->kind != KIND_HASH)
			with->hash = with->source.hash;
		read_anew();
		if (persistent_real(with))
			return R_CONTINUE;
	}
	read_anew();
	if (with->kind == KIND_SCAN && !with->by_hash)
		return R_SCAN;
	schedule(record, with);
	return with->search ? R_SCAN : R_CONTINUE;
}

/* What is to be recorded of the flow. */
static __always_inline void
plan_recording(const struct packet *pkt, const struct service_record *record, struct scratch *with)
{
	struct recording *recording = &with->recording;
	struct real *real = reals.lookup(&with->index);

	__builtin_memset(recording, 0, sizeof(*recording));
	if (!real || record->flags & SERVICE_ONE_PACKET)
		return;
	if (with->first && with->by_hash && pkt->proto == PROTO_TCP) {
		count_flow_event(table_of(pkt->ipv6, true), EVENT_UNRECORDED);
		return;
	}
	recording->wanted = true;
	recording->pending = with->first;
	recording->replace = with->known;
	/* A pending flow gives way to none, but to one that cannot go without a record. */
	recording->may_replace = !with->first || with->replies;
	recording->pair = with->replies && with->first;
	recording->state = FLOW_PENDING;
	if (!with->first)
		recording->state = with->known || (pkt->tcp_flags & TCP_FIN) ?
					   flow_next_state(pkt, FLOW_OPEN) :
					   FLOW_UNVERIFIED;
	recording->expires = pkt->now + flow_timeout(recording->state, real);
	recording->value = value_of(with->index, real->generation);
	if (record->persistence_ticks && (with->first || with->known) &&
	    !(with->replies &&
	      pressure_age(table_of(pkt->ipv6, true), pkt->now) < PRESSURE_TICKS)) {
		recording->group = record->persistence_group;
		recording->group_ticks = record->persistence_ticks;
	}
}

/* The algorithm has spoken. Returns R_CONTINUE, or the reason why there is no new flow. */
static __always_inline s32 new_flow_chosen(const struct packet *pkt, struct scratch *with)
{
	struct service_record *record = records.lookup(&with->record);
	s32 reason = chosen(with);

	if (reason == R_NO_REAL && record && record->flags & SERVICE_PASS_EMPTY)
		return R_NO_REAL_PASSED; /* it has just lost the last one */
	if (reason != R_CONTINUE || !record)
		return reason;
	with->is_new = true;
	read_anew();
	plan_recording(pkt, record, with);
	return R_CONTINUE;
}

/*
 * Give the packet a real server (with->index): for a first packet a pending flow, for a later one of
 * a flow that moves an open one, for one of an unknown connection that the service takes up an
 * unverified one; new_flow_chosen() goes on. Returns R_CONTINUE, R_SCAN (when that is done), or the reason
 * why not.
 */
static __always_inline s32 new_flow(struct xdp_md *ctx, const struct packet *pkt,
				    struct scratch *with)
{
	struct service_record *record;
	u32 silence;
	s32 reason;

	classify(pkt, with);
	read_anew();
	record = service_find(pkt, with);
	if (!record)
		return pkt->other_mac ? R_OTHER_HOST : R_NO_SERVICE;
	read_anew();
	if (pkt->other_mac && record->method != METHOD_BRIDGE)
		return R_OTHER_HOST;
	silence = with->known ? SILENCE_NONE : daemon_silence(pkt->now);
	if (silence == SILENCE_DROP)
		return R_SILENT;
	if (silence ||
	    service_passes(record)) /* every packet of a connection: no rate counts those */
		return with->known || source_admitted(record, pkt, with) ? R_NO_REAL_PASSED :
									   R_DENIED;
	with->replies = method_replies(record->method);
	if (with->replies) /* then no flow goes without a record, whatever the pressure */
		with->grace = with->by_hash = false;
	follow_algorithm(pkt, record, with);
	read_anew();
	reason = take_up(pkt, record, with);
	if (reason != R_CONTINUE)
		return reason;
	if (method_routes(record->method) && ttl_used_up(ctx, with))
		return R_TTL_EXCEEDED;
	if (!with->known)
		reason = admit(record, pkt, with);
	if (reason == R_CONTINUE && with->replies)
		reason = can_return(pkt, record);
	if (reason != R_CONTINUE)
		return reason;
	read_anew();
	return choose(pkt, record, with);
}

#endif
