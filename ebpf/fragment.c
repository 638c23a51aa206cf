// SPDX-License-Identifier: GPL-2.0-only
/* STAGE_FRAGMENT: a fragment to a VIP that is not the first one of its packet. */
#include "fragments.h"
#include "verdict.h"

static __always_inline s32 serve_fragment(struct packet *pkt, struct scratch *with)
{
	s32 reason;
	struct real *real;

	with->due = DUE_NONE;
	with->opens = false;
	reason = fragment_follow(pkt, with);
	if (reason != R_CONTINUE && pkt->from_real)
		return R_PASS;
	if (reason != R_CONTINUE)
		return pkt->other_mac ? R_OTHER_HOST : reason;
	if (with->reply == REPLY_FRAGMENT)
		return go_on(pkt, with, STAGE_REPLY);
	real = reals.lookup(&with->index);
	if (real && real->flags & REAL_OUTBOUND) {
		with->reply = REPLY_FRAGMENT;
		return go_on(pkt, with, STAGE_OUTBOUND);
	}
	return go_on(pkt, with, STAGE_DELIVER);
}

int dsrlb_fragment(struct xdp_md *ctx)
{
	struct packet packet;
	struct scratch *with = resume(&packet, ctx);

	if (!with)
		return XDP_ABORTED;
	return verdict(&packet, serve_fragment(&packet, with));
}
