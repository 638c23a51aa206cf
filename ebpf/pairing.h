/* SPDX-License-Identifier: GPL-2.0-only */
/* The two keys of a flow whose replies come back. */
#ifndef DSRLB_PAIRING_H
#define DSRLB_PAIRING_H

#include "flow_pair.h"
#include "rewrite_address.h"

/* The key of the replies to a request, by its real server and pkt->translation. */
static __always_inline bool reverse_key_of(struct flow_key *key, const struct packet *pkt,
					   const struct real *real)
{
	struct change to = {};

	if (request_change(pkt, real, &to) != R_CONTINUE)
		return false;
	key->now = pkt->now;
	key_fill(key, &to.destination, &to.source, to.ports_be >> 16 | to.ports_be << 16,
		 pkt->proto, pkt->ipv6);
	return true;
}

/* The words of the forward half's key. False: it changed hands meanwhile. */
static __always_inline bool forward_words(bool ipv6, const struct flow_ref *forward, u64 *word)
{
	u64 *set = table_set(ipv6, forward->entry / SET_FLOWS), *flow;
	u32 i;

	if (!set)
		return false;
	flow = set_flow(set, forward->entry, ipv6);
#pragma unroll
	for (i = 0; i < (ipv6 ? KEY6_WORDS : KEY4_WORDS); i++)
		word[i] = *(volatile u64 *)&flow[i];
	return !((meta_load(forward->meta) ^ forward->seen) & META_VERSION);
}

/* The addresses and ports that the client knows, by those words. */
static __always_inline void change_back(bool ipv6, const u64 *word, struct change *to)
{
	u32 ports_be;

	key_read(word, ipv6, &to->destination, &to->source, &ports_be);
	to->ports_be = ports_be >> 16 | ports_be << 16;
}

/* Both at once. */
static __always_inline bool reply_change(bool ipv6, const struct flow_ref *forward,
					 struct change *to)
{
	u64 word[KEY6_WORDS] = {};

	if (!forward_words(ipv6, forward, word))
		return false;
	change_back(ipv6, word, to);
	return true;
}

/*
 * Does the packet belong to the flow that its reverse half names? That one may be of the same entry and
 * version, 65,536 flows later.
 */
static __always_inline bool is_reply_of(const struct packet *pkt, const struct real *real,
					const struct change *to, u32 translation)
{
	bool outbound = real->flags & REAL_OUTBOUND;
	u16 source_be = !outbound && real->port ? bpf_htons(real->port) : (u16)to->ports_be;
	u16 port_be = translation ? bpf_htons(translation & 0xffff) : to->ports_be >> 16;
	const struct address *own = &to->destination;
	lookup_key place = translation >> 16;

	if (place)
		own = pools.lookup(&place);
	if (!own || !address_equal(own, &pkt->destination) ||
	    !address_equal(outbound ? &to->source : &real->address, &pkt->source))
		return false;
	return pkt->fragment == FRAGMENT_LATER ||
	       (pkt->source_port_be == source_be && pkt->destination_port_be == port_be);
}

#endif
