// SPDX-License-Identifier: GPL-2.0-only
/* STAGE_REFUSE: ICMP errors of our own. */
#include "refuse.h"
#include "verdict.h"

int dsrlb_refuse(struct xdp_md *ctx)
{
	struct scratch *with = scratch_find();
	struct packet packet;

	if (!with)
		return XDP_ABORTED;
	packet = with->packet;
	packet.ctx = ctx;
	return verdict(&packet, serve_refuse(&packet, with));
}
