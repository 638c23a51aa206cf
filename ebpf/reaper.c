// SPDX-License-Identifier: GPL-2.0-only
/* The program that the control plane changes flow tables by (BPF_PROG_TEST_RUN). */
#include "reaper.h"

int dsrlb_reaper(struct xdp_md *ctx)
{
	return reap(ctx);
}
