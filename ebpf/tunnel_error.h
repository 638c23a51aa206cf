/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * ICMP errors about packets in a tunnel: routers send them to the outer source, which is ours. What
 * they say of the MTU is believed for a while (RFC 2003, 5.2). The kernel gets them as well, in case
 * it has a tunnel of its own.
 */
#ifndef DSRLB_TUNNEL_ERROR_H
#define DSRLB_TUNNEL_ERROR_H

#include "parse_link.h"
#include "quoted.h"

#define LOWERED_TICKS 4471 /* 10 min (RFC 1191, 6.3) */

static __always_inline u32 varying_mask_be(const struct path *path)
{
	return path->source_bits < 32 ? bpf_htonl((1u << (path->source_bits & 31)) - 1) : ~0u;
}

/* The path that the quoted packet was sent on, or NULL. */
static __always_inline struct path *quoted_path(struct packet *quoted, const struct packet *pkt)
{
	lookup_key index;
	struct path *path;
	u32 *found;

	if (quoted->proto != PROTO_IPV4 && quoted->proto != PROTO_IPV6 &&
	    quoted->proto != PROTO_UDP)
		return NULL;
	if (!address_equal(&quoted->source, &pkt->destination))
		return NULL;
	found = path_ends.lookup(&quoted->destination);
	if (!found)
		return NULL;
	index = *found;
	path = paths.lookup(&index);
	if (!path)
		return NULL;
	quoted->source.word_be[3] &= ~varying_mask_be(path);
	if (!path->source.word_be[0] && !path->source.word_be[3])
		return NULL; /* no tunnel goes there */
	return address_equal(&quoted->source, &path->source) ? path : NULL;
}

static __always_inline void lower(struct path *path, u32 mtu, u32 least, u32 now)
{
	u64 known = *(volatile u64 *)&path->lowered;

	if (!mtu)
		return; /* of a router older than RFC 1191 */
	if (mtu < least)
		mtu = least;
	if ((s32)((u32)(known >> 32) - now) > 0 && (u32)known < mtu)
		return;
	*(volatile u64 *)&path->lowered = (u64)(now + LOWERED_TICKS) << 32 | mtu;
}

/*
 * The MTU that the error tells, of "frag needed" or "packet too big"; 0 of any other, and where the
 * quoted packet would have fitted.
 */
static __always_inline u32 told_mtu(const struct packet *pkt, const struct packet *quoted)
{
	struct icmp_header *icmp = transport_header(pkt);
	u32 mtu;

	if ((void *)(icmp + 1) > packet_end(pkt))
		return 0;
	mtu = bpf_ntohl(icmp->rest);
	if (!pkt->ipv6)
		mtu &= 0xffff;
	/* The code of "packet too big" is ignored (RFC 4443, 3.2). */
	if (pkt->ipv6 ? pkt->icmp_type != 2 : pkt->icmp_type != 3 || pkt->icmp_code != 4)
		return 0;
	return mtu < quoted->ip_bytes ? mtu : 0;
}

/* Parse what the way to a VIP would have parsed: the destination is none. */
static __always_inline s32 parse_error(struct packet *pkt)
{
	struct ipv4_header *ip = network_header(pkt);
	struct ipv6_header *ip6 = (void *)ip;

	if (pkt->ipv6) {
		if ((void *)(ip6 + 1) > packet_end(pkt))
			return R_PASS;
		pkt->source = ip6->source;
		return parse_ipv6_rest(pkt, ip6);
	}
	if ((void *)(ip + 1) > packet_end(pkt))
		return R_PASS;
	address_from_ipv4(&pkt->source, ip->source_be);
	return parse_ipv4_rest(pkt, ip);
}

/* An ICMP message to no VIP. R_CONTINUE: an error, and not about a tunnel. */
static __always_inline s32 foreign_error(struct packet *pkt)
{
	struct packet quoted = { .ctx = pkt->ctx };
	struct link *link = ingress_link(pkt->ctx);
	struct path *path;

	if (!link || parse_error(pkt) != R_CONTINUE || !icmp_is_error(pkt) ||
	    quoted_header(&quoted, pkt, pkt->l3 + pkt->ip_bytes) != R_CONTINUE)
		return R_PASS;
	path = frame_is_ours(pkt, link, false) ? quoted_path(&quoted, pkt) : NULL;
	if (!path)
		return R_CONTINUE;
	lower(path, told_mtu(pkt, &quoted), pkt->ipv6 ? IPV6_LEAST_MTU : IPV4_LEAST_MTU, pkt->now);
	return R_TUNNEL_ERROR;
}

#endif
