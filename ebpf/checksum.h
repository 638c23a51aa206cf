/* SPDX-License-Identifier: GPL-2.0-only */
/* Internet checksums: RFC 1071, and the incremental update of RFC 1624, equation 3. */
#ifndef DSRLB_CHECKSUM_H
#define DSRLB_CHECKSUM_H

#include "headers.h"

static __always_inline u16 checksum_fold(u32 sum)
{
	sum = (sum & 0xffff) + (sum >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
	return sum;
}

/* Return the checksum after one 16-bit word changed; words and checksum as they stand in memory. */
static __always_inline u16 checksum_replace(u16 checksum, u16 from, u16 to)
{
	return ~checksum_fold((u16)~checksum + (u16)~from + to);
}

/* Of a sum below 2^47, which 32,767 words of 32 bits do not reach. */
static __always_inline u16 checksum_fold64(u64 sum)
{
	sum = (sum & 0xffff) + (sum >> 16); /* below 2^31 + 2^16 */
	sum = (sum & 0xffff) + (sum >> 16); /* below 2^16 + 2^15 + 1 */
	return sum + (sum >> 16);
}

/*
 * Return the checksum after words changed. `difference`: the sum of the complements of the old words
 * and of the new ones, of 16 or 32 bits each.
 */
static __always_inline u16 checksum_update(u16 checksum, u64 difference)
{
	return ~checksum_fold64((u16)~checksum + difference);
}

/* Add the address's eight words; adding 32 bits at a time and folding later gives the same. */
static __always_inline u64 checksum_add_address(u64 sum, const struct address *address)
{
	return sum + address->word_be[0] + address->word_be[1] + address->word_be[2] +
	       address->word_be[3];
}

/* The same of the complements of its words. */
static __always_inline u64 checksum_sub_address(u64 sum, const struct address *address)
{
	return sum + (u32)~address->word_be[0] + (u32)~address->word_be[1] +
	       (u32)~address->word_be[2] + (u32)~address->word_be[3];
}

#endif
