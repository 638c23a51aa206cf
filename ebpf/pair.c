// SPDX-License-Identifier: GPL-2.0-only
/* STAGE_PAIR: both halves of a flow whose replies come back. */
#include "pair.h"
#include "verdict.h"

int dsrlb_pair(struct xdp_md *ctx)
{
	struct packet packet;
	struct scratch *with = resume(&packet, ctx);

	if (!with)
		return XDP_ABORTED;
	return verdict(&packet, serve_pair(&packet, with));
}
