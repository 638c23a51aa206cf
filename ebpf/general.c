// SPDX-License-Identifier: GPL-2.0-only
/*
 * STAGE_GENERAL: every packet that is not plain, or whose way is out of the ordinary.
 *
 *   parse_link -> answer_arp
 *              -> parse_ipv4 / answer_nd, parse_ipv6 -> interest filter
 *              -> forward: open flow -> deliver (rewrite)
 *                 else -> STAGE_UNKNOWN, STAGE_REPLY ...
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

int dsrlb_general(struct xdp_md *ctx)
{
	struct packet packet = { .ctx = ctx };
	struct link *link = ingress_link(ctx);

	if (!link)
		return XDP_PASS;
	packet.link = link->number;
	return verdict(&packet, process(&packet, link));
}
