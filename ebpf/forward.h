/* SPDX-License-Identifier: GPL-2.0-only */
/* The way of a packet to a VIP: an open flow takes it, or unknown.h does. */
#ifndef DSRLB_FORWARD_H
#define DSRLB_FORWARD_H

#include "answer_echo.h"
#include "deliver.h"
#include "flow_state.h"
#include "parse_ip.h"
#include "service.h"

/*
 * The real server of a flow that is known, or NULL: no flow, a client that starts anew on closed
 * ports, or an orphan. A real that does not answer is noted in `moving`, but not for an open TCP
 * connection: no other real can go on with it, and its own may be back in a moment.
 */
static __always_inline struct real *known_real(struct packet *pkt, const struct flow_key *key,
					       u32 *index, struct moving *moving)
{
	struct flow_ref flow;
	struct real *real;

	if (!flow_find_any(false, key, &flow))
		return NULL;
	if (pure_syn(pkt) && meta_state(flow.seen) <= FLOW_CLOSING) {
		note_old(moving, &flow);
		return NULL;
	}
	*index = value_real(flow.value);
	real = reals.lookup(index);
	if (!real || !value_is_of(flow.value, real) || !(real->flags & REAL_PRESENT)) {
		note_old(moving, &flow);
		moving->orphan = true;
		return NULL;
	}
	flow_advance(pkt, &flow, real);
	if (real->flags & REAL_AWAY && (pkt->proto == PROTO_UDP || pure_syn(pkt))) {
		note_old(moving, &flow);
		moving->from = *index;
	}
	return real;
}

/* Go on in the program for packets without an open flow (unknown.h); it does not come back. */
static __always_inline s32 forward_unknown(struct packet *pkt, const struct vip *vip,
					   const struct flow_key *key, const struct moving *moving)
{
	struct scratch *with = scratch_find();

	if (!with)
		return R_INCOMPLETE;
	with->key = *key;
	with->moving = *moving;
	with->blocks = pkt->proto == PROTO_TCP ? vip->tcp_blocks : vip->udp_blocks;
	return go_on(pkt, with, STAGE_UNKNOWN);
}

/* An open flow's packet. The first fragment of one is noted elsewhere. */
static __always_inline s32 forward_known(struct packet *pkt, u32 index, const struct real *real)
{
	struct scratch *with;

	if (!pkt->fragment)
		return deliver(pkt, index, real);
	with = scratch_find();
	if (!with)
		return R_INCOMPLETE;
	with->index = index;
	return go_on(pkt, with, STAGE_DELIVER);
}

/* What is no whole packet of TCP or UDP. */
static __always_inline s32 forward_special(struct packet *pkt)
{
	struct scratch *with = scratch_find();

	if (!with)
		return R_INCOMPLETE;
	if (pkt->fragment)
		return go_on(pkt, with, STAGE_FRAGMENT);
	if (!icmp_is_error(pkt))
		return answer_echo(pkt);
	return go_on(pkt, with, STAGE_ICMP);
}

/* The whole way of a packet whose destination passed the interest filter. */
static __always_inline s32 forward(struct packet *pkt, const struct link *link)
{
	struct moving moving = {};
	struct flow_key key = {};
	struct real *real = NULL;
	struct vip *vip;
	lookup_key index = 0;

	bool special = pkt->fragment == FRAGMENT_LATER ||
		       pkt->proto == (pkt->ipv6 ? PROTO_ICMPV6 : PROTO_ICMP);

	if (pkt->irregular == R_CONTINUE && !special && frame_is_ours(pkt, link, false)) {
		/* From here on the ways through the parser are one (for the verifier). */
		pkt->proto = unknown(pkt, pkt->proto);
		pkt->tcp_flags = unknown(pkt, pkt->tcp_flags);
		pkt->tcp_data = unknown(pkt, pkt->tcp_data);
		pkt->l4 = unknown(pkt, pkt->l4);
		pkt->fragment = unknown(pkt, pkt->fragment);
		key_of_packet(&key, pkt);
		pkt->hash = key.hash;
		real = known_real(pkt, &key, &index, &moving);
		if (real && !moving.from)
			return forward_known(pkt, index, real);
	}
	vip = vip_find(&pkt->destination, pkt->link);
	if (!vip)
		return pass(pkt);
	if (!frame_is_ours(pkt, link, false))
		return R_OTHER_HOST;
	if (pkt->irregular != R_CONTINUE)
		return pkt->irregular;
	if (special)
		return forward_special(pkt);
	return forward_unknown(pkt, vip, &key, &moving);
}

#endif
