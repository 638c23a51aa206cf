/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * An outer IPv4 or IPv6 header, to the real server: RFC 2003, RFC 2473, with DSCP and ECN copied from
 * the packet (RFC 6040, normal mode). The packet itself loses one of its TTL (RFC 2003, 3.1).
 *
 * Where the source is a prefix it varies with the flow, and the IPv6 flow label does too (RFC 6438),
 * so that receivers and routers spread flows.
 */
#ifndef DSRLB_ENCAPSULATE_H
#define DSRLB_ENCAPSULATE_H

#include "checksum.h"
#include "way.h"

#define OUTER_HOPS 64

/* What the outer header is made of. */
struct outer {
	u32 bytes; /* of header(s) in front of the packet, and of the packet itself */
	u32 inner;
	u8 tos; /* the packet's */
	u8 proto;
};

/* Decrement the packet's TTL; returns its DSCP and ECN, or a negative number. */
static __always_inline s32 leave(struct packet *pkt)
{
	struct ipv4_header *ip = network_header(pkt);
	struct ipv6_header *ip6 = (void *)ip;

	if (pkt->ipv6) {
		if ((void *)(ip6 + 1) > packet_end(pkt))
			return -1;
		ip6->hop_limit--;
		return bpf_ntohl(ip6->version_class_label_be) >> 20 & 0xff;
	}
	if ((void *)(ip + 1) > packet_end(pkt))
		return -1;
	ip->ttl--;
	ip->checksum = checksum_update(ip->checksum, (u16)~bpf_htons(0x0100));
	return ip->tos;
}

/* The bits of the source that vary. */
static __always_inline u32 source_part_be(const struct path *path, u32 hash)
{
	u32 bits = path->source_bits, part = (hash << 15 | hash >> 17) * 0x9e3779b1;

	if (bits < 32)
		part &= (1u << (bits & 31)) - 1;
	return bpf_htonl(part);
}

static __always_inline s32 outer_ipv4(struct packet *pkt, const struct real *real,
				      const struct way *way, const struct outer *outer)
{
	struct ipv4_header *ip = outer_header(pkt, outer->bytes);
	u64 sum;

	if ((void *)(ip + 1) > packet_end(pkt))
		return R_MALFORMED;
	ip->version_ihl = 0x45;
	ip->tos = outer->tos;
	ip->total_be = bpf_htons(outer->bytes + outer->inner);
	ip->id_be = 0; /* never a fragment, hence never read (RFC 6864, 4.1) */
	ip->fragment_be = bpf_htons(IPV4_DONT_FRAGMENT);
	ip->ttl = OUTER_HOPS;
	ip->proto = outer->proto;
	ip->source_be = way->path->source.word_be[3] | source_part_be(way->path, pkt->hash);
	ip->destination_be = real->address.word_be[3];
	sum = (u64)ip->source_be + ip->destination_be + bpf_htons(0x4500 | outer->tos) +
	      ip->total_be + ip->fragment_be + bpf_htons(OUTER_HOPS << 8 | outer->proto);
	ip->checksum = ~checksum_fold64(sum);
	return R_CONTINUE;
}

static __always_inline s32 outer_ipv6(struct packet *pkt, const struct real *real,
				      const struct way *way, const struct outer *outer)
{
	struct ipv6_header *ip = outer_header(pkt, outer->bytes);

	if ((void *)(ip + 1) > packet_end(pkt))
		return R_MALFORMED;
	ip->version_class_label_be =
		bpf_htonl(6u << 28 | (u32)outer->tos << 20 | (pkt->hash & 0xfffff));
	ip->payload_be = bpf_htons(outer->bytes - sizeof(*ip) + outer->inner);
	ip->next = outer->proto;
	ip->hop_limit = OUTER_HOPS;
	ip->source = way->path->source;
	ip->source.word_be[3] |= source_part_be(way->path, pkt->hash);
	ip->destination = real->address;
	return R_CONTINUE;
}

/*
 * Put the outer header in front, and `more` bytes behind it for the method's own. `proto`: what stands
 * behind the outer header.
 */
static __always_inline s32 encapsulate(struct packet *pkt, const struct real *real,
				       const struct way *way, u8 proto, u32 more)
{
	struct outer outer = { .inner = pkt->ip_bytes, .proto = proto };
	bool ipv6 = real->flags & REAL_IPV6;
	s32 tos = leave(pkt), reason;

	if (tos < 0)
		return R_MALFORMED;
	if (!way->path)
		return R_UNRESOLVED;
	outer.tos = tos;
	outer.bytes = more + (ipv6 ? sizeof(struct ipv6_header) : sizeof(struct ipv4_header));
	reason = reframe(pkt, way, outer.bytes, ipv6 ? bpf_htons(TYPE_IPV6) : bpf_htons(TYPE_IPV4));
	if (reason != R_CONTINUE)
		return reason;
	return ipv6 ? outer_ipv6(pkt, real, way, &outer) : outer_ipv4(pkt, real, way, &outer);
}

#endif
