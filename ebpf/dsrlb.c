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
#include "verdict.h"

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
