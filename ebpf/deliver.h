/* SPDX-License-Identifier: GPL-2.0-only */
/* The last step of every packet that is forwarded. */
#ifndef DSRLB_DELIVER_H
#define DSRLB_DELIVER_H

#include "count.h"
#include "rewrite.h"
#include "told.h"

/* Take the next hop that the flow has of several. */
static __always_inline void choose_hop(struct way *way, u32 hash)
{
	const struct hop *hop = &way->path->hop[hash >> 29 & (PATH_HOPS - 1)];

	way->to = *(volatile u64 *)hop->mac;
	way->from = *(volatile u64 *)hop->source_mac;
	way->vlan = *(volatile u16 *)&hop->vlan;
}

/*
 * Not larger than what a router on the tunnel's way told, for as long as that is believed. But IPv6
 * packets of 1280 bytes are never refused for it: nobody makes them smaller (RFC 8200, 5).
 */
static __always_inline void lower_mtu(struct way *way, const struct packet *pkt, u32 outer)
{
	u64 lowered = *(volatile u64 *)&way->path->lowered;
	u32 mtu = lowered, least = pkt->ipv6 ? IPV6_LEAST_MTU + outer : 0;

	if ((s32)((u32)(lowered >> 32) - pkt->now) <= 0)
		return;
	if (mtu < least)
		mtu = least;
	if (mtu < way->mtu)
		way->mtu = mtu;
}

static __always_inline void find_way(struct way *way, const struct packet *pkt,
				     const struct real *real)
{
	lookup_key path = real->path;

	way->to = *(volatile u64 *)real->mac;
	way->from = *(volatile u64 *)real->source_mac;
	way->vlan = *(volatile u16 *)&real->vlan;
	way->path = NULL;
	if (method_outer(real->method, false) || real->flags & REAL_HOPS) {
		way->path = paths.lookup(&path);
		if (way->path && real->flags & REAL_HOPS)
			choose_hop(way, pkt->hash);
	}
	way->mtu = way->from >> 48;
}

/* Does the packet fit on the way? Returns R_CONTINUE, or what its sender is to be told. */
static __always_inline s32 fits(const struct packet *pkt, const struct real *real, struct way *way)
{
	u32 outer = method_outer(real->method, real->flags & REAL_IPV6);

	if (method_routes(real->method) && packet_ttl(pkt) <= 1)
		return R_TTL_EXCEEDED;
	if (outer && way->path && pkt->ip_bytes + outer > IPV4_LEAST_MTU) /* never below it */
		lower_mtu(way, pkt, outer);
	/* A devmap takes frames of one tag more than the MTU; l2dsr keeps two (net/core/dev.h). */
	if (pkt->l3 > MOST_HEADER && !method_routes(real->method) && way_link(way) != pkt->link)
		outer = sizeof(struct vlan_header);
	if (pkt->ip_bytes + outer <= way->mtu)
		return R_CONTINUE;
	way->mtu -= outer;
	return R_MTU_EXCEEDED;
}

/*
 * What goes out of another interface has to be within what a devmap takes, which drops silently: a
 * trailer (padding) that is too much is cut off.
 */
static __always_inline s32 cut_trailer(const struct packet *pkt, const struct real *real,
				       const struct way *way, u32 bytes)
{
	u32 outer = method_outer(real->method, real->flags & REAL_IPV6), head = pkt->l3;
	s32 trailer = bytes - pkt->l3 - pkt->ip_bytes;

	if (method_routes(real->method))
		head = way->vlan ? MOST_HEADER : sizeof(struct eth_header);
	if (trailer <= 0 || head + outer + bytes - pkt->l3 <= way->mtu + MOST_HEADER)
		return R_CONTINUE;
	return bpf_xdp_adjust_tail(pkt->ctx, -trailer) ? R_MALFORMED : R_CONTINUE;
}

/*
 * Asked before the rewrite: this notes where XDP_REDIRECT will go, or finds nothing. `bytes`: of the
 * frame. R_CONTINUE, or why it cannot go there.
 */
static __always_inline s32 head_for(const struct packet *pkt, const struct real *real,
				    const struct way *way, u32 bytes)
{
	u32 link = way_link(way);

	if (link == pkt->link)
		return R_CONTINUE;
	if (egress.redirect_map(link, 0) != XDP_REDIRECT)
		return R_NO_EGRESS;
	return cut_trailer(pkt, real, way, bytes);
}

/* Whatever can keep the packet from leaving by this way, once it is known that it may go there. */
static __always_inline s32 may_leave(struct packet *pkt, const struct real *real, struct way *way)
{
	u32 bytes = frame_bytes(pkt);
	s32 reason = fits(pkt, real, way);

	if (reason != R_CONTINUE)
		return refuse(pkt, reason, way->mtu);
	way->mtu = unknown(pkt, way->mtu);
	reason = head_for(pkt, real, way, bytes);
	way->vlan = unknown(pkt, way->vlan);
	return reason;
}

/*
 * Whatever can keep the packet from leaving by this way, before anything in it is changed: the kernel
 * gets it as it came, and so does its sender in what is quoted of it. Returns R_CONTINUE or the final
 * reason.
 */
static __always_inline s32 set_out(struct packet *pkt, const struct real *real, struct way *way)
{
	s32 reason;

	if (real->method == METHOD_BRIDGE) {
		reason = bridge_crosses(pkt->link, way_link(way));
		if (reason != R_CONTINUE)
			return reason;
	}
	return may_leave(pkt, real, way);
}

/* The same on the way to the real server, which is found. */
static __always_inline s32 set_out_to(struct packet *pkt, const struct real *real, struct way *way)
{
	if (real->flags & REAL_CLOSED)
		return R_REAL_DOWN;
	find_way(way, pkt, real);
	/* The MAC address as well: it may have been read just before it and the flag were written. */
	if (!(real->flags & REAL_RESOLVED) || !(way->to << 16))
		return R_UNRESOLVED;
	return set_out(pkt, real, way);
}

/* Rewrite and count a packet that may go; `bytes` as it came. Returns the final reason. */
static __always_inline s32 leave_to(struct packet *pkt, u32 index, const struct real *real,
				    const struct way *way, u32 bytes)
{
	u32 service = real->service;
	s32 reason = rewrite(pkt, real, way);

	if (reason == R_FORWARDED) {
		pkt->egress = way_link(way);
		count_traffic(index, service, bytes);
	}
	return reason;
}

/* Send the packet, which came as so many bytes, to the real server. Returns the final reason. */
static __always_inline s32 deliver(struct packet *pkt, u32 index, const struct real *real,
				   u32 bytes)
{
	struct way way;
	s32 reason = set_out_to(pkt, real, &way);

	read_anew(); /* by what method, above all */
	return reason == R_CONTINUE ? leave_to(pkt, index, real, &way, bytes) : reason;
}

#endif
