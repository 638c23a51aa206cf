// SPDX-License-Identifier: GPL-2.0-only
/*
 * In front of the first program while flows move from one pair of tables into another. Until `moved` says so, packets
 * go on in the programs that have the former tables; from then on in those that have the new ones, and a flow that
 * these do not know as an open one, but the former tables do, is fetched first (fetch.c). So a flow that was made, or
 * opened, when all others had been copied goes on as well, and so does one whose replies come in by another interface.
 *
 * Nothing is changed in the packet.
 */
#include "former.h"
#include "parse_ip.h"
#include "parse_link.h"
#include "verdict.h"

/* Addresses and ports of what may have a flow. What is not for us, or malformed, is for those behind. */
static __always_inline s32 front_read(struct packet *pkt)
{
	u16 type = parse_link(pkt);
	struct ipv4_header *four = network_header(pkt);
	struct ipv6_header *six = (void *)four;

	if (type == TYPE_IPV4 && (void *)(four + 1) <= packet_end(pkt)) {
		address_from_ipv4(&pkt->source, four->source_be);
		address_from_ipv4(&pkt->destination, four->destination_be);
		pkt->proto = four->proto;
		return parse_ipv4_rest(pkt, four);
	}
	if (type == TYPE_IPV6 && (void *)(six + 1) <= packet_end(pkt)) {
		pkt->ipv6 = 1;
		pkt->source = six->source;
		pkt->destination = six->destination;
		return parse_ipv6_rest(pkt, six);
	}
	return R_PASS;
}

static __always_inline bool front_parse(struct packet *pkt)
{
	return front_read(pkt) == R_CONTINUE && pkt->fragment != FRAGMENT_LATER &&
	       (pkt->proto == PROTO_TCP || pkt->proto == PROTO_UDP) &&
	       (interesting(&pkt->destination, INTEREST_VIPS) ||
		interesting(&pkt->source, INTEREST_REALS));
}

/* Does the packet want an open flow that the new tables do not have? It may have been pending yet when it was copied. */
static __always_inline bool front_misses(struct packet *pkt, struct scratch *with)
{
	struct flow_ref found;

	pkt->now = clock_tick();
	key_of_packet(&with->key, pkt);
	with->packet = *pkt;
	with->raced = with->tries = 0;
	return !flow_find_any(false, &with->key, &found);
}

int dsrlb_front(struct xdp_md *ctx)
{
	struct packet packet = { .ctx = ctx };
	struct link *link = ingress_link(ctx);
	struct scratch *with = scratch_find();
	lookup_key zero = 0;
	u64 *now = moved.lookup(&zero);

	if (!now || !link || !with)
		return XDP_PASS;
	packet.link = link->number;
	if (!*(volatile u64 *)now) {
		onward.call(ctx, ONWARD_FORMER);
		return verdict(&packet, R_INCOMPLETE);
	}
	if (front_parse(&packet) && front_misses(&packet, with))
		onward.call(ctx, ONWARD_FETCH);
	onward.call(ctx, ONWARD_FIRST);
	return verdict(&packet, R_INCOMPLETE);
}
