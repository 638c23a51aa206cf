/* SPDX-License-Identifier: GPL-2.0-only */
/* The real servers. */
#ifndef DSRLB_BENCH_ENDS_REAL_H
#define DSRLB_BENCH_ENDS_REAL_H

#include "ends_segment.h"

/* What a real server answers, in place of the segment; it keeps nothing in mind. False: nothing. */
static __always_inline bool real_answers(const struct ends *ends, struct segment *seg)
{
	u32 source = seg->source_be, sequence = seg->sequence;
	u16 port = seg->source_port, flags = seg->flags;

	seg->source_be = seg->destination_be;
	seg->destination_be = source;
	seg->source_port = seg->destination_port;
	seg->destination_port = port;
	seg->sequence = seg->acknowledged;
	seg->acknowledged = sequence + seg->length;
	seg->flags = TCP_ACK;
	if (flags & TCP_RST) {
		ends->counts->resets++;
		return false;
	}
	if (flags & TCP_SYN) {
		seg->sequence = sequence ^ 0x5bd1e995;
		seg->acknowledged++;
		seg->flags |= TCP_SYN;
		return true;
	}
	if (seg->length) {
		seg->flags |= seg->close ? PUSH | TCP_FIN : PUSH;
		return true;
	}
	if (flags & TCP_FIN) {
		seg->acknowledged++;
		return true;
	}
	return false;
}

/* Is a segment that reached a real server as the balancer must make it? */
static __always_inline bool arrived_well(const struct ends_setting *setting,
					 const struct segment *seg, u32 outer_be, u32 tos, u32 real)
{
	u32 own = setting->real_be + bpf_htonl(real);
	u32 client = bpf_ntohl(seg->source_be) - bpf_ntohl(setting->client_be);

	if (setting->arrival == ARRIVES_OTHER)
		return seg->destination_be == own &&
		       bpf_ntohl(seg->source_be) - bpf_ntohl(setting->source_be) < setting->sources;
	if (client >= ENDS_CONNECTIONS / ENDS_FIRST_PORT)
		return false;
	if (setting->arrival == ARRIVES_VIP)
		return seg->destination_be == setting->vip_be && !outer_be;
	if (setting->arrival == ARRIVES_DSCP)
		return seg->destination_be == own && tos >> 2 == setting->dscp;
	if (setting->arrival == ARRIVES_TUNNEL)
		return seg->destination_be == setting->vip_be && outer_be == own;
	return seg->destination_be == own;
}

#endif
