/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * L3DSR by DSCP: the packet is addressed to the real server, and its DSCP (RFC 2474) says which VIP
 * it was for. The client's own DSCP is overwritten, never believed; the ECN bits (RFC 3168) are kept.
 */
#ifndef DSRLB_REWRITE_DSCP_H
#define DSRLB_REWRITE_DSCP_H

#include "transport.h"
#include "way.h"

#define ECN_MASK 3

static __always_inline s32 dscp_ipv4(struct packet *pkt, const struct real *real)
{
	struct ipv4_header *ip = network_header(pkt);
	u32 to = real->address.word_be[3];
	u64 address, header;
	u16 old;

	if ((void *)(ip + 1) > packet_end(pkt))
		return R_MALFORMED;
	address = (u64)(u32)~ip->destination_be + to;
	old = ip->version_ihl | ip->tos << 8; /* as the word stands in memory */
	ip->tos = real->dscp << 2 | (ip->tos & ECN_MASK);
	header = (u16)~old + (ip->version_ihl | ip->tos << 8);
	header += (u16)~bpf_htons(0x0100); /* TTL - 1: the word becomes smaller by this */
	ip->ttl--;
	ip->destination_be = to;
	ip->checksum = checksum_update(ip->checksum, address + header);
	return transport_update(pkt, address);
}

static __always_inline s32 dscp_ipv6(struct packet *pkt, const struct real *real)
{
	struct ipv6_header *ip = network_header(pkt);
	u64 difference = 0;
	u32 first;

	if ((void *)(ip + 1) > packet_end(pkt))
		return R_MALFORMED;
	first = bpf_ntohl(ip->version_class_label_be);
	first = (first & ~(0x3fu << 22)) | (u32)real->dscp << 22;
	ip->version_class_label_be = bpf_htonl(first);
	ip->hop_limit--;
	difference = checksum_sub_address(difference, &ip->destination);
	difference = checksum_add_address(difference, &real->address);
	ip->destination = real->address;
	return transport_update(pkt, difference);
}

static __always_inline s32 rewrite_dscp(struct packet *pkt, const struct real *real,
					const struct way *way)
{
	s32 reason = pkt->ipv6 ? dscp_ipv6(pkt, real) : dscp_ipv4(pkt, real);

	if (reason == R_CONTINUE)
		reason = reframe(pkt, way, 0, packet_type_be(pkt));
	return reason == R_CONTINUE ? R_FORWARDED : reason;
}

#endif
