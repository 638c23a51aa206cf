// SPDX-License-Identifier: GPL-2.0-only
/* STAGE_OUTBOUND: connections that real servers open. */
#include "outbound.h"
#include "verdict.h"

int dsrlb_outbound(struct xdp_md *ctx)
{
	struct packet packet;
	struct scratch *with = resume(&packet, ctx);

	if (!with)
		return XDP_ABORTED;
	return verdict(&packet, serve_outbound(&packet, with));
}
