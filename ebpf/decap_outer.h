/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The envelope: Ethernet, VLAN tags, the outer IP header, for GUE a UDP header.
 *
 * Everything that is not exactly so is the kernel's: a stage returns false, and the packet goes up
 * as it came.
 */
#ifndef DSRLB_DECAP_OUTER_H
#define DSRLB_DECAP_OUTER_H

#include "decap_packet.h"
#include "parse_tags.h"

static __always_inline bool is_real(struct address *address)
{
	return decap_reals.lookup(address) != NULL;
}

static __always_inline bool open_ipv4(struct envelope *env)
{
	struct ipv4_header *ip = outer_header(env);
	struct address destination;
	u32 header, total;

	if ((void *)(ip + 1) > frame_end(env))
		return false;
	header = (ip->version_ihl & 15) * 4;
	total = bpf_ntohs(ip->total_be);
	if (ip->version_ihl >> 4 != 4 || header < sizeof(*ip) || header > total ||
	    (ip->fragment_be & bpf_htons(IPV4_FRAGMENT_MASK)))
		return false;
	address_from_ipv4(&destination, ip->destination_be);
	if (!is_real(&destination))
		return false;
	env->inner = env->outer + header;
	env->end = env->outer + total;
	env->proto = ip->proto;
	env->outer_ecn = ip->tos & 3;
	return true;
}

static __always_inline bool open_ipv6(struct envelope *env)
{
	struct ipv6_header *ip = outer_header(env);
	struct address destination;
	u32 first;

	if ((void *)(ip + 1) > frame_end(env))
		return false;
	first = bpf_ntohl(ip->version_class_label_be);
	destination = ip->destination;
	if (first >> 28 != 6 || address_is_mapped(&destination) || !is_real(&destination))
		return false;
	env->inner = env->outer + sizeof(*ip);
	env->end = env->inner + bpf_ntohs(ip->payload_be);
	env->proto = ip->next;
	env->outer_ecn = first >> 20 & 3;
	return true;
}

/* GUE variant 1 has no header of its own (draft-ietf-intarea-gue, 4): IP follows UDP. */
static __always_inline bool open_udp(struct envelope *env)
{
	struct udp_header *udp = inner_header(env);
	struct decap_settings *settings;
	u32 zero = 0, length;

	settings = decap_settings.lookup(&zero);
	if (!settings || !settings->gue_port || (void *)(udp + 1) > frame_end(env))
		return false;
	length = bpf_ntohs(udp->length_be);
	if (bpf_ntohs(udp->destination_be) != settings->gue_port || length < sizeof(*udp) ||
	    env->inner + length > env->end)
		return false;
	env->end = env->inner + length;
	env->inner += sizeof(*udp);
	env->method = METHOD_GUE;
	return true;
}

/* Is the frame an envelope to this host, whole and no fragment? */
static __always_inline bool open_envelope(struct envelope *env)
{
	u16 type = skip_tags(frame_start(env), frame_end(env), &env->outer);

	if (type == TYPE_IPV4) {
		if (!open_ipv4(env))
			return false;
	} else if (type != TYPE_IPV6 || !open_ipv6(env)) {
		return false;
	}
	if (frame_at(env, env->end, END_MASK) > frame_end(env))
		return false;
	env->method = METHOD_IPIP;
	if (env->proto == PROTO_UDP)
		return open_udp(env);
	return env->proto == PROTO_IPV4 || env->proto == PROTO_IPV6;
}

#endif
