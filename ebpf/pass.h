/* SPDX-License-Identifier: GPL-2.0-only */
/* Packets to no VIP. Among those are ICMP errors about packets that dsrlb itself sent (icmp.c). */
#ifndef DSRLB_PASS_H
#define DSRLB_PASS_H

#include "scratch.h"

static __always_inline bool has_returns(void)
{
	lookup_key zero = 0;
	struct settings *found = settings.lookup(&zero);

	return found && (found->tunnels || found->replies);
}

static __always_inline s32 pass(struct packet *pkt)
{
	struct scratch *with;

	if (pkt->proto != (pkt->ipv6 ? PROTO_ICMPV6 : PROTO_ICMP) || !has_returns())
		return R_PASS;
	with = scratch_find();
	if (!with)
		return R_PASS;
	with->packet = *pkt;
	with->packet.irregular = R_PASS; /* to no VIP */
	stages.call(pkt->ctx, STAGE_ICMP);
	return R_PASS;
}

#endif
