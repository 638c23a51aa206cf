/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Choose the real server of a new flow.
 *
 * Round robin and its weighted form are one thing here: the control plane writes the smooth
 * sequence of a whole cycle into members[], and one cursor per service walks it. A fetch-and-add
 * makes that exact on any number of CPUs.
 */
#ifndef DSRLB_SCHEDULE_H
#define DSRLB_SCHEDULE_H

#include "maps.h"

/* Return the real chosen and set *index, or NULL when none of a few in a row is usable. */
static __always_inline struct real *schedule(struct service_record *record, u32 service, u32 *index)
{
	u64 *cursor = cursors.lookup(&service);
	u32 i;

	if (!cursor || !record->count)
		return NULL;
	for (i = 0; i < SCHEDULE_ATTEMPTS; i++) {
		u64 turn = __sync_fetch_and_add(cursor, 1);
		u32 member = record->first + (u32)(turn % record->count);
		u64 *chosen = members.lookup(&member);
		struct real *real;

		if (!chosen)
			return NULL;
		*index = *chosen;
		real = reals.lookup(index);
		if (real && (real->flags & REAL_USABLE))
			return real;
	}
	return NULL;
}

#endif
