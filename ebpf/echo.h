/* SPDX-License-Identifier: GPL-2.0-only */
/* ICMP echo as what is probed with (RFC 792; RFC 4443, 4): the identifier stands for the prober's port. */
#ifndef DSRLB_ECHO_H
#define DSRLB_ECHO_H

#include "checksum.h"
#include "packet.h"

static __always_inline bool packet_is_icmp(const struct packet *pkt)
{
	return pkt->proto == (pkt->ipv6 ? PROTO_ICMPV6 : PROTO_ICMP);
}

/* Is it an echo request, or else a reply? Then *identifier_be is its identifier. */
static __always_inline bool echo_read(const struct packet *pkt, bool request, u16 *identifier_be)
{
	struct echo_header *echo = transport_header(pkt);
	u8 type = pkt->ipv6 ? (request ? 128 : 129) : (request ? 8 : 0);

	if (!packet_is_icmp(pkt) || pkt->icmp_type != type || pkt->icmp_code ||
	    (void *)(echo + 1) > packet_end(pkt))
		return false;
	*identifier_be = echo->identifier_be;
	return true;
}

/* Give it another identifier, which its checksum covers. */
static __always_inline s32 echo_rename(struct packet *pkt, u16 identifier_be)
{
	struct echo_header *echo = transport_header(pkt);

	if ((void *)(echo + 1) > packet_end(pkt))
		return R_MALFORMED;
	echo->checksum = checksum_replace(echo->checksum, echo->identifier_be, identifier_be);
	echo->identifier_be = identifier_be;
	return R_CONTINUE;
}

#endif
