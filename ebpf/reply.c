// SPDX-License-Identifier: GPL-2.0-only
/* STAGE_REPLY: what real servers send. */
#include "reply.h"
#include "verdict.h"

int dsrlb_reply(struct xdp_md *ctx)
{
	struct packet packet;
	struct scratch *with = resume(&packet, ctx);

	if (!with)
		return XDP_ABORTED;
	return verdict(&packet, serve_reply(&packet, with));
}
