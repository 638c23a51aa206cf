/* SPDX-License-Identifier: GPL-2.0-only */
/* The checksum of the transport header, after addresses or ports have changed. */
#ifndef DSRLB_TRANSPORT_H
#define DSRLB_TRANSPORT_H

#include "checksum.h"
#include "packet.h"

/* 0 is no checksum (over IPv6 too: RFC 6935), a sum of 0 is sent as all ones. */
static __always_inline void udp_checksum_update(u16 *checksum, u64 difference)
{
	u16 sum;

	if (!*checksum)
		return;
	sum = checksum_update(*checksum, difference);
	*checksum = sum ? sum : 0xffff;
}

/*
 * Addresses (and ports) have changed: so does the transport checksum, which covers them. `difference`:
 * sum of the old words' complements and of the new words.
 */
static __always_inline s32 transport_update(struct packet *pkt, u64 difference)
{
	void *at = transport_header(pkt);
	u16 *checksum;

	if (pkt->fragment == FRAGMENT_LATER)
		return R_CONTINUE;
	if (pkt->proto == PROTO_UDP) {
		checksum = at + __builtin_offsetof(struct udp_header, checksum);
		if ((void *)(checksum + 1) > packet_end(pkt))
			return R_MALFORMED;
		udp_checksum_update(checksum, difference);
		return R_CONTINUE;
	}
	if (pkt->proto == PROTO_TCP)
		checksum = at + __builtin_offsetof(struct tcp_header, checksum);
	else if (pkt->proto == PROTO_ICMPV6)
		checksum = at + __builtin_offsetof(struct icmp_header, checksum);
	else
		return R_CONTINUE; /* ICMP: covers no addresses */
	if ((void *)(checksum + 1) > packet_end(pkt))
		return R_MALFORMED;
	*checksum = checksum_update(*checksum, difference);
	return R_CONTINUE;
}

#endif
