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

	if (!load || !load->max_open)
		return true;
	if (load->open >= load->max_open) {
		if (!load->full)
			load->full = 1;
		return false;
	}
	if (!load->full)
		return true;
	if (load->open > load->max_open_low)
		return false;
	load->full = 0;
	return true;
}

/*
 * Set with->index to the real server chosen. False: none of SCHEDULE_ATTEMPTS in a row may have the
 * flow; with->full then says whether one was refused for being full.
 */
static __always_inline bool schedule(const struct service_record *record, struct scratch *with)
{
	u64 *cursor = cursors.lookup(&with->service);
	u32 i;

	if (!cursor || !record->count)
		return false;
	for (i = 0; i < SCHEDULE_ATTEMPTS; i++) {
		u64 turn = with->by_hash ? with->hash + i : __sync_fetch_and_add(cursor, 1);
		lookup_key member = record->first + (u32)(turn % record->count), index;
		u64 *chosen = members.lookup(&member);
		struct real *real;

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
