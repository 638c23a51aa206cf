/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Choose the real server of a new flow.
 *
 * members[] has a service's real servers, each once; tables[] an order of them in which each stands as often
 * as its share says: a whole cycle of weighted round robin, or what a hash looks up. Whose turn it is a
 * cursor per service says; a hash says it for hash and maglev, and where a flow cannot be recorded: then
 * every packet of it finds the same real server. Algorithms that compare all real servers do so in scan.h.
 */
#ifndef DSRLB_SCHEDULE_H
#define DSRLB_SCHEDULE_H

#include "algorithms.h"
#include "scratch.h"

static __always_inline u32 member_real(u64 member)
{
	return member;
}

static __always_inline u32 member_weight(u64 member)
{
	return member >> 32;
}

/*
 * Is the real at its limit, or not yet down far enough from it? Handshakes that are under way do not count:
 * anybody can begin those. (Without branches, which a loop over many has no room for.)
 */
static __always_inline bool load_has_room(struct load *load)
{
	u64 open = load->open, was = load->full, full;

	open &= ~((s64)open >>
		  63); /* below 0 for a moment while a removed real's count is put right */
	full = less(load->max_open, open + 1) | (less(load->max_open_low, open) & was);
	full &= less(0, load->max_open);
	if (full != was)
		load->full = full;
	return !full;
}

/* May the real have another flow? It may until it has max_open, then when it is down to max_open_low. */
static __always_inline bool has_room(lookup_key index)
{
	struct load *load = loads.lookup(&index);

	return !load || load_has_room(load);
}

/* The index of the real server at a place of the members, or of the table where there is one. 0: none. */
static __always_inline u32 real_at(const struct service_record *record, u32 place)
{
	lookup_key at = record->first + place;
	struct table_line *line;
	u64 *member;

	if (record->table_count) {
		at = record->table_first + place / TABLE_LINE;
		line = tables.lookup(&at);
		return line ? line->real[place & (TABLE_LINE - 1)] : 0;
	}
	member = members.lookup(&at);
	return member ? member_real(*member) : 0;
}

/* Set with->index to the real and return it, if it may have the flow; or NULL. */
static __always_inline struct real *take(lookup_key index, struct scratch *with)
{
	struct real *real = reals.lookup(&index);

	if (!real || !(real->flags & REAL_USABLE))
		return NULL;
	if (!has_room(index)) {
		with->full = 1;
		return NULL;
	}
	with->index = index;
	return real;
}

/* The place whose turn it is, by one fetch-and-add, which is exact on any number of CPUs. */
static __always_inline u32 next_turn(u64 *cursor, u32 places)
{
	return __sync_fetch_and_add(cursor, 1) % places;
}

/* How many places there are to take turns, or for a hash to name. */
static __always_inline u32 places_of(const struct service_record *record)
{
	return record->table_count ? record->table_count : record->count;
}

static __always_inline u32 hashed_place(const struct scratch *with, u32 places)
{
	return (u64)with->hash * places >> 32;
}

static __always_inline bool takes_turns(const struct scratch *with)
{
	return !with->by_hash && with->kind != KIND_HASH;
}

/*
 * The real server whose turn it is, or that the hash names (with->index). NULL: it may not have the flow, and
 * schedule() goes on with the next turn.
 */
static __always_inline struct real *schedule_first(const struct service_record *record,
						   struct scratch *with)
{
	u32 places = places_of(record);
	u64 *cursor = cursors.lookup(&with->service);

	if (!cursor || !record->count)
		return NULL;
	with->attempted = takes_turns(with);
	return take(real_at(record, takes_turns(with) ? next_turn(cursor, places) :
							hashed_place(with, places)),
		    with);
}

/*
 * Set with->index to the real server chosen: the first in turn, or from the place that the hash names, that
 * may have the flow. Behind a row of SCHEDULE_ATTEMPTS that may not, with->search asks for any other.
 */
static __always_inline void schedule(const struct service_record *record, struct scratch *with)
{
	u32 places = places_of(record), place, turns = takes_turns(with), i;
	u64 *cursor = cursors.lookup(&with->service);

	if (!cursor || !record->count)
		return;
	places = blur(places, with->hash);
	turns = blur(turns, with->hash);
	place = hashed_place(with, places);
	for (i = 0; i < SCHEDULE_ATTEMPTS; i++) {
		hide(i);
		if (i >= SCHEDULE_ATTEMPTS - with->attempted)
			break;
		if (turns)
			place = next_turn(cursor, places);
		if (take(real_at(record, place), with))
			return;
		place++;
		if (place >= places)
			place = 0;
		place = blur(place, with->hash);
	}
	with->search = SEARCH_WANTED;
}

#endif
