/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * L3DSR by GUE, variant 1 (draft-ietf-intarea-gue-09, 4): the packet right behind a UDP header, whose
 * source port varies with the flow. No checksum: RFC 6935, 6936 allow it for tunnels over IPv6.
 */
#ifndef DSRLB_REWRITE_GUE_H
#define DSRLB_REWRITE_GUE_H

#include "encapsulate.h"

#define GUE_FIRST_SOURCE_PORT 0xc000 /* 49152-65535 (RFC 7510, 3) */

static __always_inline s32 rewrite_gue(struct packet *pkt, const struct real *real,
				       const struct way *way)
{
	u32 inner = pkt->ip_bytes;
	s32 reason = encapsulate(pkt, real, way, PROTO_UDP, sizeof(struct udp_header));
	struct udp_header *udp;

	if (reason != R_CONTINUE)
		return reason;
	udp = packet_data(pkt) + bounded(pkt->l3 - sizeof(*udp), 127);
	if ((void *)(udp + 1) > packet_end(pkt))
		return R_MALFORMED;
	udp->source_be = bpf_htons(GUE_FIRST_SOURCE_PORT | (pkt->hash & 0x3fff));
	udp->destination_be = bpf_htons(real->port);
	udp->length_be = bpf_htons(sizeof(*udp) + inner);
	udp->checksum = 0;
	return R_FORWARDED;
}

#endif
