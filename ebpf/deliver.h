/* SPDX-License-Identifier: GPL-2.0-only */
/* The last step of every packet that is forwarded. */
#ifndef DSRLB_DELIVER_H
#define DSRLB_DELIVER_H

#include "count.h"
#include "rewrite_l2dsr.h"

/* Send the packet to the real server: checks, rewrite, counters. Returns the final reason. */
static __always_inline s32 deliver(struct packet *pkt, u32 index, const struct real *real)
{
	u32 bytes = packet_end(pkt) - packet_data(pkt);
	u64 to = *(volatile u64 *)real->mac;
	u64 from = *(volatile u64 *)real->source_mac;
	u32 link = to >> 48, mtu = from >> 48;
	s32 reason;

	/* The MAC address as well: it may have been read just before it and the flag were written. */
	if (!(real->flags & REAL_RESOLVED) || !(to << 16))
		return R_UNRESOLVED;
	if (pkt->ip_bytes > mtu)
		return R_MTU_EXCEEDED;
	/* Asked before the rewrite: this notes where XDP_REDIRECT will go, or finds nothing. */
	if (link != pkt->link && egress.redirect_map(link, 0) != XDP_REDIRECT)
		return R_NO_EGRESS;
	reason = rewrite_l2dsr(pkt, to, from);
	if (reason == R_FORWARDED) {
		pkt->egress = link;
		count_traffic(index, real->service, bytes);
	}
	return reason;
}

#endif
