/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Persistence: all flows of a source go to one real server. What is kept is an entry of the flow
 * tables whose key is the source and the persistence group (abi.h). As a flow it begins as pending
 * and moves to the main table when one of the source's flows does, so that forged first packets
 * leave no trace there.
 */
#ifndef DSRLB_PERSISTENCE_H
#define DSRLB_PERSISTENCE_H

#include "flow_state.h"
#include "schedule.h"

static __always_inline void source_key(struct flow_key *key, const struct address *source,
				       u32 group, u32 now, bool ipv6)
{
	struct address destination = { .word_be = { 0, 0, 0, group } };

	key->now = now;
	key_fill(key, source, &destination, 0, 0, ipv6);
}

static __always_inline void source_key_of(struct flow_key *key, const struct packet *pkt, u32 group)
{
	source_key(key, &pkt->source, group, pkt->now, pkt->ipv6);
}

/*
 * The hash of what counts as one source where nobody is to have more than a share: an IPv4 address, or
 * an IPv6 network of 64 bits. `of` tells apart what it is for.
 */
static __always_inline void network_key_of(struct flow_key *key, const struct packet *pkt, u32 of)
{
	struct address destination = { .word_be = { 0, 0, 0, of } };
	struct address source = pkt->source;

	if (pkt->ipv6)
		source.word_be[2] = source.word_be[3] = 0;
	key_fill(key, &source, &destination, 0, 0, pkt->ipv6);
}

/* The index in `service` of the real server that an entry names; 0 for none. */
static __always_inline u32 source_real(u64 value, u32 service, struct home_key *key)
{
	lookup_key index = value_real(value);
	struct real *real = reals.lookup(&index);
	u32 *home;

	if (!real || !value_is_of(value, real) || !(real->flags & REAL_PRESENT))
		return 0;
	if (real->service == service)
		return index;
	key->service = service;
	key->address = real->address;
	home = homes.lookup(key);
	return home ? *home : 0;
}

/* Set with->index to the real server that the source goes to, if there is one and it has room. */
static __always_inline bool persistent_real(struct scratch *with)
{
	lookup_key of;
	u32 pending;

	for (pending = 0; pending < 2; pending++) {
		struct flow_ref source;
		struct real *real;

		if (!flow_find_any(pending, &with->source, &source))
			continue;
		of = source_real(source.value, with->service, &with->home_key);
		real = reals.lookup(&of);
		if (!of || !real || !(real->flags & REAL_USABLE) || !has_room(of))
			continue;
		with->index = of;
		return true;
	}
	return false;
}

#endif
