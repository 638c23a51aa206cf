/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Tell a packet's sender by ICMP why it was not forwarded: TTL used up, or larger than the way (RFC
 * 792, 1191; RFC 4443). The error is built around the packet: its end is cut off, headers are put in
 * front. "Too big" comes from the VIP, which the sender has a route to; "time exceeded" from the
 * interface that the packet came in on, so that traceroute shows the balancer.
 */
#ifndef DSRLB_REFUSE_H
#define DSRLB_REFUSE_H

#include "admit.h"
#include "checksum.h"
#include "parse_link.h"
#include "persistence.h"

#define ERROR_INTERVAL 100000000ull	 /* ns: 10 per second and source */
#define ERROR_BURST (9 * ERROR_INTERVAL) /* so 10 at once */
#define ERROR_HOPS 64
#define ERROR_TOS 0xc0	    /* internetwork control (RFC 1812, 4.3.2.5) */
#define LONGEST_QUOTE4 548  /* in 576 bytes (RFC 1812, 4.3.2.3) */
#define LONGEST_QUOTE6 1232 /* in 1280 bytes (RFC 4443, 2.4 c) */

/* May this source be told something again? Sources that share a bucket share its rate. */
static __always_inline bool error_admitted(const struct packet *pkt, struct scratch *with)
{
	lookup_key bucket;
	u64 *tat;

	network_key_of(&with->source, pkt, with->refused);
	bucket = with->source.hash & (ERROR_BUCKETS - 1);
	tat = error_rates.lookup(&bucket);
	return tat && rate_admits(tat, bpf_ktime_get_ns(), ERROR_INTERVAL, ERROR_BURST);
}

/* Cut the packet down to what is quoted, and make room for `outer` bytes behind the link header. */
static __always_inline s32 make_room(struct packet *pkt, u32 longest, u32 outer)
{
	u32 length = frame_bytes(pkt);
	u32 quote = pkt->ip_bytes < longest ? pkt->ip_bytes : longest;
	struct eth_header *from, *to;
	s32 more = pkt->l3 + (quote & ~3u) - length;
	u32 *tags_from, *tags_to;
	u8 mac[6];

	if (more && bpf_xdp_adjust_tail(pkt->ctx, more))
		return R_MALFORMED;
	if (bpf_xdp_adjust_head(pkt->ctx, -(s32)outer))
		return R_NO_HEADROOM;
	to = packet_data(pkt);
	from = packet_data(pkt) + outer;
	tags_to = (void *)(to + 1);
	tags_from = (void *)(from + 1);
	if ((void *)(tags_from + 2) > packet_end(pkt))
		return R_MALFORMED;
	mac_copy(mac, from->destination);
	mac_copy(to->destination, from->source);
	mac_copy(to->source, mac);
	to->type_be = from->type_be;
	tags_to[0] = tags_from[0]; /* and what else stands there, which is overwritten next */
	tags_to[1] = tags_from[1];
	return R_CONTINUE;
}

/* Sum of the words from `offset` to the end of the frame, whose number is even. */
static __always_inline u64 sum_of_rest(const struct packet *pkt, u32 offset, u32 longest)
{
	u64 sum = 0;
	u32 i;

	for (i = 0; i < longest / 4; i++) {
		u32 *word;

		hide(i);
		word = packet_data(pkt) + bounded(offset, 127) + bounded(i * 4, 0x7ff);
		if ((void *)(word + 1) > packet_end(pkt))
			break;
		sum += *word;
	}
	return sum;
}

static __always_inline s32 refuse_ipv4(struct packet *pkt, u32 source_be, u8 type, u8 code,
				       u32 rest)
{
	u32 outer = sizeof(struct ipv4_header) + sizeof(struct icmp_header);
	s32 reason = make_room(pkt, LONGEST_QUOTE4, outer);
	struct icmp_header *icmp;
	struct ipv4_header *ip;
	u64 sum;

	if (reason != R_CONTINUE)
		return reason;
	ip = network_header(pkt);
	icmp = (void *)(ip + 1);
	if ((void *)(icmp + 1) > packet_end(pkt))
		return R_MALFORMED;
	ip->version_ihl = 0x45;
	ip->tos = ERROR_TOS;
	ip->total_be = bpf_htons((u32)(packet_end(pkt) - (void *)ip));
	ip->id_be = 0;
	ip->fragment_be = 0;
	ip->ttl = ERROR_HOPS;
	ip->proto = PROTO_ICMP;
	ip->source_be = source_be;
	ip->destination_be = pkt->source.word_be[3];
	sum = (u64)source_be + ip->destination_be + bpf_htons(0x4500 | ERROR_TOS) + ip->total_be +
	      bpf_htons(ERROR_HOPS << 8 | PROTO_ICMP);
	ip->checksum = ~checksum_fold64(sum);
	icmp->type = type;
	icmp->code = code;
	icmp->checksum = 0;
	icmp->rest = bpf_htonl(rest);
	sum = sum_of_rest(pkt, pkt->l3 + sizeof(*ip), sizeof(*icmp) + LONGEST_QUOTE4);
	icmp = network_header(pkt) + sizeof(*ip);
	if ((void *)(icmp + 1) > packet_end(pkt))
		return R_MALFORMED;
	icmp->checksum = ~checksum_fold64(sum);
	return R_CONTINUE;
}

static __always_inline s32 refuse_ipv6(struct packet *pkt, const struct address *source, u8 type,
				       u32 rest)
{
	u32 outer = sizeof(struct ipv6_header) + sizeof(struct icmp_header), payload;
	s32 reason = make_room(pkt, LONGEST_QUOTE6, outer);
	struct icmp_header *icmp;
	struct ipv6_header *ip;
	u64 sum;

	if (reason != R_CONTINUE)
		return reason;
	ip = network_header(pkt);
	icmp = (void *)(ip + 1);
	if ((void *)(icmp + 1) > packet_end(pkt))
		return R_MALFORMED;
	payload = packet_end(pkt) - (void *)icmp;
	ip->version_class_label_be = bpf_htonl(6u << 28);
	ip->payload_be = bpf_htons(payload);
	ip->next = PROTO_ICMPV6;
	ip->hop_limit = ERROR_HOPS;
	ip->source = *source;
	ip->destination = pkt->source;
	icmp->type = type;
	icmp->code = 0;
	icmp->checksum = 0;
	icmp->rest = bpf_htonl(rest);
	sum = (u64)bpf_htonl(payload) + bpf_htonl(PROTO_ICMPV6);
	sum = checksum_add_address(checksum_add_address(sum, source), &pkt->source);
	sum += sum_of_rest(pkt, pkt->l3 + sizeof(*ip), sizeof(*icmp) + LONGEST_QUOTE6);
	icmp = network_header(pkt) + sizeof(*ip);
	if ((void *)(icmp + 1) > packet_end(pkt))
		return R_MALFORMED;
	icmp->checksum = ~checksum_fold64(sum);
	return R_CONTINUE;
}

/* The address of the interface that the packet came in on; where it has none, the packet's own. */
static __always_inline void own_address(const struct packet *pkt, struct address *own)
{
	struct link *link = ingress_link(pkt->ctx);

	*own = pkt->destination;
	if (!link)
		return;
	if (!pkt->ipv6 && link->address4_be)
		own->word_be[3] = link->address4_be;
	if (pkt->ipv6 && link->address6.word_be[0])
		*own = link->address6;
}

static __always_inline s32 refuse_too_big(struct packet *pkt, u32 mtu)
{
	struct address source = pkt->destination;

	if (pkt->from_real) /* what it sent to is behind us, and no address of ours */
		own_address(pkt, &source);
	if (!pkt->ipv6)
		return refuse_ipv4(pkt, source.word_be[3], 3, 4, mtu & 0xffff);
	return refuse_ipv6(pkt, &source, 2, mtu < IPV6_LEAST_MTU ? IPV6_LEAST_MTU : mtu);
}

static __always_inline s32 refuse_time_exceeded(struct packet *pkt)
{
	struct address own;

	own_address(pkt, &own);
	return pkt->ipv6 ? refuse_ipv6(pkt, &own, 3, 0) :
			   refuse_ipv4(pkt, own.word_be[3], 11, 0, 0);
}

/* Answer the packet that deliver() refused (with->refused). Returns the final reason. */
static __always_inline s32 serve_refuse(struct packet *pkt, struct scratch *with)
{
	s32 reason;

	if (!error_admitted(pkt, with))
		return with->refused;
	if (with->refused == R_TTL_EXCEEDED) {
		reason = refuse_time_exceeded(pkt);
		return reason == R_CONTINUE ? R_ANSWERED_TIME_EXCEEDED : reason;
	}
	reason = refuse_too_big(pkt, with->mtu);
	return reason == R_CONTINUE ? R_ANSWERED_TOO_BIG : reason;
}

#endif
