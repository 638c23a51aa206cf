// SPDX-License-Identifier: GPL-2.0-only
/* The program that dsrlb.c goes on to (STAGE_UNKNOWN): packets to a VIP that no open flow took. */
#include "new_plain.h"
#include "unknown.h"
#include "verdict.h"

int dsrlb_unknown(struct xdp_md *ctx)
{
	struct scratch *with = scratch_find();
	s32 reason;

	if (!with)
		return XDP_ABORTED;
	if (with->unasked) { /* straight from dsrlb.c */
		with->unasked = false;
		if (!vip_ask(&with->packet, with))
			return verdict(&with->packet, go_on_with(ctx, STAGE_GENERAL));
	}
	read_anew();
	reason = serve_plain(ctx, with);
	read_anew();
	if (reason == R_CONTINUE)
		reason = serve_unknown(ctx, with);
	return verdict(&with->packet, reason);
}
