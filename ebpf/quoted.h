/* SPDX-License-Identifier: GPL-2.0-only */
/* The packet that an ICMP error quotes: its IP header, and at least 8 bytes behind it (RFC 792). */
#ifndef DSRLB_QUOTED_H
#define DSRLB_QUOTED_H

#include "parse_ip.h"

/*
 * Fill in addresses, ip_bytes, proto, l4 (behind the fixed IPv6 header) and fragment of the quoted packet. `end`:
 * where the error's own packet ends. Returns R_CONTINUE or R_MALFORMED.
 */
static __always_inline s32 quoted_ipv4(struct packet *quoted, const struct packet *pkt, u32 end)
{
	u32 at = pkt->l4 + sizeof(struct icmp_header), header;
	struct ipv4_header *ip = packet_data(pkt) + bounded(at, 0x3fff);

	if (at + sizeof(*ip) > end || (void *)(ip + 1) > packet_end(pkt))
		return R_MALFORMED;
	header = (ip->version_ihl & 15) * 4;
	if (ip->version_ihl >> 4 != 4 || header < sizeof(*ip))
		return R_MALFORMED;
	address_from_ipv4(&quoted->source, ip->source_be);
	address_from_ipv4(&quoted->destination, ip->destination_be);
	quoted->ip_bytes = bpf_ntohs(ip->total_be);
	quoted->proto = ip->proto;
	quoted->l4 = at + header;
	if (ip->fragment_be & bpf_htons(IPV4_OFFSET_MASK))
		quoted->fragment = FRAGMENT_LATER;
	return R_CONTINUE;
}

static __always_inline s32 quoted_ipv6(struct packet *quoted, const struct packet *pkt, u32 end)
{
	u32 at = pkt->l4 + sizeof(struct icmp_header);
	struct ipv6_header *ip = packet_data(pkt) + bounded(at, 0x3fff);

	if (at + sizeof(*ip) > end || (void *)(ip + 1) > packet_end(pkt) ||
	    bpf_ntohl(ip->version_class_label_be) >> 28 != 6)
		return R_MALFORMED;
	quoted->source = ip->source;
	quoted->destination = ip->destination;
	quoted->ip_bytes = sizeof(*ip) + bpf_ntohs(ip->payload_be);
	quoted->proto = ip->next;
	quoted->l4 = at + sizeof(*ip);
	return R_CONTINUE;
}

static __always_inline s32 quoted_header(struct packet *quoted, const struct packet *pkt, u32 end)
{
	return pkt->ipv6 ? quoted_ipv6(quoted, pkt, end) : quoted_ipv4(quoted, pkt, end);
}

#endif
