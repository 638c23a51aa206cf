/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Choose the real server of a new flow.
 *
 * Round robin and its weighted form are one thing here: the control plane writes the smooth
 * sequence of a whole cycle into members[], and one cursor per service walks it. A fetch-and-add
 * makes that exact on any number of CPUs. Where a flow cannot be recorded, its hash takes the
 * cursor's place: every packet of it finds the same real server without a record.
 */
#ifndef DSRLB_SCHEDULE_H
#define DSRLB_SCHEDULE_H

#include "scratch.h"

/*
 * May the real have another flow? It may until it has max_open, and then again when it has come
 * down to max_open_low. Handshakes that are under way are not counted: anybody can begin those.
 */
static __always_inline bool has_room(lookup_key index)
{
	struct load *load = loads.lookup(&index);
	s64 open;

	if (!load)
		return true;
	open = load->open; /* below 0 for a moment while a removed real's count is put right */
	if (load->max_open && open >= (s64)load->max_open) {
		if (!load->full)
			load->full = 1;
		return false;
	}
	if (!load->full)
		return true;
	if (load->max_open && open > (s64)load->max_open_low)
		return false;
	load->full = 0;
	return true;
}

/*
 * Set with->index to the real server chosen: the first in turn that may have the flow. Behind a row
 * of SCHEDULE_ATTEMPTS that may not the whole schedule is searched, in SCHEDULE_SEARCH steps. False:
 * there is none; with->full then says whether one was refused for being full.
 */
static __always_inline bool schedule(const struct service_record *record, struct scratch *with)
{
	u64 *cursor = cursors.lookup(&with->service);
	u64 turn = with->hash;
	u32 i, stride;

	if (!cursor || !record->count)
		return false;
	stride = record->count / SCHEDULE_SEARCH + 1;
	for (i = 0; i < SCHEDULE_ATTEMPTS + SCHEDULE_SEARCH; i++) {
		lookup_key member, index;
		struct real *real;
		u64 *chosen;

		if (i >= SCHEDULE_ATTEMPTS)
			turn += stride;
		else if (with->by_hash)
			turn++;
		else
			turn = __sync_fetch_and_add(cursor, 1);
		member = record->first + (u32)(turn % record->count);
		chosen = members.lookup(&member);
		if (!chosen)
			return false;
		index = *chosen;
		real = reals.lookup(&index);
		if (!real || !(real->flags & REAL_USABLE))
			continue;
		if (has_room(index)) {
			with->index = index;
			return true;
		}
		with->full = 1;
	}
	return false;
}

#endif
