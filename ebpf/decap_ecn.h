/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Explicit congestion notification at the end of a tunnel (RFC 6040, 4.2): what a router on the
 * way has noted in the outer header belongs into the inner one.
 */
#ifndef DSRLB_DECAP_ECN_H
#define DSRLB_DECAP_ECN_H

#include "checksum.h"
#include "decap_packet.h"

#define ECN_NONE 0 /* not ECN-capable */
#define ECN_ECT1 1
#define ECN_ECT0 2
#define ECN_CE 3

/* The inner field as it has to be. An inner packet that cannot carry a CE mark: see congested(). */
static __always_inline u8 ecn_combine(u8 outer, u8 inner)
{
	if (inner == ECN_NONE)
		return inner;
	if (outer == ECN_CE || (outer == ECN_ECT1 && inner == ECN_ECT0))
		return outer;
	return inner;
}

/* A router wanted to drop the packet: its sender cannot be told otherwise. */
static __always_inline bool congested(u8 outer, u8 inner)
{
	return outer == ECN_CE && inner == ECN_NONE;
}

static __always_inline bool ecn_ipv4(const struct envelope *env)
{
	struct ipv4_header *ip = inner_header(env);
	u16 *first = (u16 *)ip, before;
	u8 inner;

	if ((void *)(ip + 1) > frame_end(env))
		return false;
	inner = ip->tos & 3;
	if (congested(env->outer_ecn, inner))
		return false;
	before = *first;
	ip->tos = (ip->tos & ~3) | ecn_combine(env->outer_ecn, inner);
	if (*first != before)
		ip->checksum = checksum_replace(ip->checksum, before, *first);
	return true;
}

static __always_inline bool ecn_ipv6(const struct envelope *env)
{
	struct ipv6_header *ip = inner_header(env);
	u32 first;
	u8 inner;

	if ((void *)(ip + 1) > frame_end(env))
		return false;
	first = bpf_ntohl(ip->version_class_label_be);
	inner = first >> 20 & 3;
	if (congested(env->outer_ecn, inner))
		return false;
	first = (first & ~(3u << 20)) | (u32)ecn_combine(env->outer_ecn, inner) << 20;
	ip->version_class_label_be = bpf_htonl(first);
	return true;
}

/* False: the packet is to be dropped. */
static __always_inline bool carry_ecn(const struct envelope *env)
{
	return env->inner_ipv6 ? ecn_ipv6(env) : ecn_ipv4(env);
}

#endif
