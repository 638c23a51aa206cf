/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Flow tables: sets, and how a key is found in them.
 *
 * A set is SET_FLOWS meta words, then as many flows. A key has an order of SET_PROBES sets and
 * stands in the first that had room when it came; a set that sent one on has its bit in spills[],
 * so that a look-up ends at the first set without the bit. Nobody holds a lock: a reader compares
 * the version in meta before and after (flow_find), a writer takes an entry by compare-and-swap
 * (flow_insert.h). docs/ARCHITECTURE.md has the drawing.
 */
#ifndef DSRLB_FLOW_TABLE_H
#define DSRLB_FLOW_TABLE_H

#include "flow_key.h"

/* A flow as it was found: `seen` is its meta, by which a change tells that it still is the same. */
struct flow_ref {
	u64 *meta;
	u64 seen;
	u64 value;
	u32 entry; /* set * SET_FLOWS + slot */
};

/*
 * The family must be known where the code is generated: the verifier does not see that layout and
 * map hang together.
 */
static __always_inline u64 *table_set(bool ipv6, lookup_key set)
{
	return ipv6 ? (u64 *)flows6.lookup(&set) : (u64 *)flows4.lookup(&set);
}

/* Have the CPU fetch a set that is needed in a while; nothing waits for it. */
static __always_inline void table_touch(bool ipv6, u32 at)
{
	u64 *set = table_set(ipv6, at), first;

	if (!set)
		return;
	first = *(volatile u64 *)set;
	asm volatile("" ::"r"(first));
}

static __always_inline enum flow_table table_of(bool ipv6, bool pending)
{
	return (ipv6 ? TABLE_FLOWS6 : TABLE_FLOWS4) + (pending ? TABLE_PENDING4 : 0);
}

/* The words of the flow in `slot`: its key, then its value. */
static __always_inline u64 *set_flow(u64 *set, u32 slot, bool ipv6)
{
	u32 words = ipv6 ? sizeof(struct flow6) / 8 : sizeof(struct flow4) / 8;

	return set + SET_FLOWS + (slot & (SET_FLOWS - 1)) * words;
}

static __always_inline u32 flow_value_word(bool ipv6)
{
	return ipv6 ? KEY6_WORDS : KEY4_WORDS;
}

static __always_inline bool flow_has_key(const u64 *flow, const struct flow_key *key, bool ipv6)
{
	if (flow[0] != key->word[0] || flow[1] != key->word[1])
		return false;
	return !ipv6 ||
	       (flow[2] == key->word[2] && flow[3] == key->word[3] && flow[4] == key->word[4]);
}

static __always_inline u64 *spill_word(bool ipv6, u32 bitmap, u32 set)
{
	lookup_key word = ((ipv6 ? 2 : 0) + (bitmap & 1)) * MAX_SPILL_WORDS + (set >> 6);

	return spills.lookup(&word);
}

/* Has the set ever (since the bitmap was made) been full when a flow came? */
static __always_inline bool set_spilled(bool ipv6, u32 set)
{
	struct flow_settings *settings = flow_settings_find();
	u64 *word = settings ? spill_word(ipv6, settings->spill_active, set) : NULL;

	return word && (*word >> (set & 63) & 1);
}

static __always_inline void set_mark_spilled(bool ipv6, u32 set)
{
	u64 bit = 1ull << (set & 63);
	u64 *word = spill_word(ipv6, 0, set);

	if (word && !(*word & bit))
		__sync_fetch_and_or(word, bit);
	word = spill_word(ipv6, 1, set);
	if (word && !(*word & bit))
		__sync_fetch_and_or(word, bit);
}

/*
 * Return the slot of the set that has the key, and its meta word; SET_FLOWS when none has. Unless
 * `blocked` is NULL it gets a bit for each slot that is BUSY with the key's tag: told from the same
 * load, for otherwise the key might be BUSY now and there before and after, and be missed.
 */
static __always_inline u32 set_match(u64 *set, const struct flow_key *key, bool ipv6, u64 *seen,
				     u64 *blocked)
{
	u64 tag = (u64)key_tag(key) << META_TAG_SHIFT;
	u32 slot;

#pragma unroll
	for (slot = 0; slot < SET_FLOWS; slot++) {
		u64 meta = meta_load(&set[slot]);

		if (blocked)
			*blocked |= (meta_is_busy(meta) & is_zero((meta ^ tag) & META_TAG)) << slot;
		if ((meta & META_TAG) != tag || !flow_has_key(set_flow(set, slot, ipv6), key, ipv6))
			continue;
		if (!meta_is_flow(meta))
			continue;
		*seen = meta;
		return slot;
	}
	return SET_FLOWS;
}

/* The flow in the slot that had the key when its meta was `seen`. False: it changed hands meanwhile. */
static __always_inline bool found_at(u64 *set, u32 at, u32 slot, u64 seen, bool ipv6,
				     struct flow_ref *found)
{
	found->meta = &set[slot];
	found->seen = seen;
	found->value = *(volatile u64 *)&set_flow(set, slot, ipv6)[flow_value_word(ipv6)];
	found->entry = at * SET_FLOWS + slot;
	/* Another flow's, or written meanwhile: what was read may be half of each. */
	return !((meta_load(found->meta) ^ seen) & META_VERSION);
}

/* Look for the key among the four of one set. */
static __always_inline bool set_find(u64 *set, u32 at, const struct flow_key *key, bool ipv6,
				     struct flow_ref *found)
{
	u64 seen = 0;
	u32 slot = set_match(set, key, ipv6, &seen, NULL);

	if (slot == SET_FLOWS)
		return false;
	return found_at(set, at, blur(slot, seen) & (SET_FLOWS - 1), seen, ipv6, found);
}

/* Look for the key in the first set of its order, whose number is *at; expired or not. */
static __always_inline bool flow_find_first(bool ipv6, bool pending, const struct flow_key *key,
					    struct flow_ref *found, u32 *at)
{
	u64 *set;

	*at = key_set(key, 0, table_span(pending));
	set = table_set(ipv6, *at);
	return set && set_find(set, *at, key, ipv6, found);
}

/* Has a flow of the set the key? Without branches, see flow_find(). */
static __always_inline bool set_has(const u64 *set, const struct flow_key *key, bool ipv6)
{
	u64 tag = (u64)key_tag(key) << META_TAG_SHIFT, has = 0;
	u32 i;

#pragma unroll
	for (i = 0; i < SET_FLOWS; i++) {
		const u64 *flow = set_flow((u64 *)set, i, ipv6);
		u64 meta = meta_load(&set[i]), state = meta & META_STATE, other, negative;

		other = (state - 1) | (FLOW_BUSY - 1 - state); /* negative: free or BUSY */
		hide(other); /* from LLVM, which would make branches of what follows */
		other = other >> 63 | ((meta ^ tag) & META_TAG) | (flow[0] ^ key->word[0]) |
			(flow[1] ^ key->word[1]);
		if (ipv6)
			other |= (flow[2] ^ key->word[2]) | (flow[3] ^ key->word[3]) |
				 (flow[4] ^ key->word[4]);
		negative = -other;
		hide(negative);
		has |= ~(other | negative);
	}
	return has >> 63;
}

/*
 * Return whether the table has a flow with this key that has not expired. The loop only looks for the set:
 * the verifier would walk each once for every way through those before it.
 */
static __always_inline bool flow_find(bool ipv6, bool pending, const struct flow_key *key,
				      struct flow_ref *found)
{
	struct span span = table_span(pending);
	u32 at = key_set(key, 0, span), probe;
	u64 *set = table_set(ipv6, at);

	if (!set)
		return false;
	if (set_find(set, at, key, ipv6, found))
		return !meta_expired(found->seen, key->now);
	for (probe = 1; probe < SET_PROBES; probe++) {
		hide(probe);
		if (!set_spilled(ipv6, at))
			return false;
		at = key_set(key, probe, span);
		set = table_set(ipv6, at);
		if (!set)
			return false;
		if (set_has(set, key, ipv6))
			return set_find(set, at, key, ipv6, found) &&
			       !meta_expired(found->seen, key->now);
	}
	return false;
}

/* As flow_find(), where the family is the key's. */
static __always_inline bool flow_find_any(bool pending, const struct flow_key *key,
					  struct flow_ref *found)
{
	return key->ipv6 ? flow_find(true, pending, key, found) :
			   flow_find(false, pending, key, found);
}

#endif
