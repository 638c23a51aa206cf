// SPDX-License-Identifier: GPL-2.0-only
/*
 * dsrlb's XDP program: the short way of plain packets that belong to an open flow, or to nobody here
 * (hit.h). A plain packet of no flow goes on in a program of its own:
 *
 *   -> new_plain: service -> schedule -> new flow, delivered at once; what asks for more -> unknown
 *
 * and whatever is not plain in STAGE_GENERAL. A stage returns R_CONTINUE or the reason of the final
 * verdict; every packet counts one reason. Only programs (*.c), hit.h and verdict.h speak XDP return codes.
 */
#include "hit.h"

static __always_inline int incomplete(struct xdp_md *ctx, const struct link *link)
{
	const struct packet packet = { .ctx = ctx, .link = link->number };

	return verdict(&packet, R_INCOMPLETE);
}

static __always_inline int balance(struct xdp_md *ctx)
{
	struct link *link = ingress_link(ctx);
	int code;

	if (!link)
		return XDP_PASS;
	code = hit(ctx, link);
	if (code == HIT_NOT) {
		stages.call(ctx, STAGE_GENERAL);
		return incomplete(ctx, link); /* it is loaded before this program is attached */
	}
	return code;
}

int dsrlb(struct xdp_md *ctx)
{
	return balance(ctx);
}
