/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A plain packet as it is to leave: its headers are where hit_parse.h found them, and the frame keeps its
 * length. What needs more room is left to rewrite.h.
 */
#ifndef DSRLB_HIT_REWRITE_H
#define DSRLB_HIT_REWRITE_H

#include "hit_parse.h"
#include "translate.h"
#include "way.h"

/* May a frame of so many bytes leave by this way? Then this is noted for XDP_REDIRECT. */
static __always_inline bool plain_leaves(struct packet *pkt, u64 bytes, const struct way *way)
{
	if (pkt->ip_bytes > way->mtu)
		return false;
	pkt->egress = way_link(way);
	if (pkt->egress == pkt->link)
		return true;
	/* A trailer may be too much for a devmap: see cut_trailer(). */
	return (bytes <= pkt->l3 + pkt->ip_bytes || bytes <= way->mtu) &&
	       egress.redirect_map(pkt->egress, 0) == XDP_REDIRECT;
}

/* The MAC addresses, eight bytes and four. */
static __always_inline void plain_macs(struct eth_header *eth, const struct way *way)
{
	u32 *words = (void *)eth;

	words[0] = way->to;
	words[1] = (way->to >> 32 & 0xffff) | way->from << 16;
	words[2] = way->from >> 16;
}

/* Has the way a tag where the frame came with one, and none where it came without? */
static __always_inline bool plain_tagged(const struct packet *pkt, const struct way *way)
{
	return (pkt->l3 > sizeof(struct eth_header)) == (way->vlan != 0);
}

/* As reframe(). */
static __always_inline void plain_reframe(struct eth_header *eth, const struct way *way)
{
	struct vlan_header *tag = (void *)(eth + 1);

	plain_macs(eth, way);
	if (!way->vlan)
		return;
	eth->type_be = bpf_htons(TYPE_VLAN);
	tag->tci_be = (tag->tci_be & bpf_htons(0xf000)) | bpf_htons(way->vlan);
}

/* Read anew wherever it is asked for, so that the verifier does not go by the answer from there on. */
static __always_inline u8 plain_proto(bool ipv6, const void *ip)
{
	return ipv6 ? *(const volatile u8 *)&((const struct ipv6_header *)ip)->next :
		      *(const volatile u8 *)&((const struct ipv4_header *)ip)->proto;
}

/* As translate(). */
static __always_inline void plain_translate(bool ipv6, void *ip, const struct change *to)
{
	void *header = ip + (ipv6 ? sizeof(struct ipv6_header) : sizeof(struct ipv4_header));
	struct tcp_header *tcp = header;
	struct udp_header *udp = header;
	u64 difference = ipv6 ? change_ipv6(ip, to) : change_ipv4(ip, to);

	difference += change_ports(header, to);
	if (plain_proto(ipv6, ip) == PROTO_UDP)
		udp_checksum_update(&udp->checksum, difference);
	else
		tcp->checksum = checksum_update(tcp->checksum, difference);
}

static __always_inline u32 plain_ttl(bool ipv6, const void *ip)
{
	return ipv6 ? ((struct ipv6_header *)ip)->hop_limit : ((struct ipv4_header *)ip)->ttl;
}

#endif
