// SPDX-License-Identifier: GPL-2.0-only
/* STAGE_SOURCE: the entry of the source of a flow whose replies come back. */
#include "record.h"
#include "verdict.h"

static __always_inline s32 serve_source(struct packet *pkt, struct scratch *with)
{
	record_source(pkt, with);
	record_flow(pkt, with);
	forget(pkt, with);
	return go_on_then(pkt, with);
}

int dsrlb_source(struct xdp_md *ctx)
{
	struct packet packet;
	struct scratch *with = resume(&packet, ctx);

	if (!with)
		return XDP_ABORTED;
	return verdict(&packet, serve_source(&packet, with));
}
