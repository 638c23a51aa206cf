/* SPDX-License-Identifier: GPL-2.0-only */
/* Where an entry may be written: the key's own, a free one, or the one that is worth least. */
#ifndef DSRLB_FLOW_SURVEY_H
#define DSRLB_FLOW_SURVEY_H

#include "flow_table.h"
#include "scratch.h"

/* What an insert reserved and has yet to publish. */
struct reserved {
	u64 *meta;
	u64 busy;
	u32 entry;
};

/* The slots of the set that block nobody: that of the other half of the same pair, which has another key. */
static __always_inline u64 own_slots(u32 at, const struct reserved *own)
{
	return own ? is_zero(at ^ own->entry / SET_FLOWS) << (own->entry & (SET_FLOWS - 1)) : 0;
}

/*
 * Note what one set has: the key, or else the entry that is worth least. With as few branches as
 * can be, for the verifier walks this for every set and attempt.
 */
static __always_inline void survey_set(u64 *set, u32 at, u32 probe, const struct flow_key *key,
				       bool ipv6, const struct reserved *own, struct survey *survey)
{
	u64 seen = 0, blocked = 0;
	u32 slot;

#pragma unroll
	for (slot = 0; slot < SET_FLOWS; slot++) {
		u64 meta = meta_load(&set[slot]);
		u64 worth = meta_worth(meta, key->now);

		if (worth < survey->worth) {
			survey->worth = worth;
			survey->meta = meta;
			survey->entry = at * SET_FLOWS + slot;
			survey->probe = probe;
		}
	}
	slot = set_match(set, key, ipv6, &seen, &blocked);
	survey->blocked |= blocked & ~own_slots(at, own);
	if (slot == SET_FLOWS)
		return;
	survey->same = true;
	survey->worth = meta_worth(seen, key->now);
	survey->meta = seen;
	survey->entry = at * SET_FLOWS + slot;
	survey->probe = probe;
}

/*
 * Look at every set in which the key may stand, and as far as there is a free entry. `own`: what the same
 * insert has reserved before, or NULL.
 */
static __always_inline void survey_sets(bool ipv6, struct span span, const struct flow_key *key,
					const struct reserved *own, struct survey *survey)
{
	u32 probe, at;
	u64 *set;

	survey->worth = ~0ull;
	survey->meta = FLOW_BUSY;
	survey->same = survey->blocked = 0;
	for (probe = 0; probe < SET_PROBES; probe++) {
		at = key_set(key, probe, span);
		set = table_set(ipv6, at);
		if (!set)
			return;
		survey_set(set, at, probe, key, ipv6, own, survey);
		if (survey->same || (!survey->worth && !set_spilled(ipv6, at)))
			return;
	}
}

#endif
