/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * L3DSR by DSCP: the packet is addressed to the real server, and its DSCP (RFC 2474) says which VIP
 * it was for. The client's own DSCP is overwritten, never believed; the ECN bits (RFC 3168) are kept.
 */
#ifndef DSRLB_REWRITE_DSCP_H
#define DSRLB_REWRITE_DSCP_H

#include "checksum.h"
#include "way.h"

#define ECN_MASK 3

/*
 * The transport checksum covers the addresses. `difference`: sum of the old words' complements and of
 * the new words. UDP: 0 is no checksum (over IPv6 too: RFC 6935), a sum of 0 is sent as all ones.
 */
static __always_inline s32 dscp_transport(struct packet *pkt, u64 difference)
{
	void *at = transport_header(pkt);
	u16 *checksum;

	if (pkt->fragment == FRAGMENT_LATER)
		return R_CONTINUE;
	if (pkt->proto == PROTO_UDP) {
		checksum = at + __builtin_offsetof(struct udp_header, checksum);
		if ((void *)(checksum + 1) > packet_end(pkt))
			return R_MALFORMED;
		if (*checksum) {
			u16 sum = checksum_update(*checksum, difference);

			*checksum = sum ? sum : 0xffff;
		}
		return R_CONTINUE;
	}
	if (pkt->proto == PROTO_TCP)
		checksum = at + __builtin_offsetof(struct tcp_header, checksum);
	else if (pkt->proto == PROTO_ICMPV6)
		checksum = at + __builtin_offsetof(struct icmp_header, checksum);
	else
		return R_CONTINUE; /* ICMP: covers no addresses */
	if ((void *)(checksum + 1) > packet_end(pkt))
		return R_MALFORMED;
	*checksum = checksum_update(*checksum, difference);
	return R_CONTINUE;
}

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
	return dscp_transport(pkt, address);
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
	return dscp_transport(pkt, difference);
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
