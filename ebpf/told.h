/* SPDX-License-Identifier: GPL-2.0-only */
/* Packets whose sender is to be told that they were not forwarded: refuse.c does it. */
#ifndef DSRLB_TOLD_H
#define DSRLB_TOLD_H

#include "scratch.h"

static __always_inline u32 packet_ttl(const struct packet *pkt)
{
	struct ipv4_header *ip = network_header(pkt);
	struct ipv6_header *ip6 = (void *)ip;

	if (pkt->ipv6)
		return (void *)(ip6 + 1) > packet_end(pkt) ? 0 : ip6->hop_limit;
	return (void *)(ip + 1) > packet_end(pkt) ? 0 : ip->ttl;
}

/* Have the sender told; but never about an ICMP error (RFC 1122, 3.2.2) or a later fragment. */
static __always_inline s32 refuse(struct packet *pkt, s32 reason, u32 mtu)
{
	struct scratch *with = scratch_find();

	if (!with || pkt->fragment == FRAGMENT_LATER ||
	    pkt->proto == (pkt->ipv6 ? PROTO_ICMPV6 : PROTO_ICMP))
		return reason;
	with->refused = reason;
	with->mtu = mtu;
	return go_on(pkt, with, STAGE_REFUSE);
}

#endif
