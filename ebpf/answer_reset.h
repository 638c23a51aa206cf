/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Answer a TCP segment of no known flow with an RST from the VIP (RFC 9293, 3.10.7.1, "CLOSED"):
 * its sequence number is the segment's acknowledgement number, so that the client accepts it.
 *
 * The answer is a bare header and never longer than the question.
 */
#ifndef DSRLB_ANSWER_RESET_H
#define DSRLB_ANSWER_RESET_H

#include "checksum.h"
#include "parse_link.h"

#define SHORTEST_FRAME 60 /* without FCS: what Ethernet carries at least */
#define RESET_HOPS 64

static __always_inline u16 reset_tcp(struct tcp_header *tcp, const struct packet *pkt,
				     u32 sequence_be)
{
	u64 sum = checksum_add_address(checksum_add_address(0, &pkt->source), &pkt->destination);

	tcp->source_be = pkt->destination_port_be;
	tcp->destination_be = pkt->source_port_be;
	tcp->sequence_be = sequence_be;
	tcp->acknowledgement_be = 0;
	tcp->offset = 5 << 4;
	tcp->flags = TCP_RST;
	tcp->window_be = 0;
	tcp->checksum = 0;
	tcp->urgent_be = 0;
	if (!pkt->ipv6) /* the addresses stand there as mapped ones */
		sum -= 2ull * bpf_htonl(0xffff);
	sum += bpf_htonl(sizeof(*tcp)) + (u64)bpf_htonl(PROTO_TCP);
	sum += tcp->source_be | (u32)tcp->destination_be << 16;
	sum += sequence_be;
	sum += (u16)bpf_htons(5 << 12 | TCP_RST);
	return ~checksum_fold64(sum);
}

static __always_inline s32 reset_ipv4(struct packet *pkt, u32 sequence_be)
{
	struct ipv4_header *ip = network_header(pkt);
	struct tcp_header *tcp = (void *)(ip + 1);
	u32 i;

	if ((void *)(tcp + 1) > packet_end(pkt))
		return R_MALFORMED;
	ip->version_ihl = 0x45;
	ip->tos = 0;
	ip->total_be = bpf_htons(sizeof(*ip) + sizeof(*tcp));
	ip->id_be = 0;
	ip->fragment_be = bpf_htons(0x4000); /* DF: the id may be anything then (RFC 6864) */
	ip->ttl = RESET_HOPS;
	ip->proto = PROTO_TCP;
	ip->checksum = 0;
	ip->source_be = pkt->destination.word_be[3];
	ip->destination_be = pkt->source.word_be[3];
	ip->checksum = ~checksum_fold64((u64)bpf_htons(0x4500) + ip->total_be + ip->fragment_be +
					bpf_htons(RESET_HOPS << 8 | PROTO_TCP) + ip->source_be +
					ip->destination_be);
	tcp->checksum = reset_tcp(tcp, pkt, sequence_be);
	for (i = 0; i < 6; i++) { /* Ethernet's padding: the headers are 54 bytes at least */
		u8 *pad = (u8 *)(tcp + 1) + i;

		if ((void *)(pad + 1) > packet_end(pkt))
			break;
		*pad = 0;
	}
	return R_ANSWERED_RESET;
}

static __always_inline s32 reset_ipv6(struct packet *pkt, u32 sequence_be)
{
	struct ipv6_header *ip = network_header(pkt);
	struct tcp_header *tcp = (void *)(ip + 1);

	if ((void *)(tcp + 1) > packet_end(pkt))
		return R_MALFORMED;
	ip->version_class_label_be = bpf_htonl(6 << 28);
	ip->payload_be = bpf_htons(sizeof(*tcp));
	ip->next = PROTO_TCP;
	ip->hop_limit = RESET_HOPS;
	ip->source = pkt->destination;
	ip->destination = pkt->source;
	tcp->checksum = reset_tcp(tcp, pkt, sequence_be);
	return R_ANSWERED_RESET;
}

/* Turn the segment into an RST for its sender. */
static __always_inline s32 answer_reset(struct packet *pkt)
{
	struct tcp_header *tcp = transport_header(pkt);
	u32 length = frame_bytes(pkt), sequence_be, wanted;
	s32 reason;

	if ((void *)(tcp + 1) > packet_end(pkt) || swap_macs(pkt) != R_CONTINUE)
		return R_MALFORMED;
	sequence_be = tcp->acknowledgement_be;
	reason = pkt->ipv6 ? reset_ipv6(pkt, sequence_be) : reset_ipv4(pkt, sequence_be);
	wanted = pkt->l3 + sizeof(*tcp) +
		 (pkt->ipv6 ? sizeof(struct ipv6_header) : sizeof(struct ipv4_header));
	if (wanted < SHORTEST_FRAME)
		wanted = SHORTEST_FRAME;
	if (length > wanted && bpf_xdp_adjust_tail(pkt->ctx, (s32)(wanted - length)))
		return R_MALFORMED;
	return reason;
}

#endif
