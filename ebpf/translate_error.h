/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * ICMP errors about packets that were translated: their receiver knows the packet as it was before, so
 * what is quoted of it (its headers, 8 bytes behind them at least) is translated back (RFC 5508, 4.2).
 */
#ifndef DSRLB_TRANSLATE_ERROR_H
#define DSRLB_TRANSLATE_ERROR_H

#include "pairing.h"
#include "parse_link.h"
#include "send_reply.h"

/* Where in the frame something quoted is: within the packet, which the error's own end bounds. */
static __always_inline void *quoted_at(const struct packet *pkt, u32 offset, u32 bytes)
{
	void *at = packet_data(pkt) + bounded(offset, 0x3fff);

	if (offset + bytes > pkt->l3 + pkt->ip_bytes || at + bytes > packet_end(pkt))
		return NULL;
	return at;
}

/* Change a quoted checksum. Returns what that adds to the difference of the words around it. */
static __always_inline u64 quoted_checksum(u16 *checksum, u64 difference)
{
	u16 from = *checksum, to = checksum_update(from, difference);

	*checksum = to;
	return (u64)(u16)~from + to;
}

/* The quoted addresses, and the header's checksum. Returns false where the packet is too short. */
static __always_inline bool quoted_addresses(struct packet *pkt, const struct scratch *with,
					     const struct change *to, u64 *addresses,
					     u64 *difference)
{
	struct ipv4_header *ip;
	struct ipv6_header *ip6;

	if (pkt->ipv6) {
		ip6 = quoted_at(pkt, with->quoted_l3, sizeof(*ip6));
		if (!ip6)
			return false;
		*addresses = checksum_sub_address(0, &ip6->source);
		*addresses = checksum_sub_address(*addresses, &ip6->destination);
		*addresses = checksum_add_address(*addresses, &to->source);
		*addresses = checksum_add_address(*addresses, &to->destination);
		ip6->source = to->source;
		ip6->destination = to->destination;
		*difference = *addresses;
		return true;
	}
	ip = quoted_at(pkt, with->quoted_l3, sizeof(*ip));
	if (!ip)
		return false;
	*addresses = (u64)(u32)~ip->source_be + (u32)~ip->destination_be;
	*addresses += (u64)to->source.word_be[3] + to->destination.word_be[3];
	ip->source_be = to->source.word_be[3];
	ip->destination_be = to->destination.word_be[3];
	*difference = *addresses + quoted_checksum(&ip->checksum, *addresses);
	return true;
}

/* The quoted ports and, as far as it is there, the checksum. Returns what that adds to the difference. */
static __always_inline u64 quoted_transport(struct packet *pkt, const struct scratch *with,
					    const struct change *to, u64 addresses)
{
	u32 *ports = quoted_at(pkt, with->quoted_l4, sizeof(*ports));
	u32 at = with->quoted_l4 + __builtin_offsetof(struct tcp_header, checksum);
	u64 difference;
	u16 *checksum;

	if (!ports)
		return 0;
	difference = (u64)(u32) ~*ports + to->ports_be;
	*ports = to->ports_be;
	if (with->quoted_proto == PROTO_UDP)
		at = with->quoted_l4 + __builtin_offsetof(struct udp_header, checksum);
	checksum = quoted_at(pkt, at, sizeof(*checksum));
	if (!checksum || (with->quoted_proto == PROTO_UDP && !*checksum))
		return difference;
	difference += quoted_checksum(checksum, addresses + difference);
	if (with->quoted_proto == PROTO_UDP && !*checksum)
		*checksum = 0xffff; /* 0 would mean none; to a sum it is the same */
	return difference;
}

/* Change the quoted packet, and the checksum of the message around it. */
static __always_inline s32 translate_quoted(struct packet *pkt, const struct scratch *with,
					    const struct change *to)
{
	u64 addresses, difference;
	struct icmp_header *icmp;

	if (!quoted_addresses(pkt, with, to, &addresses, &difference))
		return R_MALFORMED;
	difference += quoted_transport(pkt, with, to, addresses);
	icmp = transport_header(pkt);
	if ((void *)(icmp + 1) > packet_end(pkt))
		return R_MALFORMED;
	icmp->checksum = checksum_update(icmp->checksum, difference);
	return R_CONTINUE;
}

/* What is quoted went the other way than what `to` is made for. */
static __always_inline void turn_round(struct change *inner, const struct change *to)
{
	inner->source = to->destination;
	inner->destination = to->source;
	inner->ports_be = to->ports_be >> 16 | to->ports_be << 16;
}

/* About a reply: to the real server, as a request. with->key is the flow's. */
static __always_inline s32 error_to_real(struct packet *pkt, struct scratch *with)
{
	u32 bytes = frame_bytes(pkt), ports_be;
	struct real *real = reals.lookup(&with->index);
	struct packet request = { .translation = pkt->translation };
	struct change to = {}, inner = {};
	struct way way;
	s32 reason;

	if (!real)
		return R_NO_REAL;
	if (pkt->other_mac && real->method != METHOD_BRIDGE)
		return R_OTHER_HOST;
	reason = set_out_to(pkt, real, &way);
	if (reason != R_CONTINUE)
		return reason;
	forget(pkt, with);
	key_read(with->key.word, pkt->ipv6, &request.source, &request.destination, &ports_be);
	request.source_port_be = ports_be;
	request.destination_port_be = ports_be >> 16;
	reason = request_change(&request, real, &to);
	if (reason != R_CONTINUE)
		return reason;
	turn_round(&inner, &to);
	reason = translate_quoted(pkt, with, &inner);
	if (reason != R_CONTINUE)
		return reason;
	forget(pkt, with);
	return leave_to(pkt, with->index, real, &way, bytes);
}

/* The flow that with->pair, the value of its reverse half, tells of: R_CONTINUE, or R_ICMP_ERROR. */
static __always_inline s32 quoted_pair(bool ipv6, const struct scratch *with, u64 *value,
				       struct change *to)
{
	struct flow_ref forward;

	if (!pair_forward(ipv6, with->pair, &forward) || !reply_change(ipv6, &forward, to))
		return R_ICMP_ERROR;
	*value = forward.value;
	return R_CONTINUE;
}

/* About a request: back to the client. */
static __always_inline s32 error_to_client(struct packet *pkt, struct scratch *with)
{
	u32 bytes = frame_bytes(pkt);
	struct change to = {}, inner = {};
	lookup_key index;
	struct real *real;
	struct way way;
	u64 value = 0;
	s32 reason;

	reason = pkt->ipv6 ? quoted_pair(true, with, &value, &to) :
			     quoted_pair(false, with, &value, &to);
	if (reason != R_CONTINUE)
		return reason;
	index = value_real(value);
	real = reals.lookup(&index);
	if (!real || !value_is_of(value, real) || !(real->flags & REAL_PRESENT))
		return R_ICMP_ERROR;
	if (!reply_is_ours(pkt, real))
		return pkt->irregular == R_PASS ? R_PASS : R_OTHER_HOST;
	reason = set_out_back(pkt, real, pair_hop(with->pair), &way);
	if (reason != R_CONTINUE)
		return reason;
	forget(pkt, with);
	turn_round(&inner, &to);
	reason = translate_quoted(pkt, with, &inner);
	if (reason != R_CONTINUE)
		return reason;
	forget(pkt, with);
	if (!address_equal(&pkt->source, &real->address))
		to.source = pkt->source; /* a router on the way */
	return leave_back(pkt, index, real, &way, &to, bytes);
}

static __always_inline s32 serve_translate(struct packet *pkt, struct scratch *with)
{
	bool foreign = pkt->irregular == R_PASS;
	struct real *real;
	s32 reason;

	if (with->reply == REPLY_ERROR) {
		reason = error_to_client(pkt, with);
		return reason == R_ICMP_ERROR && foreign ? R_PASS : reason;
	}
	if (!foreign)
		return error_to_real(pkt, with);
	real = reals.lookup(&with->index);
	/* About an answer to a real server's own connection: nobody there knows its address. */
	return real && real->flags & REAL_OUTBOUND ? R_ICMP_ERROR : R_PASS;
}

#endif
