/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Each CPU's exact-match cache of open flows: what a key's look-up in the flow tables has told of late.
 *
 * The flow table of a million flows spreads over memory that no cache and no TLB holds, also when a few
 * thousand of them have all the traffic. The cache is two megabytes for a family, and one look-up tells of
 * replies what takes two in the flow table. A copy is good until its flow is due to be touched, and as long
 * as flow_changes[] says that no open flow of its entry has ended: whoever ends one counts that there, before
 * anybody else can have its place. So what holds of the flow table holds of the copies, but for packets on their way.
 *
 * No CPU reads another one's, and a packet is not interrupted by one on the same CPU: no versions here.
 */
#ifndef DSRLB_FLOW_CACHE_H
#define DSRLB_FLOW_CACHE_H

#include "flow_count.h"
#include "flow_table.h"

/* What is known of an open flow that a packet belongs to; `forward` only of replies. */
struct known {
	u64 value;
	u64 forward[KEY6_WORDS];
	u32 entry; /* of the forward half */
	u32 hop;
	u32 state;
	u32 reverse;
};

/* The set of this CPU's cache where the key may stand. */
static __always_inline void *cache_set(bool ipv6, const struct flow_key *key)
{
	struct flow_settings *settings = flow_settings_find();
	u32 cpu = bpf_get_smp_processor_id(), sets = ipv6 ? CACHE_SETS6 : CACHE_SETS4;
	lookup_key set;
	u64 sum;

	if (!settings || cpu >= CACHE_CPUS)
		return NULL;
	sum = key->word[0] * (settings->secret[0] | 1) + key->word[1] * (settings->secret[1] | 1);
	if (ipv6)
		sum += (key->word[2] ^ key->word[4]) * (settings->secret[2] | 1) +
		       key->word[3] * (settings->secret[3] | 1);
	sum ^= sum >> 32; /* as in key_hash(): of keys in a row products are too regular */
	sum *= 0xd6e8feb86659fd93ull;
	set = cpu * sets + (sum >> 32 & (sets - 1));
	return ipv6 ? (void *)cache6.lookup(&set) : (void *)cache4.lookup(&set);
}

static __always_inline struct cached *cache_way(bool ipv6, void *set, u32 way)
{
	return ipv6 ? &((struct cached_set6 *)set)->way[way].copy :
		      &((struct cached_set4 *)set)->way[way].copy;
}

/* The words of its key, and behind them those of `forward`. */
static __always_inline u64 *cached_words(struct cached *copy)
{
	return (u64 *)(copy + 1);
}

static __always_inline bool cached_is_due(const struct cached *copy, u32 now)
{
	return (s32)(now - copy->due) >= 0;
}

static __always_inline bool cached_is_good(const struct cached *copy, u32 now)
{
	u64 *changes;

	if (cached_is_due(copy, now))
		return false;
	changes = flow_changes_of(copy->entry);
	return changes && *(volatile u64 *)changes == copy->changes;
}

/* The key's copy, if it is there and good; else NULL. */
static __always_inline struct cached *cache_find(bool ipv6, void *set, const struct flow_key *key)
{
	struct cached *copy = cache_way(ipv6, set, 0);

	if (!flow_has_key(cached_words(copy), key, ipv6)) {
		copy = cache_way(ipv6, set, 1);
		if (!flow_has_key(cached_words(copy), key, ipv6))
			return NULL;
	}
	return cached_is_good(copy, key->now) ? copy : NULL;
}

/*
 * Where a copy of the key's flow may be made, or NULL. A way whose copy is due is taken at once, another one by
 * one flow in sixteen of those that come within a jiffy: more flows than there is room for shall not push each
 * other out at every packet.
 */
static __always_inline struct cached *cache_room(bool ipv6, void *set, const struct flow_key *key)
{
	struct cached *first = cache_way(ipv6, set, 0), *second = cache_way(ipv6, set, 1);
	u32 turn = key->hash + (u32)bpf_jiffies64();

	if (first->hash == key->hash || cached_is_due(first, key->now))
		return first;
	if (second->hash == key->hash || cached_is_due(second, key->now))
		return second;
	if (turn & 15)
		return NULL;
	return turn & 16 ? first : second;
}

/*
 * Keep what is known of the key's flow, which is to be touched in the tick `due`. `changes` was counted when its
 * entry had been found, and the entry's meta was still the same behind that (keep_fresh).
 */
static __always_inline void cache_keep(bool ipv6, void *set, const struct flow_key *key,
				       const struct known *known, u64 changes, u32 due)
{
	struct cached *copy = cache_room(ipv6, set, key);
	u32 words = ipv6 ? KEY6_WORDS : KEY4_WORDS, i;
	u64 *word;

	if (!copy)
		return;
	copy->value = known->value;
	copy->changes = changes;
	copy->due = due;
	copy->entry = known->entry;
	copy->hash = key->hash;
	copy->hop = known->hop;
	copy->state = known->state;
	copy->reverse = known->reverse;
	word = cached_words(copy);
#pragma unroll
	for (i = 0; i < words; i++) {
		word[i] = key->word[i];
		if (known->reverse)
			word[words + i] = known->forward[i];
	}
}

#endif
