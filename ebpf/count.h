/* SPDX-License-Identifier: GPL-2.0-only */
/* Per-CPU counters: who got how much, and what became of every packet. */
#ifndef DSRLB_COUNT_H
#define DSRLB_COUNT_H

#include "maps.h"
#include "packet.h"

static __always_inline void count_traffic(lookup_key real_index, lookup_key service, u64 bytes)
{
	struct traffic *traffic = real_traffic.lookup(&real_index);

	if (traffic) {
		traffic->packets++;
		traffic->bytes += bytes;
	}
	traffic = service_traffic.lookup(&service);
	if (traffic) {
		traffic->packets++;
		traffic->bytes += bytes;
	}
}

static __always_inline void count_reply(lookup_key real_index, lookup_key service, u64 bytes)
{
	struct traffic *traffic = real_traffic.lookup(&real_index);

	if (traffic) {
		traffic->reply_packets++;
		traffic->reply_bytes += bytes;
	}
	traffic = service_traffic.lookup(&service);
	if (traffic) {
		traffic->reply_packets++;
		traffic->reply_bytes += bytes;
	}
}

static __always_inline void count_exhausted(lookup_key service)
{
	struct traffic *traffic = service_traffic.lookup(&service);

	if (traffic)
		traffic->exhausted++;
}

static __always_inline void count_flow(lookup_key real_index, lookup_key service)
{
	struct traffic *traffic = real_traffic.lookup(&real_index);

	if (traffic)
		traffic->flows++;
	traffic = service_traffic.lookup(&service);
	if (traffic)
		traffic->flows++;
}

/* count_traffic(), and count_flow() of so many (1 or 0). */
static __always_inline void count_first(lookup_key real_index, lookup_key service, u64 bytes,
					u32 flows)
{
	struct traffic *traffic = real_traffic.lookup(&real_index);

	if (traffic) {
		traffic->packets++;
		traffic->bytes += bytes;
		traffic->flows += flows;
	}
	traffic = service_traffic.lookup(&service);
	if (traffic) {
		traffic->packets++;
		traffic->bytes += bytes;
		traffic->flows += flows;
	}
}

static __always_inline void count_reason(const struct packet *pkt, s32 reason)
{
	lookup_key row = (pkt->link & (MAX_LINKS - 1)) * MAX_REASONS + (reason & (MAX_REASONS - 1));
	u64 *counter = counters.lookup(&row);

	if (counter)
		(*counter)++;
}

#endif
