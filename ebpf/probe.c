// SPDX-License-Identifier: GPL-2.0-only
/* The program on the veth pair of probes (probe.h). It counts as interface 0, which no other is. */
#include "probe.h"
#include "verdict.h"

int dsrlb_probe(struct xdp_md *ctx)
{
	struct packet packet = { .ctx = ctx };

	return verdict(&packet, serve_probe(&packet));
}
