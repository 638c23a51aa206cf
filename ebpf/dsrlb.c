// SPDX-License-Identifier: GPL-2.0-only
/*
 * dsrlb's XDP program: the order of the stages, and the only place with XDP return codes.
 *
 *   parse_link -> answer_arp
 *              -> parse_ipv4 / answer_nd, parse_ipv6 -> interest filter
 *              -> forward: flow, else VIP -> service -> schedule -> new flow; then rewrite
 *
 * A stage returns R_CONTINUE or the reason of the final verdict; every packet counts one reason.
 */
#include "forward.h"
#include "answer_arp.h"
#include "answer_nd.h"
#include "parse_ip.h"

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

static __always_inline int balance(struct xdp_md *ctx)
{
	struct packet packet = { .ctx = ctx };
	struct packet *pkt = &packet;
	struct link *link = ingress_link(pkt);
	s32 reason;

	if (!link)
		return XDP_PASS;
	pkt->link = link->number;
	reason = process(pkt, link);
	count_reason(pkt, reason);
	switch (reason) {
	case R_FORWARDED:
		return pkt->egress == pkt->link ? XDP_TX : XDP_REDIRECT;
	case R_ANSWERED_ARP:
	case R_ANSWERED_ND:
	case R_ANSWERED_ECHO:
		return XDP_TX;
	case R_PASS:
	case R_OTHER_HOST:
	case R_VIP_CONFLICT:
		return XDP_PASS;
	default:
		return XDP_DROP;
	}
}

int dsrlb(struct xdp_md *ctx)
{
	return balance(ctx);
}
