// SPDX-License-Identifier: GPL-2.0-only
/* STAGE_TRANSLATE: ICMP errors about packets that were translated. */
#include "translate_error.h"
#include "verdict.h"

int dsrlb_translate(struct xdp_md *ctx)
{
	struct packet packet;
	struct scratch *with = resume(&packet, ctx);

	if (!with)
		return XDP_ABORTED;
	return verdict(&packet, serve_translate(&packet, with));
}
