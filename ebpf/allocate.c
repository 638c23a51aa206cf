// SPDX-License-Identifier: GPL-2.0-only
/* STAGE_ALLOCATE: a new flow whose replies come back. */
#include "allocate.h"
#include "verdict.h"

int dsrlb_allocate(struct xdp_md *ctx)
{
	struct packet packet;
	struct scratch *with = resume(&packet, ctx);

	if (!with)
		return XDP_ABORTED;
	return verdict(&packet, serve_allocate(&packet, with));
}
