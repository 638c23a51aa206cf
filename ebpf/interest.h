/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Interest filter: one bit per hash of a VIP. Foreign packets end here and touch no table; a VIP
 * always has its bit, a foreign address rarely has one (and is then told apart by vips[]).
 */
#ifndef DSRLB_INTEREST_H
#define DSRLB_INTEREST_H

#include "maps.h"
#include "packet.h"

/* The control plane computes the same (dsrlb/dataplane/keys.py, interest_words()). */
static __always_inline u32 interest_bit(const struct address *address)
{
	u32 mix = address->word_be[0] * 0x85ebca6b + address->word_be[1] * 0xc2b2ae35 +
		  address->word_be[2] * 0x27d4eb2f + address->word_be[3];

	return (mix * 0x9e3779b1) >> 16;
}

static __always_inline bool interesting(const struct address *address)
{
	lookup_key zero = 0;
	u32 bit = interest_bit(address);
	struct interest *filter = interest.lookup(&zero);

	return filter && (filter->word[(bit >> 6) & (INTEREST_WORDS - 1)] >> (bit & 63)) & 1;
}

#endif
