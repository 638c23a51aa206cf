/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The short way: plain packets of open flows, requests and replies, and those that are for nobody here.
 * It decides nothing that the long way (forward.h) would decide otherwise: whatever is out of the ordinary
 * is left to that one, as it came. A plain packet of no flow goes straight on to STAGE_NEW_PLAIN.
 */
#ifndef DSRLB_HIT_H
#define DSRLB_HIT_H

#include "hit_flow.h"
#include "hit_parse.h"
#include "hit_rewrite.h"
#include "interest.h"
#include "verdict.h"

#define HIT_NOT (-1)

/* L2DSR: nothing but MAC addresses is to be written. */
static __always_inline s32 hit_l2dsr(struct packet *pkt, const struct plain *plain, u32 index,
				     const struct real *real)
{
	u32 service = real->service;
	struct way way;

	way.to = *(volatile u64 *)real->mac;
	way.from = *(volatile u64 *)real->source_mac;
	way.mtu = way.from >> 48;
	if (!(way.to << 16) || !plain_leaves(pkt, plain->bytes, &way))
		return R_CONTINUE;
	plain_macs(plain->eth, &way);
	count_traffic(index, service, plain->bytes);
	return R_FORWARDED;
}

/* L3DSR in tunnels: another header goes in front. */
static __always_inline s32 hit_tunnel(struct packet *pkt, const struct plain *plain, u32 index,
				      const struct real *real, struct way *way)
{
	u32 bytes = plain->bytes;

	if (fits(pkt, real, way) != R_CONTINUE || head_for(pkt, real, way, bytes) != R_CONTINUE)
		return R_CONTINUE;
	return leave_to(pkt, index, real, way, bytes);
}

/* Other addresses and ports: L3DSR by DSCP, and all modes whose replies come back. */
static __always_inline bool hit_translated(bool ipv6, struct packet *pkt, const struct plain *plain,
					   const struct real *real, const struct way *way,
					   struct change *to)
{
	to->hops = method_routes(real->method);
	if (to->hops) {
		if (plain_ttl(ipv6, plain->ip) <= 1 || !plain_tagged(pkt, way) ||
		    !plain_leaves(pkt, plain->bytes, way))
			return false;
		plain_reframe(plain->eth, way);
	} else {
		if (bridge_crosses(pkt->link, way_link(way)) != R_CONTINUE ||
		    !plain_leaves(pkt, plain->bytes, way))
			return false;
	}
	plain_translate(ipv6, plain->ip, to);
	return true;
}

static __always_inline s32 hit_request(bool ipv6, struct packet *pkt, const struct plain *plain,
				       const struct known *known, const struct real *real)
{
	u32 service, index = value_real(known->value);
	struct change to = {};
	struct way way;

	if (method_rewrite(real->method) == REWRITE_l2dsr)
		return hit_l2dsr(pkt, plain, index, real);
	find_way(&way, pkt, real);
	if (!(way.to << 16))
		return R_CONTINUE;
	if (method_rewrite(real->method) != REWRITE_address)
		return hit_tunnel(pkt, plain, index, real, &way);
	pkt->translation = known->value >> 32;
	to.dscp = real->dscp;
	service = real->service;
	if (request_change(pkt, real, &to) != R_CONTINUE ||
	    !hit_translated(ipv6, pkt, plain, real, &way, &to))
		return R_CONTINUE;
	if (!to.hops) /* between a bridge's ports; of replies the client's is there already */
		mac_store(plain->eth->destination, way.to);
	count_traffic(index, service, plain->bytes);
	return R_FORWARDED;
}

static __always_inline s32 hit_reply(bool ipv6, struct packet *pkt, const struct plain *plain,
				     const struct known *known, const struct real *real)
{
	u32 service = real->service;
	struct change to = {};
	struct way way;

	change_back(ipv6, known->forward, &to);
	if (!last_hop_way(known->hop, &way) || !hit_translated(ipv6, pkt, plain, real, &way, &to))
		return R_CONTINUE;
	count_reply(value_real(known->value), service, plain->bytes);
	return R_FORWARDED_REPLY;
}

/* A packet of no open flow; if it is `absent`, of no pending one either. It comes back if it has to go the long way. */
static __always_inline s32 miss(struct packet *pkt, const struct flow_key *key, bool absent)
{
	const struct moving nothing = {};
	struct scratch *with = scratch_find();

	if (!with || address_equal(&pkt->source, &pkt->destination) ||
	    !(pkt->ipv6 ? ipv6_is_unicast(&pkt->source) : ipv4_is_unicast(pkt->source.word_be[3])))
		return R_CONTINUE;
	pkt->irregular = R_CONTINUE;
	fill_unknown(with, key, &nothing, false, absent);
	go_on(pkt, with, STAGE_NEW_PLAIN);
	return R_CONTINUE;
}

/* May it answer a probe, of which answers come to these ports? */
static __always_inline bool may_answer_probe(const struct packet *pkt)
{
	lookup_key zero = 0;
	struct settings *found;

	if (bpf_ntohs(pkt->destination_port_be) < FIRST_PROBE_PORT)
		return false;
	found = settings.lookup(&zero);
	return !found || found->probe_ifindex;
}

/*
 * The flow of a plain packet as the flow table has it, or, of a packet to a service, that it has none: *reason
 * is what became of it then. A SYN leaves no flow as it is.
 */
static __always_inline struct real *look_up(bool ipv6, struct packet *pkt,
					    const struct plain *plain, struct flow_key *key,
					    void *set, bool syn, struct known *known, s32 *reason)
{
	struct flow_ref flow;
	bool absent = false;
	u32 at = 0;

	key_hash(key);
	pkt->hash = key->hash;
	if (syn)
		absent = !key_has_trace(ipv6, key);
	if (!absent && flow_find_first(ipv6, false, key, &flow, &at))
		return syn ? NULL : known_found(ipv6, pkt, plain, key, set, &flow, known);
	if (!pkt->from_real && (absent || !set_spilled(ipv6, at)))
		*reason = miss(pkt, key, absent);
	return NULL;
}

/* A plain packet that passed the interest filter. */
static __always_inline s32 hit_flow(bool ipv6, struct packet *pkt, const struct plain *plain)
{
	struct flow_key key = {};
	struct known known; /* each of its ways in fills what is used of it */
	struct real *real = NULL;
	s32 reason = R_CONTINUE;
	bool syn = pkt->tcp_flags & TCP_SYN;
	void *set = NULL;

	pkt->now = clock_tick();
	key_spell_packet(&key, pkt);
	if (!syn) {
		set = cache_set(ipv6, &key);
		real = known_by_heart(ipv6, pkt, plain, &key, set, &known);
	}
	if (!real)
		real = look_up(ipv6, pkt, plain, &key, set, syn, &known, &reason);
	if (!real)
		return reason;
	return known.reverse ? hit_reply(ipv6, pkt, plain, &known, real) :
			       hit_request(ipv6, pkt, plain, &known, real);
}

/*
 * Is it for nobody here? Else *to_vip says whether it is to a service, and so does pkt->from_real to what
 * follows, of which the verifier is to know nothing by this.
 */
static __always_inline bool is_foreign(struct packet *pkt, u64 *to_vip)
{
	u64 from_real;

	*to_vip = interesting(&pkt->destination, INTEREST_VIPS);
	from_real = *to_vip ^ 1;
	hide(from_real);
	pkt->from_real = from_real;
	return !*to_vip && !interesting(&pkt->source, INTEREST_REALS);
}

/* Is it out of the ordinary where it is from, or what frame it came in? */
static __always_inline bool is_astray(const struct packet *pkt, const struct plain *plain,
				      u64 to_vip)
{
	return to_vip ? !mac_equal(plain->eth->destination, plain->link->mac) :
			may_answer_probe(pkt);
}

static __always_inline s32 hit_ipv4(struct packet *pkt, const struct plain *plain, const void *end)
{
	const struct ipv4_header *ip = plain->ip;
	u64 to_vip;

	if ((void *)ip + PLAIN_BYTES4 > end)
		return R_CONTINUE;
	pkt->proto = ip->proto;
	address_from_ipv4(&pkt->destination, ip->destination_be);
	address_from_ipv4(&pkt->source, ip->source_be);
	if (is_foreign(pkt, &to_vip))
		return pkt->proto == PROTO_ICMP ? R_CONTINUE : R_PASS;
	if ((pkt->proto != PROTO_TCP && pkt->proto != PROTO_UDP) || !plain_ipv4(pkt, ip, end) ||
	    !plain_transport(pkt, ip + 1, pkt->ip_bytes - sizeof(*ip)) ||
	    is_astray(pkt, plain, to_vip))
		return R_CONTINUE;
	return hit_flow(false, pkt, plain);
}

static __always_inline s32 hit_ipv6(struct packet *pkt, const struct plain *plain, const void *end)
{
	const struct ipv6_header *ip = plain->ip;
	u64 to_vip;

	if ((void *)ip + PLAIN_BYTES6 > end)
		return R_CONTINUE;
	pkt->ipv6 = 1;
	pkt->proto = ip->next;
	pkt->destination = ip->destination;
	pkt->source = ip->source;
	if (pkt->proto == PROTO_ICMPV6 || address_is_mapped(&pkt->destination))
		return R_CONTINUE;
	if (is_foreign(pkt, &to_vip))
		return R_PASS;
	if ((pkt->proto != PROTO_TCP && pkt->proto != PROTO_UDP) || !plain_ipv6(pkt, ip, end) ||
	    !plain_transport(pkt, ip + 1, pkt->ip_bytes - sizeof(*ip)) ||
	    is_astray(pkt, plain, to_vip))
		return R_CONTINUE;
	return hit_flow(true, pkt, plain);
}

/* Returns an XDP return code, or HIT_NOT: the packet has to go the long way. */
static __always_inline int hit(struct xdp_md *ctx, const struct link *link)
{
	struct packet pkt = { .ctx = ctx, .link = link->number };
	void *end = packet_end(&pkt);
	struct plain plain = { .eth = packet_data(&pkt),
			       .link = link,
			       .bytes = end - packet_data(&pkt) };
	u16 type = plain_link(&pkt, plain.eth, end, &plain.ip);
	s32 reason = R_CONTINUE;

	if (type == TYPE_IPV4)
		reason = hit_ipv4(&pkt, &plain, end);
	else if (type == TYPE_IPV6)
		reason = hit_ipv6(&pkt, &plain, end);
	if (reason == R_CONTINUE)
		return HIT_NOT;
	if (reason != R_FORWARDED && reason != R_FORWARDED_REPLY)
		return verdict(&pkt, reason);
	count_reason(&pkt, reason); /* as verdict(), without its questions about other reasons */
	return pkt.egress == pkt.link ? XDP_TX : XDP_REDIRECT;
}

#endif
