/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Make and remove flows without a lock.
 *
 * An insert surveys the sets where its key may stand, takes the cheapest entry by compare-and-swap
 * (BUSY, with the key's tag), and commits by raising the counter of the key's stripe from what it
 * was before the survey; then the entry is written and published. Two inserts of one key are of
 * one stripe. The later commit read the counter behind the earlier one, hence surveyed behind the
 * earlier one's taking of its entry, and saw it: BUSY with its own tag, or the key itself. So a key
 * never stands twice. A commit that fails gives the entry back, as it was if it had the key already
 * and else empty (its flow may have been made anew elsewhere), and begins again.
 *
 * Of a pair's two inserts the second passes over the entry that the first has taken: BUSY until both
 * are published, maybe in one of the second key's sets and with its tag, and yet another key's.
 */
#ifndef DSRLB_FLOW_INSERT_H
#define DSRLB_FLOW_INSERT_H

#include "flow_count.h"
#include "flow_survey.h"
#include "flow_trace.h"

/*
 * So many full sets in a row say that a table is at its rating: there one insert in 1,600 meets
 * them, at four fifths of it one in 20,000, at half of it one in 7 million.
 */
#define PRESSURE_PROBE 4
#define PRESSURE_TICKS 24 /* 3.2 s: the first repetition of a SYN comes after one */

/* BUSY entries expire far away: by meta_worth() they are the last that an insert would take. */
#define BUSY_TICKS 0x40000000

enum insert_result {
	INSERT_MADE,
	INSERT_EXISTS, /* and `replace` was not given; its value is in `found` */
	INSERT_FULL,   /* and `may_replace` was not given */
	INSERT_RACED,  /* another CPU was faster: try again */
	INSERT_UNFIT,  /* of a flow that moves: what its key says has no room in the new tables */
};

static __always_inline u64 *insert_stripe(bool ipv6, const struct flow_key *key)
{
	lookup_key stripe = (ipv6 ? INSERT_STRIPES : 0) + (key->hash >> 8) % INSERT_STRIPES;

	return inserts.lookup(&stripe);
}

/* Note that the table is at its rating. */
static __always_inline void pressure_note(enum flow_table table, u32 now)
{
	lookup_key place = table * 8;
	u64 *since = pressure.lookup(&place);

	if (since && *since != now)
		*since = now;
}

/* Ticks since the table was last at its rating; many when it never was. */
static __always_inline u32 pressure_age(enum flow_table table, u32 now)
{
	lookup_key place = table * 8;
	u64 *since = pressure.lookup(&place);

	return since && *since ? now - (u32)*since : ~0u;
}

static __always_inline void mark_probes(bool ipv6, struct span span, const struct flow_key *key,
					u32 probes)
{
	u32 probe;

	for (probe = 0; probe < SET_PROBES - 1; probe++) {
		hide(probe);
		if (probe >= probes)
			return;
		set_mark_spilled(ipv6, key_set(key, probe, span));
	}
}

/*
 * Free the entry, if its meta is `seen`; returns what it was. What is known of its flow by heart has to be
 * forgotten before anybody can have what it had, a pool's port say: until then it is BUSY, of the same version.
 */
static __always_inline u64 entry_free(const struct flow_ref *ref, u64 seen)
{
	u64 before = compare_and_swap(ref->meta, seen, seen | FLOW_BUSY);

	if (before != seen)
		return before;
	forget_copies(ref->entry, ref->value, seen);
	asm volatile("" ::: "memory");
	*(volatile u64 *)ref->meta = meta_next(seen, 0, 0, 0, false); /* see flow_publish() */
	return before;
}

/* Change an entry that still is what `ref` says to free; counted. False: it is another's. */
static __always_inline bool flow_remove(struct flow_ref *ref)
{
	u32 attempt;

	for (attempt = 0; attempt < 3; attempt++) {
		u64 meta = ref->seen;
		u64 before = entry_free(ref, meta);

		if (before == meta) {
			count_change(ref->value, meta, 0);
			return true;
		}
		if (((before ^ meta) & META_VERSION) || meta_is_busy(before))
			return false;
		ref->seen = before; /* only touched */
	}
	return false;
}

/* The entry with this number (set * SET_FLOWS + slot), as it is now. False: it is free or BUSY. */
static __always_inline bool flow_at(bool ipv6, u32 entry, struct flow_ref *ref)
{
	u64 *set = table_set(ipv6, entry / SET_FLOWS);
	u32 slot = entry & (SET_FLOWS - 1);

	if (!set)
		return false;
	ref->entry = entry;
	ref->meta = &set[slot];
	ref->seen = meta_load(ref->meta);
	ref->value = *(volatile u64 *)&set_flow(set, slot, ipv6)[flow_value_word(ipv6)];
	return meta_is_flow(ref->seen) && !((meta_load(ref->meta) ^ ref->seen) & META_VERSION);
}

/* The forward half of a pair, by the value of its reverse half. False: it is gone. */
static __always_inline bool pair_forward(bool ipv6, u64 reverse, struct flow_ref *forward)
{
	return flow_at(ipv6, (u32)reverse, forward) &&
	       meta_version(forward->seen) == ((reverse >> 32) & 0xffff);
}

/*
 * Has the forward half of this reverse half's value gone, or expired? Until then its entry keeps its
 * version, also while it is BUSY: the reverse half is published first.
 */
static __always_inline bool half_is_stale(bool ipv6, u64 reverse, u32 now)
{
	u64 *set = table_set(ipv6, (u32)reverse / SET_FLOWS), meta;

	if (!set)
		return true;
	meta = meta_load(&set[(u32)reverse & (SET_FLOWS - 1)]);
	return meta_version(meta) != ((reverse >> 32) & 0xffff) || meta_expired(meta, now);
}

/* The entry was taken from a flow: count that, and let the other half of a pair go as well. */
static __always_inline void displaced(bool ipv6, bool pending, u64 meta, bool same, u64 value,
				      u32 now)
{
	struct flow_ref forward;

	if (!meta_state(meta))
		return;
	count_flow_event(table_of(ipv6, pending),
			 same ? EVENT_SUPERSEDED : replaced_event(meta, now));
	if (!(meta & META_REVERSE))
		count_change(value, meta, 0);
	else if (pair_forward(ipv6, value, &forward))
		flow_remove(&forward);
}

static __always_inline void flow_write(u64 *flow, const struct flow_key *key, u64 value, bool ipv6)
{
	flow[0] = key->word[0];
	flow[1] = key->word[1];
	if (ipv6) {
		flow[2] = key->word[2];
		flow[3] = key->word[3];
		flow[4] = key->word[4];
	}
	*(volatile u64 *)&flow[flow_value_word(ipv6)] = value;
}

/* An entry that an insert would take, as it was seen. */
struct candidate {
	u64 *stripe;
	u64 before; /* what the stripe had counted when the sets were not yet looked at */
	u64 seen;   /* the entry's meta */
	u32 entry;
	u32 probe;
	bool same; /* it has the key already */
};

/* Take and write the entry, which nobody sees before it is published. False: another CPU was faster. */
static __always_inline bool entry_take(bool ipv6, bool pending, bool reverse,
				       const struct candidate *candidate,
				       const struct flow_key *key, u64 value,
				       struct reserved *reserved)
{
	u64 *set = table_set(ipv6, candidate->entry / SET_FLOWS), *meta, *flow;
	u64 seen = candidate->seen, before = candidate->before, busy, old;
	bool committed;

	if (!set)
		return false;
	meta = &set[candidate->entry & (SET_FLOWS - 1)];
	flow = set_flow(set, candidate->entry, ipv6);
	old = *(volatile u64 *)&flow[flow_value_word(ipv6)];
	busy = meta_next(seen, FLOW_BUSY, key_tag(key), candidate->probe, reverse) |
	       (u64)(key->now + BUSY_TICKS) << META_EXPIRES_SHIFT;
	if (compare_and_swap(meta, seen, busy) != seen)
		return false;
	forget_copies(candidate->entry, old, seen);
	committed = compare_and_swap(candidate->stripe, before, before + 1) == before;
	if (!committed && candidate->same) {
		/* As it was: nobody can have made the key meanwhile, the BUSY entry has its tag. */
		exchange(meta, seen);
		return false;
	}
	displaced(ipv6, pending, seen, candidate->same, old, key->now);
	if (!committed) {
		exchange(meta, meta_next(busy, 0, 0, 0, false));
		return false;
	}
	key_leave_trace(ipv6, key);
	flow_write(flow, key, value, ipv6);
	reserved->meta = meta;
	reserved->busy = busy;
	reserved->entry = candidate->entry;
	return true;
}

/* Is there an entry that may be taken? INSERT_MADE when there is. */
static __always_inline enum insert_result may_take(bool ipv6, u64 *meta, u64 value,
						   struct scratch *with)
{
	struct recording *recording = &with->recording;
	struct survey *survey = &with->survey;

	if (survey->same && survey->worth && !recording->replace &&
	    !(survey->meta & META_REVERSE && half_is_stale(ipv6, value, with->key.now))) {
		recording->found = value;
		return ((meta_load(meta) ^ survey->meta) & META_VERSION) ? INSERT_RACED :
									   INSERT_EXISTS;
	}
	if (survey->worth && !survey->same) {
		pressure_note(table_of(ipv6, recording->pending), with->key.now);
		if (!recording->may_replace || (!recording->promotes && !recording->pair &&
						meta_state(survey->meta) > recording->state))
			return INSERT_FULL;
	}
	return INSERT_MADE;
}

/*
 * Write with->key and with->recording.value into an entry of the table, which nobody sees before it
 * is published. `own`: what the same insert has reserved before, or NULL.
 */
static __always_inline enum insert_result
flow_reserve(bool ipv6, struct scratch *with, const struct reserved *own, struct reserved *reserved)
{
	const struct flow_key *key = &with->key;
	struct recording *recording = &with->recording;
	struct survey *survey = &with->survey;
	struct span span = table_span(recording->pending);
	struct candidate candidate = { .stripe = insert_stripe(ipv6, key) };
	enum insert_result result;
	u64 *set, *flow, old;

	if (!candidate.stripe)
		return INSERT_RACED;
	candidate.before = *(volatile u64 *)candidate.stripe;
	survey_sets(ipv6, span, key, own, survey);
	set = table_set(ipv6, survey->entry / SET_FLOWS);
	if (!set || survey->blocked || meta_is_busy(survey->meta))
		return INSERT_RACED;
	flow = set_flow(set, survey->entry, ipv6);
	old = *(volatile u64 *)&flow[flow_value_word(ipv6)];
	result = may_take(ipv6, &set[survey->entry & (SET_FLOWS - 1)], old, with);
	if (result != INSERT_MADE)
		return result;
	if (survey->probe) {
		mark_probes(ipv6, span, key, survey->probe);
		if (survey->probe >= PRESSURE_PROBE)
			pressure_note(table_of(ipv6, recording->pending), key->now);
	}
	candidate.seen = survey->meta;
	candidate.entry = survey->entry;
	candidate.probe = survey->probe;
	candidate.same = survey->same;
	return entry_take(ipv6, recording->pending, recording->reverse, &candidate, key,
			  recording->value, reserved) ?
		       INSERT_MADE :
		       INSERT_RACED;
}

/*
 * Stores do not overtake stores: whoever sees the state sees the flow. And nobody but who made an entry
 * BUSY writes its meta.
 */
static __always_inline u64 flow_publish(const struct reserved *reserved, u32 state, u32 expires)
{
	u64 meta = meta_with(reserved->busy, state, expires);

	asm volatile("" ::: "memory");
	*(volatile u64 *)reserved->meta = meta;
	return meta;
}

/* Make the flow of with->key as with->recording says. */
static __always_inline enum insert_result flow_insert(bool ipv6, struct scratch *with)
{
	const struct recording *recording = &with->recording;
	struct reserved reserved;
	enum insert_result result = flow_reserve(ipv6, with, NULL, &reserved);
	enum flow_table table = table_of(ipv6, recording->pending);

	if (result == INSERT_MADE)
		count_change(recording->value, 0,
			     flow_publish(&reserved, recording->state, recording->expires));
	if (result == INSERT_MADE || result == INSERT_RACED)
		count_flow_event(table, result == INSERT_MADE ? EVENT_MADE : EVENT_RACED);
	return result;
}

#endif
