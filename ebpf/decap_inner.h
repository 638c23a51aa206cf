/* SPDX-License-Identifier: GPL-2.0-only */
/* What the envelope holds: is it a packet to one of the VIPs? */
#ifndef DSRLB_DECAP_INNER_H
#define DSRLB_DECAP_INNER_H

#include "decap_packet.h"

static __always_inline bool is_vip(const struct envelope *env, struct address *address)
{
	u32 *methods = decap_vips.lookup(address);

	return methods && (*methods & env->method);
}

static __always_inline bool inner_ipv4(struct envelope *env, struct ipv4_header *ip)
{
	u32 header = (ip->version_ihl & 15) * 4;
	u32 total = bpf_ntohs(ip->total_be);
	struct address destination;

	if (header < sizeof(*ip) || header > total || env->inner + total > env->end)
		return false;
	if (ip->proto != PROTO_TCP && ip->proto != PROTO_UDP && ip->proto != PROTO_ICMP)
		return false;
	address_from_ipv4(&destination, ip->destination_be);
	return is_vip(env, &destination);
}

/* Extension headers are the kernel's business: any header may be the next. */
static __always_inline bool inner_ipv6(struct envelope *env)
{
	struct ipv6_header *ip = inner_header(env);
	struct address destination;

	if ((void *)(ip + 1) > frame_end(env))
		return false;
	if (env->inner + sizeof(*ip) + bpf_ntohs(ip->payload_be) > env->end)
		return false;
	destination = ip->destination;
	env->inner_ipv6 = 1;
	return !address_is_mapped(&destination) && is_vip(env, &destination);
}

/* A fragment to a VIP is as good as a whole packet: the kernel puts them together. */
static __always_inline bool holds_vip_packet(struct envelope *env)
{
	struct ipv4_header *ip = inner_header(env);
	u8 version;

	if ((void *)(ip + 1) > frame_end(env))
		return false;
	version = ip->version_ihl >> 4;
	if (version == 4 && env->proto != PROTO_IPV6)
		return inner_ipv4(env, ip);
	if (version == 6 && env->proto != PROTO_IPV4)
		return inner_ipv6(env);
	return false;
}

#endif
