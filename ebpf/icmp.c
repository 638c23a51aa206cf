// SPDX-License-Identifier: GPL-2.0-only
/* STAGE_ICMP: ICMP errors, to a VIP or about a tunnel. */
#include "forward_error.h"
#include "tunnel_error.h"
#include "verdict.h"

static __always_inline s32 serve_icmp(struct packet *pkt, struct scratch *with)
{
	if (pkt->irregular == R_PASS) { /* to no VIP, see pass.h */
		pkt->now = clock_tick();
		return tunnel_error(pkt);
	}
	return forward_error(pkt, with);
}

int dsrlb_icmp(struct xdp_md *ctx)
{
	struct packet packet;
	struct scratch *with = resume(&packet, ctx);

	if (!with)
		return XDP_ABORTED;
	return verdict(&packet, serve_icmp(&packet, with));
}
