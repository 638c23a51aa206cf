/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Interest filter: one bit per hash of a VIP, and of a real server whose replies come back (while somebody
 * probes, of VIPs as sources too). Foreign packets end here and touch no table; what is ours always has its
 * bit, a foreign address rarely has one (and is then told apart by vips[], or by the flow table).
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

enum interest_in { INTEREST_VIPS, INTEREST_REALS };

static __always_inline bool interesting(const struct address *address, enum interest_in which)
{
	lookup_key zero = 0;
	u32 bit = interest_bit(address);
	struct interest *filter =
		which == INTEREST_VIPS ? interest.lookup(&zero) : answers.lookup(&zero);

	return filter && (filter->word[(bit >> 6) & (INTEREST_WORDS - 1)] >> (bit & 63)) & 1;
}

#endif
