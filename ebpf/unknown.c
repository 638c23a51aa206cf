// SPDX-License-Identifier: GPL-2.0-only
/* The program that dsrlb.c goes on to (STAGE_UNKNOWN): packets to a VIP that no open flow took. */
#include "unknown.h"
#include "verdict.h"

int dsrlb_unknown(struct xdp_md *ctx)
{
	struct packet packet;
	struct scratch *with = resume(&packet, ctx);

	if (!with)
		return XDP_ABORTED;
	return verdict(&packet, serve_unknown(&packet, with));
}
