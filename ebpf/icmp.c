// SPDX-License-Identifier: GPL-2.0-only
/* STAGE_ICMP: ICMP errors, to a VIP or about a tunnel. */
#include "forward_error.h"
#include "tunnel_error.h"
#include "verdict.h"

static __always_inline s32 serve_icmp(struct packet *pkt, struct scratch *with)
{
	s32 reason;

	if (pkt->irregular == R_PASS) { /* to no VIP, see pass.h */
		pkt->now = clock_tick();
		reason = foreign_error(pkt);
		if (reason != R_CONTINUE)
			return reason;
	}
	forget(pkt, with);
	reason = forward_error(pkt, with);
	if (reason == R_INCOMPLETE)
		return reason;
	if (pkt->irregular == R_PASS)
		return R_PASS;
	return pkt->other_mac ? R_OTHER_HOST : reason;
}

int dsrlb_icmp(struct xdp_md *ctx)
{
	struct packet packet;
	struct scratch *with = resume(&packet, ctx);

	if (!with)
		return XDP_ABORTED;
	return verdict(&packet, serve_icmp(&packet, with));
}
