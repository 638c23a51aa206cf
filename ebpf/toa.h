/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The client's address and port in a TCP option, for a real server that sees the pool's: in the packet
 * that completes the handshake, right behind the fixed header, as LVS and DPVS write it. Done when all
 * else is, because a packet that has no room for it goes without.
 */
#ifndef DSRLB_TOA_H
#define DSRLB_TOA_H

#include "deliver.h"
#include "scratch.h"

#define OPTION_TOA 254		       /* of those that are free for experiments (RFC 4727, 7.3) */
#define TOA_MOVED (18 + 40 + 20 + 176) /* bytes of headers, IPv6 extensions included */

struct toa {
	u8 kind;
	u8 length;
	u16 port_be;
	u32 address_be[4]; /* IPv4: one */
};

/* Bytes of the option that the packet is to have, before it is delivered; 0: none. */
static __always_inline u32 toa_wanted(const struct packet *pkt, const struct scratch *with,
				      const struct real *real)
{
	struct service_record *record;

	if (!with->opens || real->method != METHOD_ONE_ARM || pkt->proto != PROTO_TCP ||
	    pkt->fragment)
		return 0;
	record = service_record_of(real->service);
	if (!record || !(record->flags & SERVICE_TOA))
		return 0;
	return __builtin_offsetof(struct toa, address_be) + (pkt->ipv6 ? 16 : 4);
}

/*
 * Is there room in the TCP header, and on the way? What is behind the IP packet counts as well: no
 * devmap takes a frame with more than the MTU.
 */
static __always_inline bool toa_fits(const struct packet *pkt, const struct real *real, u32 bytes)
{
	u32 frame = frame_bytes(pkt);
	struct tcp_header *tcp = transport_header(pkt);
	struct way way;

	find_way(&way, pkt, real);
	return (void *)(tcp + 1) <= packet_end(pkt) && (tcp->offset >> 4) + bytes / 4 <= 15 &&
	       frame - pkt->l3 + bytes <= way.mtu && pkt->l4 + sizeof(*tcp) <= TOA_MOVED;
}

/*
 * Move what is in front of the option's place, which is 2 bytes more than a multiple of four. Nothing
 * of it is behind the frame's end: that is for the verifier.
 */
static __always_inline bool toa_move(const struct packet *pkt, u32 bytes)
{
	u32 length = pkt->l4 + sizeof(struct tcp_header), i;
	u16 *first = packet_data(pkt), *from = (void *)first + bounded(bytes, 31);

	if ((void *)(first + 1) > packet_end(pkt) || (void *)(from + 1) > packet_end(pkt))
		return false;
	*first = *from;
	for (i = sizeof(*first); i < TOA_MOVED; i += sizeof(u32)) {
		u32 *to = packet_data(pkt) + i, *word = (void *)to + bounded(bytes, 31);

		hide(i);
		if (i >= length)
			break;
		if ((void *)(to + 1) > packet_end(pkt) || (void *)(word + 1) > packet_end(pkt))
			return false;
		*to = *word;
	}
	return true;
}

/* The IP header's length and its checksum. */
static __always_inline bool toa_lengthen(const struct packet *pkt, u32 bytes)
{
	struct ipv6_header *six = network_header(pkt);
	struct ipv4_header *four = network_header(pkt);
	u16 total_be;

	if (pkt->ipv6) {
		if ((void *)(six + 1) > packet_end(pkt))
			return false;
		six->payload_be = bpf_htons(bpf_ntohs(six->payload_be) + bytes);
		return true;
	}
	if ((void *)(four + 1) > packet_end(pkt))
		return false;
	total_be = bpf_htons(bpf_ntohs(four->total_be) + bytes);
	four->checksum = checksum_replace(four->checksum, four->total_be, total_be);
	four->total_be = total_be;
	return true;
}

/* The option itself, and what it changes in the TCP header. The checksum covers TCP's length as well. */
static __always_inline bool toa_write(const struct packet *pkt, u32 bytes)
{
	struct tcp_header *tcp = transport_header(pkt);
	struct toa *toa = (void *)(tcp + 1);
	u64 difference = (u64)bpf_htons(bytes) + (OPTION_TOA | bytes << 8) + pkt->source_port_be;

	if ((void *)toa + (pkt->ipv6 ? sizeof(*toa) : 8) > packet_end(pkt))
		return false;
	toa->kind = OPTION_TOA;
	toa->length = bytes;
	toa->port_be = pkt->source_port_be;
	if (pkt->ipv6) {
		if ((void *)(toa + 1) > packet_end(pkt))
			return false;
		__builtin_memcpy(toa->address_be, &pkt->source, sizeof(pkt->source));
		difference = checksum_add_address(difference, &pkt->source);
	} else {
		toa->address_be[0] = pkt->source.word_be[3];
		difference += pkt->source.word_be[3];
	}
	tcp->offset += bytes / 4 << 4;
	tcp->checksum = checksum_update(tcp->checksum, difference + (bytes / 4 << 4));
	return true;
}

/*
 * Put the option into a packet that has been delivered, if it can be: pkt->l3 and pkt->l4 say where its
 * headers are now. Returns R_FORWARDED.
 */
static __always_inline s32 toa_insert(struct packet *pkt, const struct real *real, u32 bytes)
{
	if (!toa_fits(pkt, real, bytes) || bpf_xdp_adjust_head(pkt->ctx, -(s32)bytes))
		return R_FORWARDED;
	return toa_move(pkt, bytes) && toa_lengthen(pkt, bytes) && toa_write(pkt, bytes) ?
		       R_FORWARDED :
		       R_MALFORMED;
}

#endif
