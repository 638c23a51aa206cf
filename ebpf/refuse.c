// SPDX-License-Identifier: GPL-2.0-only
/* STAGE_REFUSE: ICMP errors of our own. */
#include "refuse.h"
#include "verdict.h"

int dsrlb_refuse(struct xdp_md *ctx)
{
	struct packet packet;
	struct scratch *with = resume(&packet, ctx);

	if (!with)
		return XDP_ABORTED;
	return verdict(&packet, serve_refuse(&packet, with));
}
