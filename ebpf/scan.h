/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Algorithms that compare all real servers of a service, from the one behind who was chosen last: so those
 * that are equal take turns. And a search for any that is not full. What the loops keep is in scratch[], where the
 * verifier does not look.
 */
#ifndef DSRLB_SCAN_H
#define DSRLB_SCAN_H

#include "methods.h"
#include "response.h"
#include "schedule.h"

/* The member at a place, and the place behind it. */
static __always_inline u64 *member_next(const struct service_record *record, struct scan *scan)
{
	u32 place = scan->place;
	lookup_key at;

	if (place >= record->count)
		place = 0;
	place = blur(place, record->first);
	at = record->first + place;
	scan->place = place + 1;
	return members.lookup(&at);
}

static __always_inline u64 at_least_none(u64 flows)
{
	return flows & ~((s64)flows >> 63);
}

/* How many members are yet to be looked at; none where another record has fewer by now. */
static __always_inline u32 members_behind(const struct service_record *record,
					  const struct scan *scan)
{
	return at_least_none((u64)record->count - scan->looked);
}

/*
 * How many members are yet to be looked at, of which it is the turn of SCANNED_AT_ONCE: scan->more says whether there
 * are others behind those.
 */
static __always_inline u32 members_left(const struct service_record *record, struct scan *scan)
{
	u32 left = members_behind(record, scan);

	scan->more = left > SCANNED_AT_ONCE;
	scan->looked += SCANNED_AT_ONCE;
	return left;
}

/* The real server with the least in proportion to its weight, where that counts. */
static __always_inline void scan_loads(const struct service_record *record, struct scratch *with)
{
	/* Masks of what counts, so that there are no branches in the loop. */
	u64 pending = -(u64)(record->algorithm == ALGORITHM_ADAPTIVE);
	u64 weights = -(u64)(record->algorithm == ALGORITHM_WEIGHTED_LEAST_CONNECTION);
	struct scan *scan = &with->scan;
	u32 left = members_left(record, scan), i;

	pending = blur(pending, with->hash);
	weights = blur(weights, with->hash);
	for (i = 0; i < SCANNED_AT_ONCE; i++) {
		u64 *member = member_next(record, scan), has, weight;
		lookup_key index;
		struct load *load;

		hide(i);
		if (i >= left || !member)
			break;
		index = member_real(*member);
		weight = ((member_weight(*member) - 1) & weights) + 1;
		load = loads.lookup(&index);
		if (!load)
			break;
		if (!load_has_room(load)) {
			with->full = 1;
			continue;
		}
		has = at_least_none(load->open) + (at_least_none(load->pending) & pending);
		if (scan->index && has * scan->weight >= scan->least * weight)
			continue;
		scan->least = has;
		scan->weight = weight;
		scan->index = index;
		scan->next = scan->place;
	}
}

static __always_inline void scan_choose(struct scan *scan, u32 index)
{
	scan->index = index;
	scan->next = scan->place;
}

/* The time that was measured, while it counts; 0: there is none. */
static __always_inline u64 response_counts(u64 measured, u32 now)
{
	return response_time(measured) & -less(age_of(measured, now), RESPONSE_STALE);
}

/* Is a flow to be sent there to see how long it takes, as far as flows show that? Then it is this one. */
static __always_inline bool response_due(struct response *response, u64 measured, u32 now,
					 u32 shows)
{
	u64 tried = *(volatile u64 *)&response->tried, due;

	due = less(response_counts(measured, now), 1) & shows;
	due &= less(tried, 1) | (less(age_of(tried, now), RESPONSE_TRY) ^ 1);
	return due && compare_and_swap(&response->tried, tried, now) == tried;
}

/* The first real server that is due, or the least of the response times. */
static __always_inline void scan_responses(const struct service_record *record,
					   struct scratch *with, u32 now)
{
	struct scan *scan = &with->scan;
	u32 left = members_left(record, scan), i;

	for (i = 0; i < SCANNED_AT_ONCE; i++) {
		u64 *member = member_next(record, scan), measured, time;
		struct response *response;
		struct load *load;
		lookup_key index;

		hide(i);
		if (i >= left || !member)
			break;
		index = member_real(*member);
		response = responses.lookup(&index);
		load = loads.lookup(&index);
		if (!response || !load)
			break;
		if (!load_has_room(load)) {
			with->full = 1;
			continue;
		}
		measured = *(volatile u64 *)&response->measured;
		if (response_due(response, measured, now, scan->shows)) {
			scan_choose(scan, index);
			scan->least = scan->more = 0;
			break;
		}
		if (!scan->index) /* should there be no other */
			scan_choose(scan, index);
		time = response_counts(measured, now) - 1; /* none: more than any */
		if (time < scan->least - 1) {
			scan->least = time + 1;
			scan_choose(scan, index);
		}
	}
}

/* The first one that takes hardly longer than the least: within a tenth. */
static __always_inline void scan_near(const struct service_record *record, struct scratch *with,
				      u32 now)
{
	struct scan *scan = &with->scan;
	u64 most = scan->least + scan->least / 10;
	u32 left = members_left(record, scan), i;

	for (i = 0; i < SCANNED_AT_ONCE; i++) {
		u64 *member = member_next(record, scan), time;
		struct response *response;
		struct load *load;
		lookup_key index;

		hide(i);
		if (i >= left || !member)
			break;
		index = member_real(*member);
		response = responses.lookup(&index);
		load = loads.lookup(&index);
		if (!response || !load)
			break;
		time = response_counts(*(volatile u64 *)&response->measured, now);
		if (!time || time > most || !load_has_room(load))
			continue;
		scan_choose(scan, index);
		scan->more = false;
		break;
	}
}

#define NO_RESPONSE (~0ull)

/*
 * Where replies come back a flow shows how fast its real server is, and one is sent where that is not known. Elsewhere
 * probes do (probe.h): there a real server that has not answered one for a while is none of the fast.
 */
static __always_inline void scan_fastest(const struct service_record *record, struct scratch *with)
{
	struct scan *scan = &with->scan;
	u32 now = with->packet.now;

	if (with->search != SEARCH_NEAR) {
		scan_responses(record, with, now);
		if (scan->more || !scan->least || scan->least == NO_RESPONSE)
			return;
		with->search = SEARCH_NEAR;
		scan->place = scan->from;
		scan->looked = 0;
	}
	scan_near(record, with, now);
}

static __always_inline void scan_begin(const struct service_record *record, struct scratch *with,
				       u64 cursor)
{
	struct scan *scan = &with->scan;

	__builtin_memset(scan, 0, sizeof(*scan));
	scan->place = scan->from = cursor;
	scan->least = NO_RESPONSE;
	scan->shows = method_replies(record->method);
	with->search = SEARCH_COMPARES;
}

/*
 * Set with->index to the real server chosen; 0: none may have the flow. It compares some of them at once: with->search
 * says whether it has to go on.
 */
static __always_inline void scan(const struct service_record *record, struct scratch *with)
{
	u64 *cursor = cursors.lookup(&with->service);
	struct scan *scan = &with->scan;

	if (!cursor || !record->count) {
		with->search = SEARCH_NONE; /* it may have had some when this began */
		return;
	}
	if (!with->search)
		scan_begin(record, with, *(volatile u64 *)cursor);
	if (record->algorithm == ALGORITHM_FASTEST_RESPONSE_TIME)
		scan_fastest(record, with);
	else
		scan_loads(record, with);
	if (scan->more)
		return;
	with->search = SEARCH_NONE;
	if (!scan->index)
		return;
	*(volatile u64 *)cursor = scan->next;
	if (!take(scan->index, with)) /* gone since the record was read */
		with->search = SEARCH_WANTED;
}

static __always_inline void search_begin(const struct service_record *record, struct scratch *with)
{
	with->scan.from = ((u64)with->hash * record->count) >> 32;
	with->scan.looked = 0;
	with->search = SEARCH_BEGUN;
}

/* The member at a place, which may be one of the next round. (Without a branch: SEARCHED_AT_ONCE are too many.) */
static __always_inline u64 *member_at(const struct service_record *record, u32 place)
{
	lookup_key at = record->first + place - (record->count & (less(place, record->count) - 1));

	return members.lookup(&at);
}

/*
 * Look for any that may have the flow, from a place that its hash names; some of them at once. False: go on
 * looking.
 */
static __always_inline bool search(const struct service_record *record, struct scratch *with)
{
	u32 left = members_behind(record, &with->scan), from, i;

	if (!left)
		return true;
	from = (with->scan.from + with->scan.looked) % record->count;
	with->scan.looked += SEARCHED_AT_ONCE;
	for (i = 0; i < SEARCHED_AT_ONCE; i++) {
		u64 *member;

		hide(i);
		if (i >= left)
			return true;
		member = member_at(record, from + i);
		if (!member || take(member_real(*member), with))
			return true;
	}
	return false;
}

#endif
