/* SPDX-License-Identifier: GPL-2.0-only */
/* L2DSR: new MAC addresses, nothing else. The real has the VIP on its loopback interface. */
#ifndef DSRLB_REWRITE_L2DSR_H
#define DSRLB_REWRITE_L2DSR_H

#include "way.h"

static __always_inline s32 rewrite_l2dsr(struct packet *pkt, const struct real *real,
					 const struct way *way)
{
	struct eth_header *eth = packet_data(pkt);

	if ((void *)(eth + 1) > packet_end(pkt))
		return R_MALFORMED;
	mac_store(eth->destination, way->to);
	mac_store(eth->source, way->from);
	return R_FORWARDED;
}

#endif
