/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The headers of a plain packet: TCP or UDP in IPv4 without options or in IPv6 without extension
 * headers, whole, behind at most one tag. What is not plain, or not as it should be, is for the long
 * way (forward.h), which says what is wrong with it.
 */
#ifndef DSRLB_HIT_PARSE_H
#define DSRLB_HIT_PARSE_H

#include "parse_link.h"
#include "parse_transport.h"

/* So much of a plain packet is looked at, from its IP header on, and has to be there. */
#define PLAIN_BYTES4 (sizeof(struct ipv4_header) + sizeof(struct tcp_header))
#define PLAIN_BYTES6 (sizeof(struct ipv6_header) + sizeof(struct tcp_header))

/*
 * The IP header, and its EtherType; 0 when it is not to be found, or behind two tags. The verifier is not
 * to know whether there is a tag: it would walk everything twice.
 */
static __always_inline u16 plain_link(struct packet *pkt, void *data, void *end, void **ip)
{
	struct eth_header *eth = data;
	struct vlan_header *tag = (void *)(eth + 1);
	u32 tag_bytes = 0;
	u16 type_be;

	if ((void *)(tag + 1) > end)
		return 0;
	type_be = eth->type_be;
	if (is_tag(bpf_ntohs(type_be))) {
		tag_bytes = sizeof(*tag);
		type_be = tag->type_be;
	}
	tag_bytes = unknown(pkt, tag_bytes) & sizeof(*tag);
	pkt->l3 = sizeof(*eth) + tag_bytes;
	*ip = data + pkt->l3;
	return bpf_ntohs(type_be);
}

/* Lengths, and what makes the packet a fragment or other than plain. */
static __always_inline bool plain_ipv4(struct packet *pkt, const struct ipv4_header *ip,
				       const void *end)
{
	pkt->ip_bytes = bpf_ntohs(ip->total_be);
	pkt->l4 = pkt->l3 + sizeof(*ip);
	return ip->version_ihl == 0x45 && !(ip->fragment_be & bpf_htons(IPV4_FRAGMENT_MASK)) &&
	       pkt->ip_bytes >= sizeof(*ip) + sizeof(struct udp_header) &&
	       (void *)ip + pkt->ip_bytes <= end;
}

static __always_inline bool plain_ipv6(struct packet *pkt, const struct ipv6_header *ip,
				       const void *end)
{
	pkt->ip_bytes = sizeof(*ip) + bpf_ntohs(ip->payload_be);
	pkt->l4 = pkt->l3 + sizeof(*ip);
	return (*(u8 *)ip & 0xf0) == 0x60 &&
	       pkt->ip_bytes >= sizeof(*ip) + sizeof(struct udp_header) &&
	       (void *)ip + (pkt->ip_bytes & 0x1ffff) <= end;
}

/* The ports; of TCP only segments of an open connection, and SYNs. */
static __always_inline bool plain_transport(struct packet *pkt, const void *header, u32 left)
{
	const struct tcp_header *tcp = header;
	const struct udp_header *udp = header;
	u32 bytes, flags;

	pkt->source_port_be = tcp->source_be;
	pkt->destination_port_be = tcp->destination_be;
	if (pkt->proto == PROTO_UDP) {
		bytes = bpf_ntohs(udp->length_be);
		return bytes >= sizeof(*udp) && bytes <= left;
	}
	bytes = (tcp->offset >> 4) * 4;
	pkt->tcp_flags = tcp->flags;
	pkt->tcp_data = less(bytes, left);
	flags = tcp->flags & (TCP_SYN | TCP_FIN | TCP_RST | TCP_ACK);
	return bytes >= sizeof(*tcp) && bytes <= left && (flags == TCP_ACK || flags == TCP_SYN);
}

#endif
