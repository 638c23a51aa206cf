/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Fragments: only the first one of a packet has ports. Where it went is remembered (a real server, back, or
 * to the kernel: index 0), and the others follow. Packets whose first fragment comes late lose what came before it: XDP cannot hold them.
 *
 * An entry is claimed by compare-and-swap and read between two looks at its check, as flows are. Two
 * packets with the same check, of 60 bits of a keyed hash, are not expected to meet.
 */
#ifndef DSRLB_FRAGMENTS_H
#define DSRLB_FRAGMENTS_H

#include "flow_count.h"
#include "persistence.h"

#define FRAGMENT_TICKS 224 /* 30 s: as long as Linux waits for the rest */
#define FRAGMENT_BUSY 1ull
#define FRAGMENT_REPLY 2ull

/* Note in scratch[] which entry the packet's fragments have. Before the packet is rewritten. */
static __always_inline void fragment_place_of(const struct packet *pkt, struct scratch *with)
{
	struct flow_key *key = &with->source;

	network_key_of(key, pkt, FRAGMENT_SETS);
	with->fragment_set = key->hash;
	key_fill(key, &pkt->source, &pkt->destination, pkt->fragment_id,
		 pkt->ipv6 ? PROTO_FRAGMENT : pkt->proto, pkt->ipv6);
	with->fragment_set += key->hash & (FRAGMENT_SOURCE_SETS - 1);
	with->fragment_set &= FRAGMENT_SETS - 1;
	with->fragment.check = ((u64)key->hash << 32 | key->step) & ~FRAGMENT_REPLY;
}

/*
 * Of the set's entries the packet's own, or else the one that is over soonest; one that was never used
 * has been over for long. Without branches: the verifier would follow each of them for every entry.
 */
static __always_inline u32 fragment_choose(const struct fragment_set *set, u64 check, u32 now)
{
	s64 best = 1ll << 62, sign;
	u32 i;

	for (i = 0; i < FRAGMENT_SET_SIZE; i++) {
		const struct fragment *fragment = &set->fragment[i];
		u64 other = (fragment->check ^ check) & ~FRAGMENT_REPLY;
		u64 is_own = (other | -other) >> 63 ^ 1;
		s64 left = (s32)((u32)(fragment->value >> 32) - now);
		s64 less = (left - (s64)(is_own << 40)) * FRAGMENT_SET_SIZE + i - best;

		sign = less >> 63;
		hide(sign); /* from LLVM, which would make branches of it */
		best += less & sign;
		best = blur(best, now);
	}
	return best & (FRAGMENT_SET_SIZE - 1);
}

/* Remember where the first fragment went. Another CPU that takes the same entry at once wins it. */
static __always_inline void fragment_keep(const struct packet *pkt, struct scratch *with, u64 check,
					  u32 value, u64 rest)
{
	lookup_key at = with->fragment_set;
	struct fragment_set *set = fragments.lookup(&at);
	struct fragment *fragment;
	u64 seen;

	if (!set)
		return;
	fragment = &set->fragment[fragment_choose(set, check, pkt->now)];
	seen = *(volatile u64 *)&fragment->check;
	if (seen == FRAGMENT_BUSY ||
	    compare_and_swap(&fragment->check, seen, FRAGMENT_BUSY) != seen)
		return;
	*(volatile u64 *)&fragment->value = value | (u64)(pkt->now + FRAGMENT_TICKS) << 32;
	*(volatile u64 *)&fragment->rest = rest;
	exchange(&fragment->check, check);
}

static __always_inline void fragment_note(const struct packet *pkt, struct scratch *with,
					  const struct real *real)
{
	fragment_keep(pkt, with, with->fragment.check, value_of(with->index, real->generation),
		      pkt->hash | (u64)pkt->translation << 32);
}

/* The same of a reply; `reverse`: the value of its flow's reverse half. */
static __always_inline void fragment_note_reply(const struct packet *pkt, struct scratch *with,
						u64 reverse)
{
	fragment_keep(pkt, with, with->fragment.check | FRAGMENT_REPLY, reverse, reverse >> 32);
}

/* Where the first fragment went: a request's to with->index, a reply's back (with->pair). */
static __always_inline s32 fragment_found(struct packet *pkt, struct scratch *with, bool reply,
					  u64 value, u64 rest)
{
	struct real *real;

	if (reply) {
		with->reply = REPLY_FRAGMENT;
		with->pair = (u32)value | rest << 32;
		return R_CONTINUE;
	}
	with->index = value_real(value);
	if (!with->index)
		return R_NO_REAL_PASSED;
	pkt->hash = rest;
	pkt->translation = rest >> 32;
	real = reals.lookup(&with->index);
	if (!real || !value_is_of(value, real) || !(real->flags & REAL_PRESENT))
		return R_FRAGMENT_EARLY;
	return R_CONTINUE;
}

/* Look for the first fragment: with->reply says of what it was one. */
static __always_inline s32 fragment_follow(struct packet *pkt, struct scratch *with)
{
	struct fragment_set *set;
	lookup_key at;
	u32 i;

	with->reply = REPLY_UNKNOWN;
	fragment_place_of(pkt, with);
	at = with->fragment_set;
	set = fragments.lookup(&at);
	for (i = 0; set && i < FRAGMENT_SET_SIZE; i++) {
		struct fragment *fragment = &set->fragment[i];
		u64 check = *(volatile u64 *)&fragment->check, value, rest;

		if ((check & ~FRAGMENT_REPLY) != with->fragment.check)
			continue;
		value = *(volatile u64 *)&fragment->value;
		rest = *(volatile u64 *)&fragment->rest;
		if (*(volatile u64 *)&fragment->check != check)
			break; /* it was given to another packet meanwhile */
		if ((s32)((u32)(value >> 32) - pkt->now) <= 0)
			break;
		return fragment_found(pkt, with, check & FRAGMENT_REPLY, value, rest);
	}
	return R_FRAGMENT_EARLY;
}

#endif
