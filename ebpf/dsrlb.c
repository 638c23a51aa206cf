// SPDX-License-Identifier: GPL-2.0-only
/*
 * dsrlb's XDP program: the order of the stages, and the only place with XDP return codes.
 *
 *   parse_link -> answer_arp
 *              -> parse_ipv4 / answer_nd, parse_ipv6 -> interest filter
 *              -> forward: open flow -> deliver (rewrite)
 *                 else, in a program of its own -> unknown: pending flow, or VIP -> service ->
 *                 schedule -> new flow; then deliver
 *
 * A stage returns R_CONTINUE or the reason of the final verdict; every packet counts one reason.
 */
#include "forward.h"
#include "answer_arp.h"
#include "answer_nd.h"
#include "parse_ip.h"
#include "reaper.h"
#include "unknown.h"

static __always_inline s32 process(struct packet *pkt, const struct link *link)
{
	u16 type = parse_link(pkt);
	s32 reason;

	if (type == TYPE_IPV4) {
		reason = parse_ipv4(pkt);
	} else if (type == TYPE_IPV6) {
		reason = answer_nd(pkt, link);
		if (reason == R_CONTINUE)
			reason = parse_ipv6(pkt);
	} else if (type == TYPE_ARP) {
		return answer_arp(pkt, link);
	} else {
		return R_PASS;
	}
	if (reason != R_CONTINUE)
		return reason;
	pkt->now = clock_tick();
	return forward(pkt, link);
}

/* Count the packet, and say in XDP's words what becomes of it. */
static __always_inline int verdict(const struct packet *pkt, s32 reason)
{
	count_reason(pkt, reason);
	switch (reason) {
	case R_FORWARDED:
		return pkt->egress == pkt->link ? XDP_TX : XDP_REDIRECT;
	case R_ANSWERED_ARP:
	case R_ANSWERED_ND:
	case R_ANSWERED_ECHO:
	case R_ANSWERED_RESET:
		return XDP_TX;
	case R_PASS:
	case R_OTHER_HOST:
	case R_VIP_CONFLICT:
		return XDP_PASS;
	default:
		return XDP_DROP;
	}
}

static __always_inline int balance(struct xdp_md *ctx)
{
	struct packet packet = { .ctx = ctx };
	struct link *link = ingress_link(&packet);

	if (!link)
		return XDP_PASS;
	packet.link = link->number;
	return verdict(&packet, process(&packet, link));
}

int dsrlb(struct xdp_md *ctx)
{
	return balance(ctx);
}

/* By a tail call: STAGE_UNKNOWN. */
int dsrlb_unknown(struct xdp_md *ctx)
{
	struct scratch *with = scratch_find();
	struct packet packet;

	if (!with)
		return XDP_ABORTED;
	packet = with->packet;
	packet.ctx = ctx;
	return verdict(&packet, serve_unknown(&packet, with));
}

/* For the control plane, by BPF_PROG_TEST_RUN. */
int dsrlb_reaper(struct xdp_md *ctx)
{
	return reap(ctx);
}
