/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What real servers send, and is for no VIP: replies go back to the client by the flow's last hop, as
 * from the VIP. The rest is none of ours.
 */
#ifndef DSRLB_REPLY_H
#define DSRLB_REPLY_H

#include "fragments.h"
#include "mss.h"
#include "pairing.h"
#include "parse_link.h"
#include "record.h"
#include "response.h"
#include "send_reply.h"

/*
 * No flow's. To a pool address nobody else can be meant; from a real server it may be a connection that
 * it opens itself.
 */
static __always_inline s32 not_ours(struct packet *pkt, struct scratch *with)
{
	bool to_us = !pkt->from_real && vip_find(&pkt->destination, pkt->link);
	u32 *own;

	if (to_us && pkt->other_mac)
		return R_OTHER_HOST;
	if (to_us)
		return with->reply == REPLY_FRAGMENT ? R_FRAGMENT_EARLY : R_NO_FLOW;
	own = natted.lookup(&pkt->source);
	if (!own || !*own || with->reply == REPLY_FRAGMENT)
		return R_PASS;
	with->index = *own;
	with->reply = REPLY_UNKNOWN;
	return go_on(pkt, with, STAGE_OUTBOUND);
}

static __always_inline bool pair_lives(bool ipv6, const struct packet *pkt, struct pair *pair)
{
	return pair->reverse.seen & META_REVERSE &&
	       pair_forward(ipv6, pair->reverse.value, &pair->forward) &&
	       !meta_expired(pair->forward.seen, pkt->now);
}

/*
 * Find the packet's pair, open or pending. A reverse half in the main table may be what is left of an
 * earlier flow with the same ports, and the pending table have the one that counts. Or another CPU opens
 * the flow between the two looks.
 */
static __always_inline bool reply_find(bool ipv6, struct packet *pkt, struct scratch *with,
				       struct pair *pair, bool *pending)
{
	u32 look;

	*pending = false;
	if (with->reply == REPLY_FRAGMENT) {
		pair->reverse.value = with->pair;
		return pair_forward(ipv6, with->pair, &pair->forward);
	}
	if (with->reply == REPLY_OPEN && flow_at(ipv6, with->entry, &pair->reverse) &&
	    meta_version(pair->reverse.seen) == with->version && pair_lives(ipv6, pkt, pair))
		return true;
	key_of_packet(&with->key, pkt);
	pkt->hash = with->key.hash;
	for (look = 0; look < 3; look++) {
		hide(look);
		*pending = look & 1;
		if (flow_find(ipv6, look & 1, &with->key, &pair->reverse) &&
		    pair_lives(ipv6, pkt, pair))
			return true;
	}
	return false;
}

/* The first reply opens a flow of UDP: go on in pair.h, and come back here. */
static __always_inline s32 reply_opens(struct packet *pkt, struct scratch *with,
				       const struct pair *pair, const struct real *real,
				       const struct change *to)
{
	struct recording *recording = &with->recording;

	with->index = value_real(pair->forward.value);
	with->service = real->service;
	with->reverse = with->key;
	with->forward.now = pkt->now;
	key_fill(&with->forward, &to->destination, &to->source,
		 to->ports_be >> 16 | to->ports_be << 16, pkt->proto, pkt->ipv6);
	__builtin_memset(&with->moving, 0, sizeof(with->moving));
	note_old(&with->moving, &pair->forward);
	__builtin_memset(recording, 0, sizeof(*recording));
	recording->promotes = recording->may_replace = true;
	recording->state = FLOW_UDP;
	recording->expires = pkt->now + real->idle_ticks;
	recording->value = pair->forward.value;
	promote_source(real, recording);
	if (recording->group)
		source_key(&with->source, &to->destination, recording->group, pkt->now, pkt->ipv6);
	with->reply = REPLY_PROMOTED;
	with->then = THEN_REPLY;
	with->is_new = false;
	with->raced = 0;
	return go_on(pkt, with, STAGE_PAIR);
}

/*
 * The real server has answered: then the client's next packet may open the flow. That is noted in the
 * value, which names no other flow than this.
 */
static __always_inline void note_answer(bool ipv6, struct pair *pair)
{
	u64 *set = table_set(ipv6, pair->reverse.entry / SET_FLOWS), *flow;

	if (!set || pair->reverse.value & PAIR_ANSWERED)
		return;
	flow = set_flow(set, pair->reverse.entry, ipv6);
	compare_and_swap(&flow[flow_value_word(ipv6)], pair->reverse.value,
			 pair->reverse.value | PAIR_ANSWERED);
}

/* The first answer of a flow: how long did it take? */
static __always_inline void note_time(bool ipv6, const struct packet *pkt, const struct pair *pair,
				      const struct real *real)
{
	const u8 first = TCP_SYN | TCP_ACK;

	if (real->flags & REAL_TIMED &&
	    (pkt->proto != PROTO_TCP || (pkt->tcp_flags & (first | TCP_RST)) == first))
		timing_end(ipv6, pair->forward.entry, pair->forward.seen,
			   value_real(pair->forward.value), pkt->now);
}

static __always_inline void reply_pending(bool ipv6, const struct packet *pkt, struct pair *pair,
					  const struct real *real)
{
	u32 expires = pkt->now + real->pending_ticks;

	if (!pair->reverse.meta)
		return;
	if (pkt->proto == PROTO_TCP && !(pkt->tcp_flags & TCP_RST))
		note_answer(ipv6, pair);
	flow_touch(&pair->reverse, expires);
	flow_touch(&pair->forward, expires);
}

static __always_inline void reply_open(const struct packet *pkt, struct pair *pair,
				       const struct real *real)
{
	if (flow_advance(pkt, &pair->forward, real) && pair->reverse.meta)
		flow_touch(&pair->reverse, reverse_expires(real, pkt->now));
}

/* Where a reply goes, and as what. */
struct answer {
	struct real *real;
	struct change to;
	u64 reverse; /* value of the flow's reverse half */
	u32 index;   /* of its real server */
};

/* Find the flow that the packet is a reply of, and keep it. R_CONTINUE, or the final reason. */
static __always_inline s32 reply_of(bool ipv6, struct packet *pkt, struct scratch *with,
				    struct answer *answer)
{
	struct pair pair = {};
	struct real *real;
	bool pending;

	if (!reply_find(ipv6, pkt, with, &pair, &pending))
		return not_ours(pkt, with);
	answer->reverse = pair.reverse.value;
	answer->index = value_real(pair.forward.value);
	answer->real = real = reals.lookup(&answer->index);
	if (!real || !value_is_of(pair.forward.value, real) || !(real->flags & REAL_PRESENT))
		return R_NO_FLOW;
	pkt->translation = pair.forward.value >> 32;
	if (!reply_change(ipv6, &pair.forward, &answer->to) ||
	    !is_reply_of(pkt, real, &answer->to, pkt->translation))
		return not_ours(pkt, with);
	if (!reply_is_ours(pkt, real))
		return pkt->from_real ? R_PASS : R_OTHER_HOST;
	if (pending)
		note_time(ipv6, pkt, &pair, real);
	if (pending && pkt->proto == PROTO_UDP && with->reply != REPLY_PROMOTED)
		return reply_opens(pkt, with, &pair, real, &answer->to);
	if (pending)
		reply_pending(ipv6, pkt, &pair, real);
	else if (with->reply != REPLY_FRAGMENT)
		reply_open(pkt, &pair, real);
	return R_CONTINUE;
}

static __always_inline s32 serve_reply(struct packet *pkt, struct scratch *with)
{
	u32 bytes = frame_bytes(pkt), fragment = pkt->fragment;
	struct answer answer = {};
	struct way way;
	s32 reason;
	u16 limit;

	reason = pkt->ipv6 ? reply_of(true, pkt, with, &answer) :
			     reply_of(false, pkt, with, &answer);
	if (reason != R_CONTINUE)
		return reason;
	reason = set_out_back(pkt, answer.real, pair_hop(answer.reverse), &way);
	if (reason != R_CONTINUE)
		return reason;
	forget(pkt, with);
	limit = clamps(pkt, answer.real);
	if (limit)
		mss_lower(pkt, limit);
	forget(pkt, with);
	if (fragment == FRAGMENT_FIRST)
		fragment_place_of(pkt, with);
	fragment = unknown(pkt, fragment);
	reason = leave_back(pkt, answer.index, answer.real, &way, &answer.to, bytes);
	if (reason == R_FORWARDED_REPLY && fragment == FRAGMENT_FIRST)
		fragment_note_reply(pkt, with, answer.reverse);
	return reason;
}

#endif
