// SPDX-License-Identifier: GPL-2.0-only
/* STAGE_DELIVER: to a real server that another stage found (scratch[].index). */
#include "deliver.h"
#include "fragments.h"
#include "verdict.h"

static __always_inline s32 serve_deliver(struct packet *pkt, struct scratch *with)
{
	struct real *real = reals.lookup(&with->index);
	u32 fragment = pkt->fragment;
	s32 reason;

	if (!real)
		return R_NO_REAL;
	if (fragment == FRAGMENT_FIRST)
		fragment_place_of(pkt, with);
	reason = deliver(pkt, with->index, real);
	if (reason == R_FORWARDED && fragment == FRAGMENT_FIRST)
		fragment_note(pkt, with, real);
	return reason;
}

int dsrlb_deliver(struct xdp_md *ctx)
{
	struct packet packet;
	struct scratch *with = resume(&packet, ctx);

	if (!with)
		return XDP_ABORTED;
	return verdict(&packet, serve_deliver(&packet, with));
}
