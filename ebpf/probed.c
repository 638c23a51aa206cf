// SPDX-License-Identifier: GPL-2.0-only
/* STAGE_PROBED: answers to probes. */
#include "probed.h"
#include "verdict.h"

int dsrlb_probed(struct xdp_md *ctx)
{
	struct packet packet;
	struct scratch *with = resume(&packet, ctx);

	if (!with)
		return XDP_ABORTED;
	return verdict(&packet, serve_probed(&packet, with));
}
