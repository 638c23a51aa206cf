/* SPDX-License-Identifier: GPL-2.0-only */
/* How fast real servers answer: measurements, and what one says how long. */
#ifndef DSRLB_RESPONSE_H
#define DSRLB_RESPONSE_H

#include "flow_key.h"
#include "flow_meta.h"

static __always_inline u32 response_time(u64 measured)
{
	return measured >> 32;
}

/* Ticks since the one in the low half. Another CPU's may be a moment ahead. */
static __always_inline u32 age_of(u64 tick, u32 now)
{
	s32 age = now - (u32)tick;

	return age & ~(age >> 31);
}

/* Smooth by an eighth, as TCP does (RFC 6298, 2.3), but by at least one unit, so that it gets there. */
static __always_inline u32 response_smooth(u32 smoothed, u32 sample)
{
	u32 step;

	if (sample > smoothed) {
		step = (sample - smoothed) / 8;
		return smoothed + (step ? step : 1);
	}
	step = (smoothed - sample) / 8;
	return smoothed - (step || smoothed == sample ? step : 1);
}

/* A real server took so long to answer. What is old has no say in what it takes now. */
static __always_inline void response_sample(lookup_key index, u64 ns, u32 now)
{
	struct response *response = responses.lookup(&index);
	u64 units = ns >> RESPONSE_SHIFT, before;
	u32 time;

	if (!response)
		return;
	time = units > 0xffffffff ? 0xffffffff : units ? units : 1;
	before = *(volatile u64 *)&response->measured;
	if (response_time(before) && age_of(before, now) < RESPONSE_STALE)
		time = response_smooth(response_time(before), time);
	compare_and_swap(&response->measured, before, (u64)time << 32 | now);
}

static __always_inline u64 timing_flow(bool ipv6, u32 entry, u64 meta)
{
	return entry | (u64)meta_version(meta) << 32 | (u64)ipv6 << 48;
}

/* A flow that is answered in a while begins. Who waits longest in the same place is forgotten. */
static __always_inline void timing_begin(bool ipv6, u32 entry, u64 meta)
{
	lookup_key place = entry & (TIMINGS - 1);
	struct timing *timing = timings.lookup(&place);

	if (!timing)
		return;
	*(volatile u64 *)&timing->flow = 0;
	*(volatile u64 *)&timing->ns = bpf_ktime_get_ns();
	*(volatile u64 *)&timing->flow = timing_flow(ipv6, entry, meta);
}

/* Its first packet came again: an answer will not tell to which (Karn's algorithm; RFC 6298, 3). */
static __always_inline void timing_forget(bool ipv6, u32 entry, u64 meta)
{
	lookup_key place = entry & (TIMINGS - 1);
	struct timing *timing = timings.lookup(&place);
	u64 flow = timing_flow(ipv6, entry, meta);

	if (timing && *(volatile u64 *)&timing->flow == flow)
		compare_and_swap(&timing->flow, flow, 0);
}

/* The first answer to it is here. */
static __always_inline void timing_end(bool ipv6, u32 entry, u64 meta, lookup_key real, u32 now)
{
	lookup_key place = entry & (TIMINGS - 1);
	struct timing *timing = timings.lookup(&place);
	u64 flow = timing_flow(ipv6, entry, meta), began;

	if (!timing || *(volatile u64 *)&timing->flow != flow)
		return;
	began = *(volatile u64 *)&timing->ns;
	if (compare_and_swap(&timing->flow, flow, 0) == flow)
		response_sample(real, bpf_ktime_get_ns() - began, now);
}

#endif
