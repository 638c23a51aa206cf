/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Is there somebody who looks after things? The daemon says so every second, if that is wanted of it
 * (balancer.fail_open). When it has not for long, new flows are no longer given to real servers of which nobody
 * knows how they are; those that there are go on.
 */
#ifndef DSRLB_SILENCE_H
#define DSRLB_SILENCE_H

#include "maps.h"

#define SILENCE_NONE 0
#define SILENCE_PASS 1 /* new flows are the kernel's */
#define SILENCE_DROP 2

/* What becomes of new flows, by what the daemon wrote with one store: see maps.h, `heard`. */
static __always_inline u32 daemon_silence(u32 now)
{
	lookup_key zero = 0;
	u64 *word = heard.lookup(&zero), value;
	u32 limit;

	if (!word)
		return SILENCE_NONE;
	value = *(volatile u64 *)word;
	limit = value >> 32 & 0x7fffffff;
	if (!limit || (s32)(now - (u32)value) <= (s32)limit)
		return SILENCE_NONE;
	return value >> 63 ? SILENCE_DROP : SILENCE_PASS;
}

#endif
