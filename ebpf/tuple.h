/* SPDX-License-Identifier: GPL-2.0-only */
/* Has a flow the replies with some key? Asked so that the verifier can follow, also in loops. */
#ifndef DSRLB_TUPLE_H
#define DSRLB_TUPLE_H

#include "flow_pair.h"

/*
 * The slot of the set that has the key, or SET_FLOWS. As set_match(), but without branches, which the
 * verifier keeps account of: a loop over ports has no room for those of sets in a loop of their own.
 */
static __always_inline u32 set_slot(const u64 *set, const struct flow_key *key, bool ipv6)
{
	u64 tag = (u64)key_tag(key) << META_TAG_SHIFT, slot = SET_FLOWS;
	u32 i;

#pragma unroll
	for (i = 0; i < SET_FLOWS; i++) {
		const u64 *flow = set_flow((u64 *)set, i, ipv6);
		u64 meta = meta_load(&set[i]), state = meta & META_STATE, other, is_own;

		hide(state); /* from LLVM, which would make branches of what follows */
		other = ((state - 1) | (FLOW_BUSY - 1 - state)) >> 63; /* neither free nor BUSY */
		other |= ((meta ^ tag) & META_TAG) | (flow[0] ^ key->word[0]) |
			 (flow[1] ^ key->word[1]);
		if (ipv6)
			other |= (flow[2] ^ key->word[2]) | (flow[3] ^ key->word[3]) |
				 (flow[4] ^ key->word[4]);
		is_own = (other | -other) >> 63 ^ 1;
		hide(is_own);
		slot += (i - slot) * is_own;
	}
	return blur(slot, tag);
}

/* The entry (set * SET_FLOWS + slot) that has the key, into with->seen_entry; false: none has. */
static __always_inline bool entry_seek(bool ipv6, bool pending, struct scratch *with)
{
	const struct flow_key *key = &with->reverse;
	struct span span = table_span(pending);
	u32 probe;

	for (probe = 0; probe < SET_PROBES; probe++) {
		u32 at = key_set(key, probe, span), slot;
		u64 *set = table_set(ipv6, at);

		hide(probe);
		if (!set)
			return false;
		slot = set_slot(set, key, ipv6);
		with->seen_entry = at * SET_FLOWS + (slot & (SET_FLOWS - 1));
		if (slot != SET_FLOWS)
			return true;
		if (!set_spilled(ipv6, at))
			return false;
	}
	return false;
}

/* Has a flow of this table the replies with this key? with->seen is the half's value, with->seen_left its ticks. */
static __always_inline bool tuple_seen(bool ipv6, bool pending, struct scratch *with)
{
	u64 *set, meta;
	u32 slot;

	if (!entry_seek(ipv6, pending, with))
		return false;
	set = table_set(ipv6, with->seen_entry / SET_FLOWS);
	if (!set)
		return false;
	slot = bounded(with->seen_entry, SET_FLOWS - 1);
	meta = meta_load(&set[slot]);
	with->seen = set_flow(set, slot, ipv6)[flow_value_word(ipv6)];
	with->seen_left = meta_expires(meta) - with->reverse.now;
	if ((s32)with->seen_left <= 0)
		return false;
	if (meta & META_REVERSE)
		return !half_is_stale(ipv6, with->seen, with->reverse.now);
	with->seen_left = ~0u; /* a flow that a real server opened: it gives nothing away */
	return true;
}

#endif
