/* SPDX-License-Identifier: GPL-2.0-only */
/* L3DSR by IP in IP: the packet as it is behind an outer header to the real server. */
#ifndef DSRLB_REWRITE_IPIP_H
#define DSRLB_REWRITE_IPIP_H

#include "encapsulate.h"

static __always_inline s32 rewrite_ipip(struct packet *pkt, const struct real *real,
					const struct way *way)
{
	s32 reason = encapsulate(pkt, real, way, pkt->ipv6 ? PROTO_IPV6 : PROTO_IPV4, 0);

	return reason == R_CONTINUE ? R_FORWARDED : reason;
}

#endif
