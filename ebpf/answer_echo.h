/* SPDX-License-Identifier: GPL-2.0-only */
/* ICMP to a VIP: echo is answered here, since the VIP is on no interface of the kernel. */
#ifndef DSRLB_ANSWER_ECHO_H
#define DSRLB_ANSWER_ECHO_H

#include "checksum.h"
#include "packet.h"
#include "parse_link.h"

#define ECHO_TTL 64

/* Turn request into reply: type 0 (IPv6: 129). RFC 792, RFC 4443 4.2. */
static __always_inline s32 echo_icmp(struct packet *pkt, u8 request, u8 reply)
{
	struct icmp_header *icmp = transport_header(pkt);
	u16 checksum;

	if ((void *)(icmp + 1) > packet_end(pkt))
		return R_MALFORMED;
	checksum = checksum_replace(icmp->checksum, bpf_htons(request << 8), bpf_htons(reply << 8));
	/*
	 * Zero would be wrong for an all-zero message, whose only right checksum is 0xffff; for any
	 * other message both forms of zero verify.
	 */
	icmp->checksum = checksum ? checksum : 0xffff;
	icmp->type = reply;
	return R_ANSWERED_ECHO;
}

static __always_inline s32 echo_ipv4(struct packet *pkt)
{
	struct ipv4_header *ip = network_header(pkt);

	if ((void *)(ip + 1) > packet_end(pkt))
		return R_MALFORMED;
	ip->source_be = pkt->destination.word_be[3];
	ip->destination_be = pkt->source.word_be[3];
	ip->checksum = checksum_replace(ip->checksum, bpf_htons(ip->ttl << 8 | PROTO_ICMP),
					bpf_htons(ECHO_TTL << 8 | PROTO_ICMP));
	ip->ttl = ECHO_TTL;
	return echo_icmp(pkt, 8, 0);
}

static __always_inline s32 echo_ipv6(struct packet *pkt)
{
	struct ipv6_header *ip = network_header(pkt);

	if ((void *)(ip + 1) > packet_end(pkt))
		return R_MALFORMED;
	ip->source = pkt->destination;
	ip->destination = pkt->source;
	ip->hop_limit = ECHO_TTL;
	return echo_icmp(pkt, 128, 129);
}

/* An ICMP message for a VIP that is no error. */
static __always_inline s32 answer_echo(struct packet *pkt)
{
	if (pkt->icmp_type != (pkt->ipv6 ? 128 : 8) || pkt->icmp_code)
		return R_NO_SERVICE;
	if (swap_macs(pkt) != R_CONTINUE)
		return R_MALFORMED;
	return pkt->ipv6 ? echo_ipv6(pkt) : echo_ipv4(pkt);
}

#endif
