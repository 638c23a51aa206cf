/* SPDX-License-Identifier: GPL-2.0-only */
/* Other addresses, ports and DSCP for a packet. */
#ifndef DSRLB_TRANSLATE_H
#define DSRLB_TRANSLATE_H

#include "transport.h"

/* What a packet is to have; IPv4 addresses as mapped ones. */
struct change {
	struct address source;
	struct address destination;
	u32 ports_be; /* source, and destination in the upper half: as they stand in memory */
	u32 hops;     /* by which the TTL becomes less */
	u32 dscp;     /* 0: kept; the ECN bits beside it always are (RFC 3168) */
};

#define ECN_MASK 3

static __always_inline u64 change_ports(u32 *ports, const struct change *to)
{
	u64 difference = (u64)(u32) ~*ports + to->ports_be;

	*ports = to->ports_be;
	return difference;
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
		difference += change_ports(ports, to);
	}
	return transport_update(pkt, difference);
}

/* The header changes; returns the difference that its addresses make to the transport checksum. */
static __always_inline u64 change_ipv4(struct ipv4_header *ip, const struct change *to)
{
	u64 difference, header;

	header = to->hops ? (u16)~bpf_htons(0x0100) : 0; /* the word becomes smaller by this */
	if (to->dscp) {
		header += (u16) ~(ip->version_ihl | ip->tos << 8); /* as it stands in memory */
		ip->tos = to->dscp << 2 | (ip->tos & ECN_MASK);
		header += ip->version_ihl | ip->tos << 8;
	}
	difference = (u64)(u32)~ip->source_be + (u32)~ip->destination_be;
	difference += (u64)to->source.word_be[3] + to->destination.word_be[3];
	ip->ttl -= to->hops;
	ip->source_be = to->source.word_be[3];
	ip->destination_be = to->destination.word_be[3];
	ip->checksum = checksum_update(ip->checksum, difference + header);
	return difference;
}

static __always_inline u64 change_ipv6(struct ipv6_header *ip, const struct change *to)
{
	u64 difference = 0;
	u32 first;

	if (to->dscp) {
		first = bpf_ntohl(ip->version_class_label_be) & ~(0x3fu << 22);
		ip->version_class_label_be = bpf_htonl(first | to->dscp << 22);
	}
	difference = checksum_sub_address(difference, &ip->source);
	difference = checksum_sub_address(difference, &ip->destination);
	difference = checksum_add_address(difference, &to->source);
	difference = checksum_add_address(difference, &to->destination);
	ip->hop_limit -= to->hops;
	ip->source = to->source;
	ip->destination = to->destination;
	return difference;
}

static __always_inline s32 translate(struct packet *pkt, const struct change *to)
{
	void *ip = network_header(pkt);
	u64 difference;

	if (pkt->ipv6) {
		if (ip + sizeof(struct ipv6_header) > packet_end(pkt))
			return R_MALFORMED;
		difference = change_ipv6(ip, to);
	} else {
		if (ip + sizeof(struct ipv4_header) > packet_end(pkt))
			return R_MALFORMED;
		difference = change_ipv4(ip, to);
	}
	return translate_transport(pkt, to, difference);
}

#endif
