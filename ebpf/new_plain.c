// SPDX-License-Identifier: GPL-2.0-only
/* The program that dsrlb.c goes on to (STAGE_NEW_PLAIN): plain packets that no open flow took. */
#include "new_plain.h"
#include "verdict.h"

int dsrlb_new_plain(struct xdp_md *ctx)
{
	struct scratch *with = scratch_find();
	s32 reason;

	if (!with)
		return XDP_ABORTED;
	if (!vip_ask(&with->packet, with))
		return verdict(&with->packet, go_on_with(ctx, STAGE_GENERAL));
	read_anew();
	reason = serve_plain(ctx, with);
	if (reason == R_CONTINUE)
		reason = go_on_with(ctx, STAGE_UNKNOWN);
	return verdict(&with->packet, reason);
}
