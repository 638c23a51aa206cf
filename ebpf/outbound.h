/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Connections that real servers open themselves, where their service says so: they leave with an
 * address of the pool, and go where the kernel's routes say. Their replies are replies as others.
 */
#ifndef DSRLB_OUTBOUND_H
#define DSRLB_OUTBOUND_H

#include "fragments.h"
#include "mss.h"
#include "pairing.h"
#include "parse_link.h"
#include "record.h"
#include "told.h"

#define FAMILY_INET 2
#define FAMILY_INET6 10

/* Ask the kernel for the way. Returns R_CONTINUE, R_OUTBOUND_KERNEL, or the packet's reason. */
static __always_inline s32 kernel_way(const struct packet *pkt, struct bpf_fib_lookup *fib,
				      struct way *way)
{
	struct link *out;
	lookup_key slot;
	s64 answer;

	fib->family = pkt->ipv6 ? FAMILY_INET6 : FAMILY_INET;
	fib->l4_protocol = pkt->proto;
	fib->tot_len = pkt->ip_bytes;
	fib->ifindex = pkt->ctx->ingress_ifindex;
	if (pkt->ipv6) {
		__builtin_memcpy(fib->ipv6_src, &pkt->source, sizeof(fib->ipv6_src));
		__builtin_memcpy(fib->ipv6_dst, &pkt->destination, sizeof(fib->ipv6_dst));
	} else {
		fib->ipv4_src = pkt->source.word_be[3];
		fib->ipv4_dst = pkt->destination.word_be[3];
	}
	answer = bpf_fib_lookup(pkt->ctx, fib, sizeof(*fib), 0);
	way->mtu = fib->mtu_result;
	if (answer == BPF_FIB_LKUP_RET_NO_NEIGH)
		return R_OUTBOUND_KERNEL;
	if (answer == BPF_FIB_LKUP_RET_FRAG_NEEDED)
		return R_MTU_EXCEEDED;
	if (answer != BPF_FIB_LKUP_RET_SUCCESS)
		return R_PASS; /* to this host, or nowhere: the kernel's to say */
	slot = fib->ifindex & (LINK_SLOTS - 1);
	out = links.lookup(&slot);
	if (!out || !out->number || out->ifindex != fib->ifindex)
		return R_OUTBOUND_KERNEL; /* a VLAN interface, or one without dsrlb */
	way->vlan = 0;
	way->path = NULL;
	way->to = mac_group(fib->dmac, out->number);
	way->from = mac_group(fib->smac, 0);
	return R_CONTINUE;
}

/* The packet has its pool address and port (pkt->translation): out with it. */
static __always_inline s32 send_out(struct packet *pkt, const struct real *real)
{
	struct bpf_fib_lookup fib = {};
	struct change to = {};
	struct way way = {};
	s32 found = kernel_way(pkt, &fib, &way), reason;
	u32 link = way_link(&way);

	if (found == R_MTU_EXCEEDED)
		return refuse(pkt, found, way.mtu);
	if (found != R_CONTINUE && found != R_OUTBOUND_KERNEL)
		return found;
	if (found == R_CONTINUE && link != pkt->link &&
	    egress.redirect_map(link, 0) != XDP_REDIRECT)
		return R_NO_EGRESS;
	to.hops = found == R_CONTINUE; /* else the kernel will */
	reason = request_change(pkt, real, &to);
	if (reason == R_CONTINUE)
		reason = translate(pkt, &to);
	if (reason == R_CONTINUE && found == R_CONTINUE)
		reason = reframe(pkt, &way, 0, packet_type_be(pkt));
	if (reason != R_CONTINUE || found != R_CONTINUE)
		return reason != R_CONTINUE ? reason : found;
	pkt->egress = link;
	return R_FORWARDED_OUTBOUND;
}

/* Keep an open flow, and its other half when that is due. */
static __always_inline void outbound_touch(bool ipv6, const struct packet *pkt,
					   struct scratch *with, const struct real *real,
					   struct flow_ref *flow)
{
	struct flow_ref half;

	if (!flow_advance(pkt, flow, real) || !reverse_key_of(&with->reverse, pkt, real))
		return;
	if (flow_find(ipv6, false, &with->reverse, &half))
		flow_touch(&half, reverse_expires(real, pkt->now));
	else
		flow_remove(flow); /* it could never be answered: the next packet makes another */
}

static __always_inline bool is_own_flow(const struct scratch *with, const struct real *real,
					const struct flow_ref *flow)
{
	return !(flow->seen & META_REVERSE) && value_real(flow->value) == with->index &&
	       value_is_of(flow->value, real);
}

/*
 * The flow of the packet, open or pending: sets pkt->translation. False: there is none. *promotes: it is
 * pending, and the packet may open it.
 */
static __always_inline bool outbound_known(bool ipv6, struct packet *pkt, struct scratch *with,
					   const struct real *real, bool *promotes)
{
	struct flow_ref flow, half;

	if (flow_find(ipv6, false, &with->key, &flow)) {
		if (!is_own_flow(with, real, &flow))
			return false;
		if (pure_syn(pkt) && meta_state(flow.seen) <= FLOW_CLOSING) {
			note_old(&with->moving, &flow);
			return false;
		}
		pkt->translation = flow.value >> 32;
		outbound_touch(ipv6, pkt, with, real, &flow);
		return true;
	}
	if (!flow_find(ipv6, true, &with->key, &flow) || !is_own_flow(with, real, &flow))
		return false;
	pkt->translation = flow.value >> 32;
	flow_touch(&flow, pkt->now + real->pending_ticks);
	if (reverse_key_of(&with->reverse, pkt, real) &&
	    flow_find(ipv6, true, &with->reverse, &half))
		flow_touch(&half, pkt->now + real->pending_ticks);
	*promotes = pkt->proto == PROTO_TCP && !(pkt->tcp_flags & (TCP_SYN | TCP_RST));
	note_old(&with->moving, &flow);
	return true;
}

/* What is to be recorded: a new flow is pending until it is answered. */
static __always_inline void outbound_plan(const struct packet *pkt, struct scratch *with,
					  const struct real *real, bool promotes)
{
	struct recording *recording = &with->recording;

	__builtin_memset(recording, 0, sizeof(*recording));
	recording->pending = !promotes;
	recording->promotes = promotes;
	recording->may_replace = true;
	recording->pair = !promotes;
	recording->state = promotes ? flow_next_state(pkt, FLOW_OPEN) : FLOW_PENDING;
	recording->expires = pkt->now + flow_timeout(recording->state, real);
	recording->value = value_of(with->index, real->generation);
	with->then = THEN_OUTBOUND;
	with->reply = REPLY_PROMOTED; /* when it comes back here */
	with->tries = with->raced = 0;
	with->is_new = false;
}

/* Find the packet's flow, or begin one: that goes on elsewhere, and comes back. */
static __always_inline s32 outbound_flow(bool ipv6, struct packet *pkt, struct scratch *with,
					 const struct real *real)
{
	bool promotes = false, known;
	struct bpf_fib_lookup fib = {};
	struct way way = {};

	__builtin_memset(&with->moving, 0, sizeof(with->moving));
	with->service = real->service;
	known = outbound_known(ipv6, pkt, with, real, &promotes);
	if (known && !promotes)
		return R_CONTINUE;
	if (!known && pkt->proto == PROTO_TCP && !pure_syn(pkt))
		return R_PASS;
	if (!known && kernel_way(pkt, &fib, &way) == R_PASS)
		return R_PASS;
	outbound_plan(pkt, with, real, promotes);
	return promotes ? go_on(pkt, with, STAGE_PAIR) : go_on(pkt, with, STAGE_ALLOCATE);
}

static __always_inline s32 serve_outbound(struct packet *pkt, struct scratch *with)
{
	struct real *real = reals.lookup(&with->index);
	struct link *link = ingress_link(pkt->ctx);
	u32 fragment = pkt->fragment;
	s32 reason = R_CONTINUE;
	u16 limit;

	if (!real || !link || !(real->flags & REAL_PRESENT) || !frame_is_ours(pkt, link, false))
		return R_PASS;
	pkt->outbound = 1;
	if (packet_ttl(pkt) <= 1)
		return refuse(pkt, R_TTL_EXCEEDED, 0);
	if (with->reply == REPLY_UNKNOWN)
		reason = pkt->ipv6 ? outbound_flow(true, pkt, with, real) :
				     outbound_flow(false, pkt, with, real);
	if (reason != R_CONTINUE)
		return reason;
	forget(pkt, with);
	limit = clamps(pkt, real);
	if (limit)
		mss_lower(pkt, limit);
	if (fragment == FRAGMENT_FIRST)
		fragment_place_of(pkt, with);
	fragment = unknown(pkt, fragment);
	reason = send_out(pkt, real);
	if (fragment == FRAGMENT_FIRST &&
	    (reason == R_FORWARDED_OUTBOUND || reason == R_OUTBOUND_KERNEL))
		fragment_note(pkt, with, real);
	return reason;
}

#endif
