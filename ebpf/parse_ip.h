/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * IPv4 with options, IPv6 with extension headers.
 *
 * Only the destination decides whether a packet concerns us, so a header that is wrong does not
 * make a verdict here: the reason is kept in pkt->irregular until the destination is known to be a
 * VIP. Lengths come from the IP header, never from the frame's end: short frames are padded.
 */
#ifndef DSRLB_PARSE_IP_H
#define DSRLB_PARSE_IP_H

#include "interest.h"
#include "pass.h"
#include "parse_transport.h"

/*
 * A fragment, at `place` 8-byte units. A first one has to have the whole transport header, and TCP's
 * second eight bytes must not come by themselves: they could overwrite flags and ports (RFC 1858).
 */
static __always_inline s32 parse_fragment(struct packet *pkt, u32 place)
{
	if (pkt->proto == (pkt->ipv6 ? PROTO_ICMPV6 : PROTO_ICMP) ||
	    (pkt->proto == PROTO_TCP && place == 1))
		return R_FRAGMENT;
	pkt->fragment = place ? FRAGMENT_LATER : FRAGMENT_FIRST;
	if (place && !pkt->ipv6 && pkt->proto != PROTO_TCP && pkt->proto != PROTO_UDP)
		return R_NO_SERVICE;
	return R_CONTINUE;
}

static __always_inline bool ipv4_is_unicast(u32 address_be)
{
	u8 first = address_be;

	return first && first != 127 && first < 224;
}

static __always_inline bool ipv6_is_unicast(const struct address *address)
{
	if (!address->word_be[0] && !address->word_be[1] && !address->word_be[2] &&
	    !(address->word_be[3] & ~bpf_htonl(1))) /* :: and ::1 */
		return false;
	return (u8)address->word_be[0] != 0xff;
}

static __always_inline s32 parse_ipv4_rest(struct packet *pkt, struct ipv4_header *ip)
{
	u32 header = (ip->version_ihl & 15) * 4;
	u32 total = bpf_ntohs(ip->total_be);
	void *l3 = ip;

	pkt->ip_bytes = total;
	pkt->l4 = pkt->l3 + header;
	if (ip->version_ihl >> 4 != 4 || header < sizeof(*ip) || header > total ||
	    l3 + total > packet_end(pkt))
		return R_MALFORMED;
	if (ip->source_be == ip->destination_be || !ipv4_is_unicast(ip->source_be))
		return R_MARTIAN;
	if (ip->fragment_be & bpf_htons(IPV4_FRAGMENT_MASK)) {
		s32 reason = parse_fragment(pkt, bpf_ntohs(ip->fragment_be) & IPV4_OFFSET_MASK);

		pkt->fragment_id = ip->id_be;
		if (reason != R_CONTINUE || pkt->fragment == FRAGMENT_LATER)
			return reason;
	}
	return parse_transport(pkt, total - header);
}

/* Return R_PASS when the packet is certainly none of ours, else R_CONTINUE. */
static __always_inline s32 parse_ipv4(struct packet *pkt)
{
	struct ipv4_header *ip = network_header(pkt);

	if ((void *)(ip + 1) > packet_end(pkt))
		return R_PASS;
	address_from_ipv4(&pkt->destination, ip->destination_be);
	pkt->proto = ip->proto;
	address_from_ipv4(&pkt->source, ip->source_be);
	if (!interesting(&pkt->destination, INTEREST_VIPS)) {
		if (!interesting(&pkt->source, INTEREST_REALS))
			return pass(pkt);
		pkt->from_real = 1;
	}
	pkt->irregular = parse_ipv4_rest(pkt, ip);
	return R_CONTINUE;
}

#define EXTENSIONS                                                                                 \
	(1ull << PROTO_HOPOPTS | 1ull << PROTO_ROUTING | 1ull << PROTO_FRAGMENT |                  \
	 1ull << PROTO_AH | 1ull << PROTO_DSTOPTS)

/*
 * Walk the extension headers from `offset` to the transport header, or to what is left of a packet
 * behind a fragment header; `end` is where the payload ends. Sets pkt->proto, l4 and fragment.
 * RFC 8200, 4; AH: RFC 4302, 2.2; atomic fragments: RFC 6946. Each header is walked without branches, but
 * for those that end it: the verifier would walk the next one once for each.
 */
static __always_inline s32 walk_extensions(struct packet *pkt, u32 offset, u8 next, u32 end)
{
	u32 i;

	for (i = 0; i <= MAX_EXTENSION_HEADERS; i++) {
		struct ipv6_extension *ext = packet_data(pkt) + bounded(offset, 0x3fff);
		u64 fragment, ah, more, later;

		pkt->proto = next;
		pkt->l4 = offset;
		if (next > 63 || !(EXTENSIONS >> next & 1))
			return R_CONTINUE;
		if (i == MAX_EXTENSION_HEADERS)
			return R_EXTENSION_DEPTH;
		if (offset + sizeof(*ext) > end || (void *)(ext + 1) > packet_end(pkt))
			return R_MALFORMED;
		fragment = is_zero(next ^ PROTO_FRAGMENT);
		ah = is_zero(next ^ PROTO_AH);
		more = is_zero(ext->fragment_be & bpf_htons(IPV6_FRAGMENT_MASK)) ^ 1;
		later = is_zero(ext->fragment_be & bpf_htons(IPV6_OFFSET_MASK)) ^ 1;
		more &= fragment;
		later &= fragment;
		pkt->fragment |= more * FRAGMENT_FIRST;
		pkt->fragment_id ^= (pkt->fragment_id ^ ext->rest) & -more;
		next = ext->next;
		if (later) {
			pkt->proto = next;
			return parse_fragment(pkt, bpf_ntohs(ext->fragment_be) >> 3);
		}
		offset += ((ext->length & (fragment - 1)) + 1 + ah) << (3 - ah);
		if (offset > end)
			return R_MALFORMED;
	}
	return R_EXTENSION_DEPTH;
}

static __always_inline s32 parse_ipv6_rest(struct packet *pkt, struct ipv6_header *ip)
{
	u32 payload = bpf_ntohs(ip->payload_be);
	u32 end = pkt->l3 + sizeof(*ip) + payload;
	s32 reason;

	pkt->ip_bytes = sizeof(*ip) + payload;
	if ((bpf_ntohl(ip->version_class_label_be) >> 28) != 6 || !payload ||
	    packet_data(pkt) + bounded(end, 0x1ffff) > packet_end(pkt))
		return R_MALFORMED;
	if (address_equal(&pkt->source, &pkt->destination) || !ipv6_is_unicast(&pkt->source))
		return R_MARTIAN;
	reason = walk_extensions(pkt, pkt->l3 + sizeof(*ip), ip->next, end);
	if (reason != R_CONTINUE || pkt->fragment == FRAGMENT_LATER)
		return reason;
	if (pkt->fragment && pkt->proto == PROTO_ICMPV6)
		return R_FRAGMENT;
	return parse_transport(pkt, end - pkt->l4);
}

/* As parse_ipv4(). */
static __always_inline s32 parse_ipv6(struct packet *pkt)
{
	struct ipv6_header *ip = network_header(pkt);

	if ((void *)(ip + 1) > packet_end(pkt))
		return R_PASS;
	pkt->ipv6 = 1;
	pkt->destination = ip->destination;
	if (address_is_mapped(&pkt->destination))
		return R_PASS;
	pkt->proto = ip->next;
	pkt->source = ip->source;
	if (!interesting(&pkt->destination, INTEREST_VIPS)) {
		if (!interesting(&pkt->source, INTEREST_REALS))
			return pass(pkt);
		pkt->from_real = 1;
	}
	pkt->irregular = parse_ipv6_rest(pkt, ip);
	return R_CONTINUE;
}

#endif
