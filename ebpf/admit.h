/* SPDX-License-Identifier: GPL-2.0-only */
/* Which new flows a service takes: allow and deny lists, rates. Flows that are there are not asked. */
#ifndef DSRLB_ADMIT_H
#define DSRLB_ADMIT_H

#include "packet.h"
#include "service.h"

static __always_inline bool source_admitted(const struct service_record *record,
					    const struct packet *pkt, struct scratch *with)
{
	struct source_key *key = &with->source_key;
	u32 *verdict;

	if (!record->source_list)
		return true;
	key->prefix = 32 + 128;
	key->list = record->source_list;
	key->address = pkt->source;
	verdict = sources.lookup(key);
	if (!verdict)
		return !(record->flags & SERVICE_ALLOW_ONLY);
	return *verdict == SOURCE_ALLOWED;
}

/*
 * One flow of a rate whose theoretical arrival time is *tat. Virtual scheduling (ITU-T I.371): early
 * by more than `burst` is too many, and does not count.
 */
static __always_inline bool rate_admits(u64 *tat, u64 now, u64 interval, u64 burst)
{
	u32 attempt;

	for (attempt = 0; attempt < 4; attempt++) {
		u64 due = *(volatile u64 *)tat;
		u64 from = (s64)(due - now) > 0 ? due : now;

		if (from - now > burst + interval) /* of a slower rate that was in force before */
			from = now + burst;
		if (from - now > burst)
			return false;
		if (__sync_val_compare_and_swap(tat, due, from + interval) == due)
			return true;
	}
	return false; /* so many CPUs at once that one more is too many */
}

static __always_inline bool source_rate_admits(const struct service_record *record,
					       const struct packet *pkt, struct scratch *with,
					       u64 now)
{
	struct source_rate_key *key = &with->source_rate_key;
	u64 *tat, first = now + record->source_interval;

	key->service = with->service;
	key->address = pkt->source;
	if (pkt->ipv6)
		key->address.word_be[2] = key->address.word_be[3] = 0;
	tat = source_rates.lookup(key);
	if (tat)
		return rate_admits(tat, now, record->source_interval, record->source_burst);
	source_rates.update(key, &first);
	return true;
}

/*
 * Return R_CONTINUE or the reason to refuse. The source is asked first: it must not use up what the
 * service takes. An ACK whose SYN was not recorded counts as well: it may be forged.
 */
static __always_inline s32 admit(const struct service_record *record, const struct packet *pkt,
				 struct scratch *with)
{
	u64 *tat, now;

	if (!source_admitted(record, pkt, with))
		return R_DENIED;
	if (!record->source_interval && !record->service_interval)
		return R_CONTINUE;
	now = bpf_ktime_get_ns();
	if (record->source_interval && !source_rate_admits(record, pkt, with, now))
		return R_SOURCE_RATE;
	tat = service_rates.lookup(&with->service);
	if (record->service_interval && tat &&
	    !rate_admits(tat, now, record->service_interval, record->service_burst))
		return R_SERVICE_RATE;
	return R_CONTINUE;
}

#endif
