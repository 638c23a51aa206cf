/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Keys of the flow tables as 64-bit words, and where a key belongs.
 *
 * The hash is strongly universal: pair-multiply-shift (Thorup, "High Speed Hashing for Integers and
 * Strings", 2015, 3.5) with a secret of its own for every start. Whoever does not know the secret
 * cannot choose keys that meet in one set more often than random ones do. Of keys in a row (a
 * client's next port) it makes numbers in a row, though, whose sets and steps go together: hence the
 * mixing behind it.
 */
#ifndef DSRLB_FLOW_KEY_H
#define DSRLB_FLOW_KEY_H

#include "flow_meta.h"

#define KEY4_WORDS 2 /* of struct flow4_key */
#define KEY6_WORDS 5 /* of struct flow6_key */

struct flow_key {
	u64 word[KEY6_WORDS];
	u32 hash; /* decides the first set, the tag, the stripe and the trace */
	u32 step; /* to the next sets */
	u32 ipv6;
	u32 now;
};

static __always_inline u32 key_tag(const struct flow_key *key)
{
	return key->hash & 0xff;
}

/* The sets of the main table or of the pending one: part of the family's map. */
struct span {
	u32 first;
	u32 sets;
};

static __always_inline struct span span_of(const struct flow_settings *settings, bool pending)
{
	struct span span = { .sets = settings->flow_sets };

	if (pending) {
		span.first = settings->flow_sets;
		span.sets = settings->pending_sets;
	}
	return span;
}

static __always_inline struct span table_span(bool pending)
{
	struct flow_settings *settings = flow_settings_find();
	struct span nothing = {};

	return settings ? span_of(settings, pending) : nothing;
}

/* The set of probe number `probe`. */
static __always_inline u32 key_set(const struct flow_key *key, u32 probe, struct span span)
{
	u32 place = key->hash + probe * key->step;

	return span.first + (u32)((u64)place * span.sets >> 32);
}

static __always_inline u64 hash_pair(u64 word, u64 first, u64 second)
{
	return (first + (u32)word) * (second + (word >> 32));
}

/* Where a key belongs, by the sum of its words' pairs. */
static __always_inline void hash_place(struct flow_key *key, u64 sum)
{
	sum ^= sum >> 32;
	sum *= 0xd6e8feb86659fd93ull;
	sum ^= sum >> 32;
	key->hash = sum;
	/* Between a sixteenth of the table and an eighth: eight sets, no two of which are the same. */
	key->step = (sum >> 32 & 0x0fffffff) | 0x10000000;
}

static __always_inline void key_hash(struct flow_key *key)
{
	struct flow_settings *settings = flow_settings_find();
	const u64 *secret;
	u64 sum;

	if (!settings)
		return;
	secret = settings->secret;
	sum = secret[HASH_WORDS] + hash_pair(key->word[0], secret[0], secret[1]) +
	      hash_pair(key->word[1], secret[2], secret[3]);
	if (key->ipv6)
		sum += hash_pair(key->word[2], secret[4], secret[5]) +
		       hash_pair(key->word[3], secret[6], secret[7]) +
		       hash_pair(key->word[4], secret[8], secret[9]);
	hash_place(key, sum);
}

/* The words of struct flow4_key or flow6_key, whose fields these are; yet without a hash. */
static __always_inline void key_spell(struct flow_key *key, const struct address *source,
				      const struct address *destination, u32 ports_be, u8 proto,
				      bool ipv6)
{
	key->ipv6 = ipv6;
	if (ipv6) {
		key->word[0] = source->word_be[0] | (u64)source->word_be[1] << 32;
		key->word[1] = source->word_be[2] | (u64)source->word_be[3] << 32;
		key->word[2] = destination->word_be[0] | (u64)destination->word_be[1] << 32;
		key->word[3] = destination->word_be[2] | (u64)destination->word_be[3] << 32;
		key->word[4] = ports_be | (u64)proto << 32;
	} else {
		key->word[0] = source->word_be[3] | (u64)destination->word_be[3] << 32;
		key->word[1] = ports_be | (u64)proto << 32;
	}
}

static __always_inline void key_fill(struct flow_key *key, const struct address *source,
				     const struct address *destination, u32 ports_be, u8 proto,
				     bool ipv6)
{
	key_spell(key, source, destination, ports_be, proto, ipv6);
	key_hash(key);
}

/* The way back: what a key's words say. */
static __always_inline void key_read(const u64 *word, bool ipv6, struct address *source,
				     struct address *destination, u32 *ports_be)
{
	if (ipv6) {
		source->word_be[0] = word[0];
		source->word_be[1] = word[0] >> 32;
		source->word_be[2] = word[1];
		source->word_be[3] = word[1] >> 32;
		destination->word_be[0] = word[2];
		destination->word_be[1] = word[2] >> 32;
		destination->word_be[2] = word[3];
		destination->word_be[3] = word[3] >> 32;
		*ports_be = word[4];
	} else {
		address_from_ipv4(source, word[0]);
		address_from_ipv4(destination, word[0] >> 32);
		*ports_be = word[1];
	}
}

static __always_inline void key_spell_packet(struct flow_key *key, const struct packet *pkt)
{
	u32 ports_be = pkt->source_port_be | (u32)pkt->destination_port_be << 16;

	key->now = pkt->now;
	key_spell(key, &pkt->source, &pkt->destination, ports_be, pkt->proto, pkt->ipv6);
}

static __always_inline void key_of_packet(struct flow_key *key, const struct packet *pkt)
{
	key_spell_packet(key, pkt);
	key_hash(key);
}

#endif
