/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Flow tables that are about to be replaced by others of another size: what is there, found by the same keys.
 * The programs that use them are loaded for as long as that takes; former4 and its like are then the maps
 * that the other programs have as flows4 and so on. The hash has the same secret in both.
 */
#ifndef DSRLB_FORMER_H
#define DSRLB_FORMER_H

#include "flow_pair.h"

BPF_F_TABLE("array", u32, struct flow_set4, former4, FLOW_SETS, BPF_F_MMAPABLE);
BPF_F_TABLE("array", u32, struct flow_set6, former6, FLOW_SETS, BPF_F_MMAPABLE);
BPF_F_TABLE("array", u32, struct flow_settings, former_settings, 1, BPF_F_MMAPABLE);
BPF_F_TABLE("array", u32, u64, former_spills, 4 * MAX_SPILL_WORDS, BPF_F_MMAPABLE);

/* Do packets go by the new tables yet? One store of the control plane, for all interfaces at once. */
BPF_F_TABLE("array", u32, u64, moved, 1, BPF_F_MMAPABLE);
BPF_PROG_ARRAY(onward, ONWARD_COUNT);

static __always_inline struct flow_settings *former_settings_find(void)
{
	lookup_key zero = 0;

	return former_settings.lookup(&zero);
}

static __always_inline struct span former_span(bool pending)
{
	struct flow_settings *settings = former_settings_find();
	struct span nothing = {};

	return settings ? span_of(settings, pending) : nothing;
}

static __always_inline u64 *former_set(bool ipv6, lookup_key set)
{
	return ipv6 ? (u64 *)former6.lookup(&set) : (u64 *)former4.lookup(&set);
}

static __always_inline bool former_spilled(bool ipv6, u32 set)
{
	struct flow_settings *settings = former_settings_find();
	lookup_key place;
	u64 *word;

	if (!settings)
		return false;
	place = ((ipv6 ? 2 : 0) + (settings->spill_active & 1)) * MAX_SPILL_WORDS + (set >> 6);
	word = former_spills.lookup(&place);
	return word && (*word >> (set & 63) & 1);
}

/* As flow_find(). */
static __always_inline bool former_find(bool ipv6, bool pending, const struct flow_key *key,
					struct flow_ref *found)
{
	struct span span = former_span(pending);
	u32 probe;

	for (probe = 0; probe < SET_PROBES; probe++) {
		u32 at = key_set(key, probe, span);
		u64 *set = former_set(ipv6, at);

		if (!set)
			return false;
		if (set_find(set, at, key, ipv6, found))
			return !meta_expired(found->seen, key->now);
		if (!former_spilled(ipv6, at))
			return false;
	}
	return false;
}

/* As flow_at(), where it has not expired. */
static __always_inline bool former_at(bool ipv6, u32 entry, u32 now, struct flow_ref *ref)
{
	u64 *set = former_set(ipv6, entry / SET_FLOWS);
	u32 slot = entry & (SET_FLOWS - 1);

	if (!set)
		return false;
	ref->entry = entry;
	ref->meta = &set[slot];
	ref->seen = meta_load(ref->meta);
	ref->value = *(volatile u64 *)&set_flow(set, slot, ipv6)[flow_value_word(ipv6)];
	return meta_is_flow(ref->seen) && !meta_expired(ref->seen, now) &&
	       !((meta_load(ref->meta) ^ ref->seen) & META_VERSION);
}

/* The forward half of a pair, by its reverse half. */
static __always_inline bool former_forward(bool ipv6, const struct flow_ref *reverse, u32 now,
					   struct flow_ref *forward)
{
	return former_at(ipv6, (u32)reverse->value, now, forward) &&
	       meta_version(forward->seen) == ((reverse->value >> 32) & 0xffff);
}

/* The key of an entry. False: it changed hands meanwhile. */
static __always_inline bool former_key(bool ipv6, const struct flow_ref *ref, u32 now,
				       struct flow_key *key)
{
	u64 *set = former_set(ipv6, ref->entry / SET_FLOWS), *flow;
	u32 i;

	if (!set)
		return false;
	flow = set_flow(set, ref->entry, ipv6);
#pragma unroll
	for (i = 0; i < (ipv6 ? KEY6_WORDS : KEY4_WORDS); i++)
		key->word[i] = *(volatile u64 *)&flow[i];
	key->ipv6 = ipv6;
	key->now = now;
	key_hash(key);
	return !((meta_load(&set[ref->entry & (SET_FLOWS - 1)]) ^ ref->seen) & META_VERSION);
}

#endif
