/* SPDX-License-Identifier: GPL-2.0-only */
/* The way of a packet that belongs to a service: flow, or service and schedule; then rewrite. */
#ifndef DSRLB_FORWARD_H
#define DSRLB_FORWARD_H

#include "answer_echo.h"
#include "count.h"
#include "flow.h"
#include "rewrite_l2dsr.h"
#include "schedule.h"
#include "service.h"

static __always_inline bool pure_syn(const struct packet *pkt)
{
	return pkt->proto == PROTO_TCP && (pkt->tcp_flags & (TCP_SYN | TCP_ACK)) == TCP_SYN;
}

/* A flow that cannot stay with its real server. */
struct moving {
	bool orphan; /* the real was removed; its index may have been given to another */
	u32 from;    /* index of a real that does not answer, or 0; used when there is no other */
};

/* Send the packet to the real server: checks, rewrite, counters. Returns the final reason. */
static __always_inline s32 deliver(struct packet *pkt, u32 index, const struct real *real)
{
	u32 bytes = packet_end(pkt) - packet_data(pkt);
	u64 to = *(volatile u64 *)real->mac;
	u64 from = *(volatile u64 *)real->source_mac;
	u32 link = to >> 48, mtu = from >> 48;
	s32 reason;

	/* The MAC address as well: it may have been read just before it and the flag were written. */
	if (!(real->flags & REAL_RESOLVED) || !(to << 16))
		return R_UNRESOLVED;
	if (pkt->ip_bytes > mtu)
		return R_MTU_EXCEEDED;
	/* Asked before the rewrite: this notes where XDP_REDIRECT will go, or finds nothing. */
	if (link != pkt->link && egress.redirect_map(link, 0) != XDP_REDIRECT)
		return R_NO_EGRESS;
	reason = rewrite_l2dsr(pkt, to, from);
	if (reason == R_FORWARDED) {
		pkt->egress = link;
		count_traffic(index, real->service, bytes);
	}
	return reason;
}

/*
 * The real server of a flow that is known, or NULL: no flow, a client that starts anew on closed
 * ports, or an orphan. A real that does not answer is noted in `moving`, but not for an open TCP
 * connection: no other real can go on with it, and its own may be back in a moment.
 */
static __always_inline struct real *known_real(struct packet *pkt, u32 *index,
					       struct moving *moving)
{
	struct flow *flow = flow_find(pkt, false);
	struct real *real;

	if (!flow)
		return NULL;
	if (pure_syn(pkt) && flow->state >= FLOW_CLOSING)
		return NULL;
	*index = flow->real;
	real = reals.lookup(index);
	if (!real || real->generation != flow->generation || !(real->flags & REAL_PRESENT)) {
		moving->orphan = true;
		return NULL;
	}
	flow_touch(flow, flow_next_state(pkt, flow->state), real, pkt->now);
	if (real->flags & REAL_AWAY && (pkt->proto == PROTO_UDP || pure_syn(pkt)))
		moving->from = *index;
	return real;
}

/*
 * As known_real(), for a pending flow; a second packet that is no RST makes it an open one. An RST
 * leaves it: anybody may have forged it, and the real decides what it means.
 */
static __always_inline struct real *pending_real(struct packet *pkt, u32 *index,
						 struct moving *moving)
{
	struct flow *flow = flow_find(pkt, true);
	struct flow promoted = {};
	struct real *real;

	if (!flow)
		return NULL;
	*index = flow->real;
	real = reals.lookup(index);
	if (!real || real->generation != flow->generation || !(real->flags & REAL_PRESENT)) {
		moving->orphan = true;
		return NULL;
	}
	if (pkt->proto == PROTO_TCP && pkt->tcp_flags & TCP_RST)
		return real;
	if (real->flags & REAL_AWAY)
		moving->from = *index;
	if (pure_syn(pkt)) {
		flow_touch(flow, FLOW_PENDING, real, pkt->now);
		return real;
	}
	promoted.real = *index;
	promoted.generation = real->generation;
	promoted.state = flow_next_state(pkt, FLOW_OPEN);
	promoted.expires = pkt->now + flow_timeout(promoted.state, real);
	flow_insert(pkt, &promoted, false);
	flow_remove(pkt, true);
	return real;
}

/*
 * Make a flow: for a first packet a pending one, for a later one of a flow that moves, or of an
 * unknown connection that the service takes up, an open one. Returns R_CONTINUE with real and index
 * set, or a reason.
 */
static __always_inline s32 new_flow(struct packet *pkt, struct vip *vip,
				    const struct moving *moving, u32 *index, struct real **chosen)
{
	struct service_record *record;
	struct flow flow = {};
	struct real *real;
	bool first = (pkt->proto == PROTO_UDP && !moving->from) || pure_syn(pkt);
	bool known = moving->orphan || moving->from;
	u32 service = 0;

	record = service_find(pkt, vip, &service);
	if (!record)
		return R_NO_SERVICE;
	if (!first && (!(record->on_unknown || known) || pkt->tcp_flags & (TCP_SYN | TCP_RST)))
		return R_NO_FLOW;
	real = schedule(record, service, index);
	if (!real)
		return R_NO_REAL;
	flow.real = *index;
	flow.generation = real->generation;
	flow.state = first ? FLOW_PENDING : flow_next_state(pkt, FLOW_OPEN);
	flow.expires = pkt->now + flow_timeout(flow.state, real);
	if (pure_syn(pkt))
		flow_remove(pkt, false); /* ports used again: the old flow must not answer */
	flow_insert(pkt, &flow, first);
	count_flow(*index, service);
	*chosen = real;
	return R_CONTINUE;
}

/* The whole way of a packet whose destination passed the interest filter. */
static __always_inline s32 forward(struct packet *pkt, const struct link *link)
{
	struct real *real = NULL;
	struct moving moving = {};
	struct vip *vip;
	u32 index = 0;
	s32 reason;

	if (pkt->irregular == R_CONTINUE && pkt->proto != PROTO_ICMP &&
	    pkt->proto != PROTO_ICMPV6 && frame_is_ours(pkt, link, false)) {
		real = known_real(pkt, &index, &moving);
		if (real && !moving.from)
			return deliver(pkt, index, real);
	}
	vip = vip_find(&pkt->destination, pkt->link);
	if (!vip)
		return R_PASS;
	if (!frame_is_ours(pkt, link, false))
		return R_OTHER_HOST;
	if (pkt->irregular != R_CONTINUE)
		return pkt->irregular;
	if (pkt->proto == PROTO_ICMP || pkt->proto == PROTO_ICMPV6)
		return answer_icmp(pkt);
	if (!moving.from)
		real = pending_real(pkt, &index, &moving);
	if (!real || moving.from) {
		reason = new_flow(pkt, vip, &moving, &index, &real);
		if (reason != R_CONTINUE) {
			if (!moving.from)
				return reason;
			index = moving.from; /* as if it answered: it may be back in a moment */
		}
	}
	return deliver(pkt, index, real);
}

#endif
