/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The hash by which hash and maglev choose. Not the flow tables': that one has a new secret with every
 * start, and a client is to find its real server again, whichever of several balancers it meets.
 */
#ifndef DSRLB_CHOICE_HASH_H
#define DSRLB_CHOICE_HASH_H

#include "maps.h"
#include "packet.h"

#define CHOICE_WORD 0x9e3779b97f4a7c15ull
#define CHOICE_LAST 0xd6e8feb86659fd93ull

static __always_inline u64 choice_mix(u64 hash, u32 word)
{
	hash = (hash ^ word) * CHOICE_WORD;
	return hash ^ hash >> 32;
}

static __always_inline u64 choice_mix_address(u64 hash, const struct address *address)
{
	hash = choice_mix(hash, address->word_be[0]);
	hash = choice_mix(hash, address->word_be[1]);
	hash = choice_mix(hash, address->word_be[2]);
	return choice_mix(hash, address->word_be[3]);
}

/* Of the packet's source, or (`tuple`) of all that tells its flow from others. */
static __always_inline u32 choice_hash(const struct packet *pkt, bool tuple)
{
	lookup_key zero = 0;
	struct settings *own = settings.lookup(&zero);
	u64 hash;

	if (!own)
		return 0;
	hash = blur(pkt->ipv6 ? choice_mix_address(own->choice_seed, &pkt->source) :
				choice_mix(own->choice_seed4, pkt->source.word_be[3]),
		    own->choice_seed);
	if (tuple) {
		hash = choice_mix_address(hash, &pkt->destination);
		hash = choice_mix(hash, pkt->source_port_be | (u32)pkt->destination_port_be << 16);
		hash = choice_mix(hash, pkt->proto);
	}
	return hash * CHOICE_LAST >> 32;
}

#endif
