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
	struct scratch *with = scratch_find();
	struct packet packet;

	if (!with)
		return XDP_ABORTED;
	packet = with->packet;
	packet.ctx = ctx;
	return verdict(&packet, serve_fragment(&packet, with));
}
