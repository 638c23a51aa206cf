// SPDX-License-Identifier: GPL-2.0-only
/* STAGE_FRAGMENT: a fragment to a VIP that is not the first one of its packet. */
#include "fragments.h"
#include "verdict.h"

static __always_inline s32 serve_fragment(struct packet *pkt, struct scratch *with)
{
	s32 reason = fragment_follow(pkt, with);

	return reason == R_CONTINUE ? go_on(pkt, with, STAGE_DELIVER) : reason;
}

int dsrlb_fragment(struct xdp_md *ctx)
{
	struct packet packet;
	struct scratch *with = resume(&packet, ctx);

	if (!with)
		return XDP_ABORTED;
	return verdict(&packet, serve_fragment(&packet, with));
}
