/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Flow tables that are about to be replaced by others of another size or layout: what is there, found by the same
 * keys. The programs that use them are loaded for as long as that takes; former4 and its like are then the maps that
 * the other programs, or those of the release before, have as flows4 and so on.
 */
#ifndef DSRLB_FORMER_H
#define DSRLB_FORMER_H

#include "flow_pair.h"
#include "former_layout.h"

BPF_F_TABLE("array", u32, struct former_set4, former4, FLOW_SETS, BPF_F_MMAPABLE);
BPF_F_TABLE("array", u32, struct former_set6, former6, FLOW_SETS, BPF_F_MMAPABLE);
BPF_F_TABLE("array", u32, struct former_sizes, former_settings, 1, BPF_F_MMAPABLE);
BPF_F_TABLE("array", u32, u64, former_spills, 4 * FORMER_SPILL_WORDS, BPF_F_MMAPABLE);

/* Do packets go by the new tables yet? One store of the control plane, for all interfaces at once. */
BPF_F_TABLE("array", u32, u64, moved, 1, BPF_F_MMAPABLE);

/*
 * What the new tables have, or had, of each former entry (carry.h): kept beside the tables, for a flow that has ended
 * there stands in the former ones yet, and neither a packet nor a later daemon may bring it back.
 */
struct carried {
	u64 flow; /* which one: carried_flow(); 0: none */
	u64 copy; /* its entry there, of a pair the forward half's, with its version: carried_copy(); 0: not told */
};

BPF_F_TABLE("array", u32, struct carried, carried4, FLOW_SETS *SET_FLOWS, BPF_F_MMAPABLE);
BPF_F_TABLE("array", u32, struct carried, carried6, FLOW_SETS *SET_FLOWS, BPF_F_MMAPABLE);

BPF_PROG_ARRAY(onward, ONWARD_COUNT);

#define FORMER_KEY4_WORDS (sizeof(struct former_key4) / 8)
#define FORMER_KEY6_WORDS (sizeof(struct former_key6) / 8)
#define FORMER_HASH_WORDS (sizeof(((struct former_sizes *)0)->secret) / 8 - 1)

/* A key as the former tables have it. */
union former_words {
	u64 word[FORMER_KEY6_WORDS];
	struct former_key4 four;
	struct former_key6 six;
};

/* ... and as the new ones have it. */
union present_words {
	u64 word[KEY6_WORDS];
	struct flow4_key four;
	struct flow6_key six;
};

static __always_inline struct former_sizes *former_settings_find(void)
{
	lookup_key zero = 0;

	return former_settings.lookup(&zero);
}

static __always_inline struct span former_span(bool pending)
{
	struct former_sizes *settings = former_settings_find();
	struct span span = {};

	if (!settings)
		return span;
	span.first = pending ? settings->flow_sets : 0;
	span.sets = pending ? settings->pending_sets : settings->flow_sets;
	return span;
}

static __always_inline void *former_set(bool ipv6, lookup_key set)
{
	return ipv6 ? (void *)former6.lookup(&set) : (void *)former4.lookup(&set);
}

static __always_inline u64 *former_meta(bool ipv6, void *set, u32 slot)
{
	u32 first = ipv6 ? __builtin_offsetof(struct former_set6, meta) :
			   __builtin_offsetof(struct former_set4, meta);

	return (u64 *)(set + first) + (slot & (SET_FLOWS - 1));
}

static __always_inline void *former_flow(bool ipv6, void *set, u32 slot)
{
	u32 first = ipv6 ? __builtin_offsetof(struct former_set6, flow) :
			   __builtin_offsetof(struct former_set4, flow);
	u32 size = ipv6 ? sizeof(struct former_flow6) : sizeof(struct former_flow4);

	return set + first + (slot & (SET_FLOWS - 1)) * size;
}

/* The words of the key in `slot`. */
static __always_inline u64 *former_words(bool ipv6, void *set, u32 slot)
{
	return former_flow(ipv6, set, slot) + (ipv6 ? __builtin_offsetof(struct former_flow6, key) :
						      __builtin_offsetof(struct former_flow4, key));
}

static __always_inline u64 former_value(bool ipv6, void *set, u32 slot)
{
	return *(volatile u64 *)(former_flow(ipv6, set, slot) +
				 (ipv6 ? __builtin_offsetof(struct former_flow6, value) :
					 __builtin_offsetof(struct former_flow4, value)));
}

static __always_inline u32 former_key_words(bool ipv6)
{
	return ipv6 ? FORMER_KEY6_WORDS : FORMER_KEY4_WORDS;
}

static __always_inline bool former_spilled(bool ipv6, u32 set)
{
	struct former_sizes *settings = former_settings_find();
	lookup_key place;
	u64 *word;

	if (!settings)
		return false;
	place = ((ipv6 ? 2 : 0) + (settings->spill_active & 1)) * FORMER_SPILL_WORDS + (set >> 6);
	word = former_spills.lookup(&place);
	return word && (*word >> (set & 63) & 1);
}

/* The key as it is in the former tables. False: they can have none such. */
static __always_inline bool key_to_former(bool ipv6, const u64 *word, union former_words *to)
{
	union present_words from = {}, back = {};
	u64 differ = 0;
	u32 i;

	__builtin_memset(to, 0, sizeof(*to));
#pragma unroll
	for (i = 0; i < (ipv6 ? KEY6_WORDS : KEY4_WORDS); i++)
		from.word[i] = word[i];
	if (ipv6) {
		key6_to_former(&to->six, &from.six);
		key6_of_former(&back.six, &to->six);
	} else {
		key4_to_former(&to->four, &from.four);
		key4_of_former(&back.four, &to->four);
	}
#pragma unroll
	for (i = 0; i < (ipv6 ? KEY6_WORDS : KEY4_WORDS); i++)
		differ |= from.word[i] ^ back.word[i];
	return !differ;
}

/* A key of the former tables as the new ones have it. False: there is no room for all that it says. */
static __always_inline bool key_of_former(bool ipv6, const union former_words *from, u64 *word)
{
	union present_words to = {};
	union former_words back = {};
	u64 differ = 0;
	u32 i;

	if (ipv6) {
		key6_of_former(&to.six, &from->six);
		key6_to_former(&back.six, &to.six);
	} else {
		key4_of_former(&to.four, &from->four);
		key4_to_former(&back.four, &to.four);
	}
#pragma unroll
	for (i = 0; i < former_key_words(ipv6); i++)
		differ |= from->word[i] ^ back.word[i];
#pragma unroll
	for (i = 0; i < (ipv6 ? KEY6_WORDS : KEY4_WORDS); i++)
		word[i] = to.word[i];
	return !differ;
}

/* Where such a key belongs: hash and step of `at`, by the former tables' secret (key_hash). */
static __always_inline bool former_hash(bool ipv6, const union former_words *key,
					struct flow_key *at)
{
	struct former_sizes *settings = former_settings_find();
	u64 sum;
	u32 i;

	if (!settings)
		return false;
	sum = settings->secret[FORMER_HASH_WORDS];
#pragma unroll
	for (i = 0; i < former_key_words(ipv6); i++)
		sum += hash_pair(key->word[i], settings->secret[2 * i],
				 settings->secret[2 * i + 1]);
	hash_place(at, sum);
	return true;
}

/* The slot that has the key, and its meta word; SET_FLOWS when none has. */
static __always_inline u32 former_match(bool ipv6, void *set, const union former_words *key,
					u64 tag, u64 *seen)
{
	u32 slot, i;

#pragma unroll
	for (slot = 0; slot < SET_FLOWS; slot++) {
		u64 meta = meta_load(former_meta(ipv6, set, slot)), differ = 0;
		const u64 *word = former_words(ipv6, set, slot);

		if ((meta & META_TAG) != tag || !meta_is_flow(meta))
			continue;
#pragma unroll
		for (i = 0; i < former_key_words(ipv6); i++)
			differ |= key->word[i] ^ word[i];
		if (differ)
			continue;
		*seen = meta;
		return slot;
	}
	return SET_FLOWS;
}

/* As set_find(). */
static __always_inline bool former_set_find(bool ipv6, void *set, u32 at,
					    const union former_words *key, u64 tag,
					    struct flow_ref *found)
{
	u64 seen = 0;
	u32 slot = former_match(ipv6, set, key, tag, &seen);

	if (slot == SET_FLOWS)
		return false;
	slot = blur(slot, seen) & (SET_FLOWS - 1);
	found->meta = former_meta(ipv6, set, slot);
	found->seen = seen;
	found->value = former_value(ipv6, set, slot);
	found->entry = at * SET_FLOWS + slot;
	return !((meta_load(found->meta) ^ seen) & META_VERSION);
}

/* As flow_find(). */
static __always_inline bool former_find(bool ipv6, bool pending, const struct flow_key *key,
					struct flow_ref *found)
{
	struct span span = former_span(pending);
	union former_words words;
	struct flow_key at;
	u32 probe;

	if (!key_to_former(ipv6, key->word, &words) || !former_hash(ipv6, &words, &at))
		return false;
	for (probe = 0; probe < SET_PROBES; probe++) {
		u32 number = key_set(&at, probe, span);
		void *set = former_set(ipv6, number);

		if (!set)
			return false;
		if (former_set_find(ipv6, set, number, &words, (u64)key_tag(&at) << META_TAG_SHIFT,
				    found))
			return !meta_expired(found->seen, key->now);
		if (!former_spilled(ipv6, number))
			return false;
	}
	return false;
}

/* As flow_at(). */
static __always_inline bool former_there(bool ipv6, u32 entry, struct flow_ref *ref)
{
	void *set = former_set(ipv6, entry / SET_FLOWS);

	if (!set)
		return false;
	ref->entry = entry;
	ref->meta = former_meta(ipv6, set, entry);
	ref->seen = meta_load(ref->meta);
	ref->value = former_value(ipv6, set, entry);
	return meta_is_flow(ref->seen) && !((meta_load(ref->meta) ^ ref->seen) & META_VERSION);
}

/* ... where it has not expired. */
static __always_inline bool former_at(bool ipv6, u32 entry, u32 now, struct flow_ref *ref)
{
	return former_there(ipv6, entry, ref) && !meta_expired(ref->seen, now);
}

/* The forward half of a pair, by its reverse half. */
static __always_inline bool former_named(bool ipv6, const struct flow_ref *reverse,
					 struct flow_ref *forward)
{
	return former_there(ipv6, (u32)reverse->value, forward) &&
	       meta_version(forward->seen) == ((reverse->value >> 32) & 0xffff);
}

/* ... where it has not expired. */
static __always_inline bool former_forward(bool ipv6, const struct flow_ref *reverse, u32 now,
					   struct flow_ref *forward)
{
	return former_named(ipv6, reverse, forward) && !meta_expired(forward->seen, now);
}

/* The key of an entry; INSERT_MADE when that is it. INSERT_EXISTS: it changed hands meanwhile. */
static __always_inline enum insert_result former_key(bool ipv6, const struct flow_ref *ref, u32 now,
						     struct flow_key *key)
{
	void *set = former_set(ipv6, ref->entry / SET_FLOWS);
	union former_words words = {};
	u32 i;

	if (!set)
		return INSERT_EXISTS;
#pragma unroll
	for (i = 0; i < former_key_words(ipv6); i++)
		words.word[i] = *(volatile u64 *)&former_words(ipv6, set, ref->entry)[i];
	if ((meta_load(former_meta(ipv6, set, ref->entry)) ^ ref->seen) & META_VERSION)
		return INSERT_EXISTS;
	if (!key_of_former(ipv6, &words, key->word))
		return INSERT_UNFIT;
	key->ipv6 = ipv6;
	key->now = now;
	key_hash(key);
	return INSERT_MADE;
}

/* What the flow has beside key and value, into its entry in the new tables, which is BUSY. */
static __always_inline void former_rest(bool ipv6, const struct flow_ref *ref, u32 entry)
{
	void *from = former_set(ipv6, ref->entry / SET_FLOWS);
	u64 *to = table_set(ipv6, entry / SET_FLOWS);

	if (!from || !to)
		return;
	from = former_flow(ipv6, from, ref->entry);
	to = set_flow(to, entry, ipv6);
	if (ipv6)
		rest6_of_former((struct flow6 *)to, from);
	else
		rest4_of_former((struct flow4 *)to, from);
}

#endif
