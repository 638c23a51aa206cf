// SPDX-License-Identifier: GPL-2.0-only
/* The program for packets to a VIP that no open flow took, and new_plain.c neither (STAGE_UNKNOWN). */
#include "unknown.h"
#include "verdict.h"

int dsrlb_unknown(struct xdp_md *ctx)
{
	struct scratch *with = scratch_find();

	return with ? verdict(&with->packet, serve_unknown(ctx, with)) : XDP_ABORTED;
}
