/* SPDX-License-Identifier: GPL-2.0-only */
/* The way of a packet to a VIP: an open flow takes it, or unknown.h does. */
#ifndef DSRLB_FORWARD_H
#define DSRLB_FORWARD_H

#include "answer_echo.h"
#include "deliver.h"
#include "echo.h"
#include "flow_state.h"
#include "parse_ip.h"
#include "returned.h"
#include "service.h"

/* Does the packet end its flow, of which no other real is to go on with anything? */
static __always_inline bool flow_ends(const struct packet *pkt, const struct real *real)
{
	return real->flags & REAL_RESET && pkt->proto == PROTO_TCP && !pure_syn(pkt);
}

/*
 * Is another real to have the flow? An open TCP connection stays where it is unless it is told to leave: no
 * other real can go on with it, and its own may be back in a moment. An RST begins nothing anywhere.
 */
static __always_inline bool flow_leaves(const struct packet *pkt, const struct real *real)
{
	if (pkt->proto == PROTO_UDP || pure_syn(pkt))
		return real->flags & (REAL_AWAY | REAL_CLOSED);
	return real->flags & REAL_LEAVE && !(pkt->tcp_flags & TCP_RST);
}

/*
 * The real server of an open flow, or NULL: a client that starts anew on closed ports, an orphan, or a flow
 * that ends. A real that the flow leaves is noted in `moving`. *due: see flow_advance().
 */
static __always_inline struct real *known_real(struct packet *pkt, struct flow_ref *flow,
					       u32 *index, struct moving *moving, bool *due)
{
	struct real *real;

	if (pure_syn(pkt) && meta_state(flow->seen) <= FLOW_CLOSING) {
		note_old(moving, flow);
		return NULL;
	}
	*index = value_real(flow->value);
	real = reals.lookup(index);
	if (!real || !value_is_of(flow->value, real) || !(real->flags & REAL_PRESENT)) {
		note_old(moving, flow);
		moving->orphan = true;
		return NULL;
	}
	if (pkt->other_mac && real->method != METHOD_BRIDGE)
		return NULL;
	pkt->outbound = !!(real->flags & REAL_OUTBOUND);
	if (pkt->outbound)
		return NULL;
	if (flow_ends(pkt, real)) {
		note_old(moving, flow);
		moving->ends = true;
		return NULL;
	}
	*due = flow_advance(pkt, flow, real);
	if (flow_leaves(pkt, real)) {
		note_old(moving, flow);
		moving->from = *index;
		moving->down = !!(real->flags & REAL_CLOSED);
	}
	pkt->translation = flow->value >> 32;
	return real;
}

/* What is known of a packet without an open flow, but for its service. */
static __always_inline void fill_unknown(struct scratch *with, const struct flow_key *key,
					 const struct moving *moving, bool due, bool absent)
{
	with->key = *key;
	with->moving = *moving;
	with->then = THEN_DELIVER;
	with->scanned = with->attempted = false;
	with->absent = absent;
	with->due = due ? DUE_OPEN : DUE_NONE;
	with->opens = false;
}

/* Go on in the program for packets without an open flow (unknown.h); it does not come back. */
static __always_inline s32 forward_unknown(struct packet *pkt, const struct vip *vip,
					   const struct flow_key *key, const struct moving *moving,
					   bool due)
{
	struct scratch *with = scratch_find();

	if (!with)
		return R_INCOMPLETE;
	fill_unknown(with, key, moving, due, false);
	with->epoch = 0;
	with->known_service = false;
	with->blocks = blocks_of(vip, pkt);
	return go_on(pkt, with, STAGE_UNKNOWN);
}

/*
 * An open flow's packet. Elsewhere the first fragment of one is noted, the reverse half kept fresh now
 * and then, and a SYN's MSS lowered.
 */
static __always_inline s32 forward_known(struct packet *pkt, u32 index, const struct real *real,
					 bool due)
{
	bool replies = method_replies(real->method), syn = pkt->tcp_flags & TCP_SYN;
	struct scratch *with;

	due = due && replies;
	if (!pkt->fragment && !due && !(replies && syn))
		return deliver(pkt, index, real, frame_bytes(pkt));
	with = scratch_find();
	if (!with)
		return R_INCOMPLETE;
	with->index = index;
	with->due = due ? DUE_OPEN : DUE_NONE;
	with->opens = false;
	return go_on(pkt, with, STAGE_DELIVER);
}

/* What a real server sends, and is for no VIP: a reply, if `found` is the flow's reverse half. */
static __always_inline s32 forward_reply(struct packet *pkt, const struct flow_ref *found)
{
	struct scratch *with = scratch_find();

	if (!with)
		return R_INCOMPLETE;
	with->reply = REPLY_UNKNOWN;
	if (found) {
		with->reply = REPLY_OPEN;
		with->entry = found->entry;
		with->version = meta_version(found->seen);
	}
	return go_on(pkt, with, STAGE_REPLY);
}

/*
 * From a real server, or, while somebody probes, from a VIP: an answer to a probe, a reply, or neither.
 * Where no replies come back the filter has none but VIPs.
 */
static __always_inline s32 forward_answer(struct packet *pkt)
{
	lookup_key zero = 0;
	struct settings *found = settings.lookup(&zero);
	struct scratch *with;

	if (!found)
		return R_INCOMPLETE;
	if (found->probe_ifindex && !pkt->fragment &&
	    bpf_ntohs(pkt->destination_port_be) >= FIRST_PROBE_PORT) {
		with = scratch_find();
		return with ? go_on(pkt, with, STAGE_PROBED) : R_INCOMPLETE;
	}
	return found->replies ? forward_reply(pkt, NULL) : R_PASS;
}

/* An echo reply that may answer a probe, as forward_answer(); else it is none of ours. */
static __always_inline s32 forward_echo(struct packet *pkt)
{
	lookup_key zero = 0;
	struct settings *found = settings.lookup(&zero);
	struct scratch *with = scratch_find();

	if (found && with && found->probe_ifindex &&
	    echo_read(pkt, false, &pkt->destination_port_be) &&
	    bpf_ntohs(pkt->destination_port_be) >= FIRST_PROBE_PORT)
		return go_on(pkt, with, STAGE_PROBED);
	return pass(pkt);
}

/* To a VIP: echo is answered, unless it is a probe of the VIP that comes back. */
static __always_inline s32 forward_message(struct packet *pkt, struct scratch *with)
{
	u16 identifier_be;

	if (pkt->other_mac)
		return R_OTHER_HOST;
	if (echo_read(pkt, true, &identifier_be) && probe_returned(pkt, identifier_be, with))
		return R_PROBE_RETURNED;
	return answer_echo(pkt);
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
		return forward_message(pkt, with);
	return go_on(pkt, with, STAGE_ICMP);
}

/* Of a connection that a real server opened: the filter took its destination for one of ours. */
static __always_inline s32 forward_outbound(struct packet *pkt)
{
	pkt->outbound = 0; /* STAGE_OUTBOUND finds that again */
	pkt->from_real = 1;
	return forward_reply(pkt, NULL);
}

static __always_inline bool is_special(const struct packet *pkt)
{
	return pkt->fragment == FRAGMENT_LATER ||
	       pkt->proto == (pkt->ipv6 ? PROTO_ICMPV6 : PROTO_ICMP);
}

/* To no VIP: a reply, or none of ours. */
static __always_inline s32 forward_foreign(struct packet *pkt)
{
	struct scratch *with;

	/* The filter may have taken the destination for a VIP. */
	if (!pkt->from_real && !interesting(&pkt->source, INTEREST_REALS))
		return pass(pkt);
	pkt->from_real = 1;
	if (pkt->irregular != R_CONTINUE)
		return R_PASS;
	if (!is_special(pkt))
		return forward_answer(pkt);
	if (pkt->fragment != FRAGMENT_LATER)
		return forward_echo(pkt);
	with = scratch_find();
	return with ? go_on(pkt, with, STAGE_FRAGMENT) : R_INCOMPLETE;
}

/*
 * Is the frame for us, or for whom we bridge? Requests of mode bridge may be to any station: their client
 * may take another for the way to the VIP, such as the bridge itself.
 */
static __always_inline bool frame_reaches_us(struct packet *pkt, const struct link *link)
{
	struct eth_header *eth = packet_data(pkt);
	lookup_key number = pkt->link;
	struct own_link *own;

	if (frame_is_ours(pkt, link, false))
		return true;
	if ((void *)(eth + 1) > packet_end(pkt) || eth->destination[0] & 1)
		return false;
	own = own_links.lookup(&number);
	pkt->other_mac = 1;
	return own && own->flags & LINK_FORWARDING;
}

/* The whole way of a packet that passed the interest filter. */
static __always_inline s32 forward(struct packet *pkt, const struct link *link)
{
	bool special = is_special(pkt), due = false;
	struct moving moving = {};
	struct flow_key key = {};
	struct real *real = NULL;
	struct flow_ref flow;
	struct vip *vip;
	lookup_key index = 0;

	if (pkt->from_real)
		return forward_foreign(pkt);
	if (pkt->irregular == R_CONTINUE && !special && frame_reaches_us(pkt, link)) {
		/* From here on the ways through the parser are one (for the verifier). */
		pkt->proto = unknown(pkt, pkt->proto);
		pkt->tcp_flags = unknown(pkt, pkt->tcp_flags);
		pkt->tcp_data = unknown(pkt, pkt->tcp_data);
		pkt->l4 = unknown(pkt, pkt->l4);
		pkt->fragment = unknown(pkt, pkt->fragment);
		pkt->other_mac = unknown(pkt, pkt->other_mac);
		key_of_packet(&key, pkt);
		pkt->hash = key.hash;
		if (flow_find_any(false, &key, &flow)) {
			if (flow.seen & META_REVERSE)
				return forward_reply(pkt, &flow);
			real = known_real(pkt, &flow, &index, &moving, &due);
			if (pkt->outbound)
				return forward_outbound(pkt);
		}
		due = unknown(pkt, due);
		pkt->outbound = 0;
		if (real && !moving.from)
			return forward_known(pkt, index, real, due);
	}
	vip = vip_find(&pkt->destination, pkt->link);
	if (!vip)
		return forward_foreign(pkt);
	if (!frame_reaches_us(pkt, link))
		return R_OTHER_HOST;
	if (pkt->irregular != R_CONTINUE)
		return pkt->other_mac ? R_OTHER_HOST : pkt->irregular;
	if (special)
		return forward_special(pkt);
	if (!(vip->tcp_blocks | vip->udp_blocks)) /* of a pool */
		return forward_reply(pkt, NULL);
	return forward_unknown(pkt, vip, &key, &moving, due);
}

#endif
