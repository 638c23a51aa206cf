/* SPDX-License-Identifier: GPL-2.0-only */
/* The end of every packet's way: its reason is counted, and becomes an XDP return code. */
#ifndef DSRLB_VERDICT_H
#define DSRLB_VERDICT_H

#include "count.h"

/* Count the packet, and say in XDP's words what becomes of it. */
static __always_inline int verdict(const struct packet *pkt, s32 reason)
{
	count_reason(pkt, reason);
	switch (reason) {
	case R_FORWARDED:
	case R_FORWARDED_REPLY:
	case R_FORWARDED_OUTBOUND:
	case R_PROBE_ANSWER:
		return pkt->egress == pkt->link ? XDP_TX : XDP_REDIRECT;
	case R_ANSWERED_ARP:
	case R_ANSWERED_ND:
	case R_ANSWERED_ECHO:
	case R_ANSWERED_RESET:
	case R_ANSWERED_DOWN:
	case R_ANSWERED_TOO_BIG:
	case R_ANSWERED_TIME_EXCEEDED:
		return XDP_TX;
	case R_PASS:
	case R_OTHER_HOST:
	case R_VIP_CONFLICT:
	case R_TUNNEL_ERROR:
	case R_OUTBOUND_KERNEL:
	case R_BRIDGE_SAME_SIDE:
	case R_BRIDGE_BLOCKED:
	case R_NO_REAL_PASSED:
		return XDP_PASS;
	default:
		return XDP_DROP;
	}
}

#endif
