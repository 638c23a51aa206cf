/* SPDX-License-Identifier: GPL-2.0-only */
/* TCP, UDP and ICMP headers: ports, flags, types, and whether their lengths are possible. */
#ifndef DSRLB_PARSE_TRANSPORT_H
#define DSRLB_PARSE_TRANSPORT_H

#include "headers.h"
#include "packet.h"

/* `left` is the number of transport bytes according to the IP header, known to be in the frame. */
static __always_inline s32 parse_tcp(struct packet *pkt, u32 left)
{
	struct tcp_header *tcp = transport_header(pkt);
	u32 header;

	if (left < sizeof(*tcp) || (void *)(tcp + 1) > packet_end(pkt))
		return R_MALFORMED;
	header = (tcp->offset >> 4) * 4;
	if (header < sizeof(*tcp) || header > left)
		return R_MALFORMED;
	pkt->source_port_be = tcp->source_be;
	pkt->destination_port_be = tcp->destination_be;
	pkt->tcp_flags = tcp->flags;
	pkt->tcp_data = left > header;
	if (tcp->flags & TCP_SYN) {
		if (tcp->flags & (TCP_FIN | TCP_RST))
			return R_BAD_FLAGS;
	} else if (!(tcp->flags & (TCP_ACK | TCP_RST))) {
		return R_BAD_FLAGS;
	}
	return R_CONTINUE;
}

static __always_inline s32 parse_udp(struct packet *pkt, u32 left)
{
	struct udp_header *udp = transport_header(pkt);
	u32 length;

	if (left < sizeof(*udp) || (void *)(udp + 1) > packet_end(pkt))
		return R_MALFORMED;
	length = bpf_ntohs(udp->length_be);
	if (length < sizeof(*udp) || (length > left && !pkt->fragment))
		return R_MALFORMED;
	pkt->source_port_be = udp->source_be;
	pkt->destination_port_be = udp->destination_be;
	return R_CONTINUE;
}

/* Unreachable, too big, time exceeded, parameter problem: RFC 792; RFC 4443, 3. */
static __always_inline bool icmp_type_is_error(u8 type, bool ipv6)
{
	if (ipv6)
		return type >= 1 && type <= 4;
	return type == 3 || type == 11 || type == 12;
}

static __always_inline bool icmp_is_error(const struct packet *pkt)
{
	return icmp_type_is_error(pkt->icmp_type, pkt->ipv6);
}

static __always_inline s32 parse_icmp(struct packet *pkt, u32 left)
{
	struct icmp_header *icmp = transport_header(pkt);

	if (left < sizeof(*icmp) || (void *)(icmp + 1) > packet_end(pkt))
		return R_MALFORMED;
	pkt->icmp_type = icmp->type;
	pkt->icmp_code = icmp->code;
	return R_CONTINUE;
}

/* Return R_CONTINUE for a well-formed TCP, UDP or ICMP header of the family, else the reason. */
static __always_inline s32 parse_transport(struct packet *pkt, u32 left)
{
	if (pkt->proto == PROTO_TCP)
		return parse_tcp(pkt, left);
	if (pkt->proto == PROTO_UDP)
		return parse_udp(pkt, left);
	if (pkt->proto == (pkt->ipv6 ? PROTO_ICMPV6 : PROTO_ICMP))
		return parse_icmp(pkt, left);
	return R_NO_SERVICE;
}

#endif
