/* SPDX-License-Identifier: GPL-2.0-only */
/* Other addresses and ports for a packet, in both directions of the modes whose replies come back. */
#ifndef DSRLB_TRANSLATE_H
#define DSRLB_TRANSLATE_H

#include "transport.h"

/* What a packet is to have; IPv4 addresses as mapped ones. */
struct change {
	struct address source;
	struct address destination;
	u32 ports_be; /* source, and destination in the upper half: as they stand in memory */
	u32 hops;     /* by which the TTL becomes less */
};

static __always_inline u32 packet_ports(const struct packet *pkt)
{
	return pkt->source_port_be | (u32)pkt->destination_port_be << 16;
}

/* The ports, then the checksum that covers them and the addresses. */
static __always_inline s32 translate_transport(struct packet *pkt, const struct change *to,
					       u64 difference)
{
	u32 *ports = transport_header(pkt);

	if (pkt->fragment != FRAGMENT_LATER &&
	    (pkt->proto == PROTO_TCP || pkt->proto == PROTO_UDP)) {
		if ((void *)(ports + 1) > packet_end(pkt))
			return R_MALFORMED;
		difference += (u64)(u32) ~*ports + to->ports_be;
		*ports = to->ports_be;
	}
	return transport_update(pkt, difference);
}

static __always_inline s32 translate_ipv4(struct packet *pkt, const struct change *to)
{
	struct ipv4_header *ip = network_header(pkt);
	u64 difference, hops;

	if ((void *)(ip + 1) > packet_end(pkt))
		return R_MALFORMED;
	difference = (u64)(u32)~ip->source_be + (u32)~ip->destination_be;
	difference += (u64)to->source.word_be[3] + to->destination.word_be[3];
	hops = to->hops ? (u16)~bpf_htons(0x0100) : 0; /* the word becomes smaller by this */
	ip->ttl -= to->hops;
	ip->source_be = to->source.word_be[3];
	ip->destination_be = to->destination.word_be[3];
	ip->checksum = checksum_update(ip->checksum, difference + hops);
	return translate_transport(pkt, to, difference);
}

static __always_inline s32 translate_ipv6(struct packet *pkt, const struct change *to)
{
	struct ipv6_header *ip = network_header(pkt);
	u64 difference = 0;

	if ((void *)(ip + 1) > packet_end(pkt))
		return R_MALFORMED;
	difference = checksum_sub_address(difference, &ip->source);
	difference = checksum_sub_address(difference, &ip->destination);
	difference = checksum_add_address(difference, &to->source);
	difference = checksum_add_address(difference, &to->destination);
	ip->hop_limit -= to->hops;
	ip->source = to->source;
	ip->destination = to->destination;
	return translate_transport(pkt, to, difference);
}

static __always_inline s32 translate(struct packet *pkt, const struct change *to)
{
	return pkt->ipv6 ? translate_ipv6(pkt, to) : translate_ipv4(pkt, to);
}

#endif
