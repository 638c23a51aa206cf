/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Probes: packets of this host to an address that stands for a real server, which is the prefix of probes
 * plus its place in reals[]. They become a client's packets to a VIP, and go the way that the real server's
 * method gives those; probed.h translates the answers back.
 *
 * They are sent into a veth pair, whose other end has the program dsrlb_probe. A real server sees them come
 * from the address that this host is reached at, and from a port above those that the kernel gives out. ICMP
 * echo has an identifier in the place of that port, and none of a service.
 */
#ifndef DSRLB_PROBE_H
#define DSRLB_PROBE_H

#include "deliver.h"
#include "echo.h"
#include "flow_key.h"
#include "parse_ip.h"
#include "parse_link.h"
#include "transport.h"

#define PROBE_PORTS (65536 - FIRST_PROBE_PORT)
#define PROBE_PORT_TRIES 16
#define PROBE_IDLE_TICKS 75 /* 10 s without an answer: another probe may have the port */

/* As parse_ipv4() and parse_ipv6(), of what comes out of the veth pair. */
static __always_inline s32 probe_parse(struct packet *pkt)
{
	u16 type = parse_link(pkt);
	struct ipv4_header *four = network_header(pkt);
	struct ipv6_header *six = (void *)four;

	if (type == TYPE_IPV4 && (void *)(four + 1) <= packet_end(pkt)) {
		address_from_ipv4(&pkt->source, four->source_be);
		address_from_ipv4(&pkt->destination, four->destination_be);
		pkt->proto = four->proto;
		return parse_ipv4_rest(pkt, four);
	}
	if (type == TYPE_IPV6 && (void *)(six + 1) <= packet_end(pkt)) {
		pkt->ipv6 = 1;
		pkt->source = six->source;
		pkt->destination = six->destination;
		return parse_ipv6_rest(pkt, six);
	}
	return R_NO_SERVICE; /* what a kernel says on any interface */
}

/* Is it from the first address of the prefix? Nobody's but this host's packets are. */
static __always_inline bool probe_is_own(const struct packet *pkt)
{
	const u32 *from = pkt->source.word_be, *to = pkt->destination.word_be;

	return from[0] == to[0] && from[1] == to[1] && from[2] == to[2] &&
	       from[3] == (to[3] & bpf_htonl(0xffff0000));
}

static __always_inline bool target_is_set(const struct probe_target *target, bool ipv6)
{
	const u32 *word = target->source.word_be;

	return address_is_mapped(&target->vip) != ipv6 && (word[0] | word[1] | word[2] | word[3]);
}

/* The number of a TCP segment's first byte. */
static __always_inline u32 sequence_of(const struct packet *pkt)
{
	struct tcp_header *tcp = transport_header(pkt);

	return pkt->proto != PROTO_TCP || (void *)(tcp + 1) > packet_end(pkt) ? 0 :
										tcp->sequence_be;
}

/* The key of a packet as it comes: a probe, or its answer. */
static __always_inline void probe_key_of(struct probe_key *key, const struct packet *pkt,
					 bool answer)
{
	key->source = pkt->source;
	key->destination = pkt->destination;
	key->source_port_be = pkt->source_port_be;
	key->destination_port_be = pkt->destination_port_be;
	key->proto = pkt->proto;
	key->answer = answer;
	key->reserved = 0;
}

/* A probe is of TCP or UDP, or an ICMP echo request. */
static __always_inline bool probe_is_possible(struct packet *pkt)
{
	if (pkt->fragment)
		return false;
	return pkt->proto == PROTO_TCP || pkt->proto == PROTO_UDP ||
	       echo_read(pkt, true, &pkt->source_port_be);
}

/* The key of the answers to what a probe became. */
static __always_inline void probe_answer_key(struct probe_key *key, const struct probe_flow *to,
					     const struct real *real, u8 proto)
{
	key->source = to->destination;
	key->source_port_be = to->destination_port_be;
	if (method_replies(real->method)) {
		key->source = real->address;
		if (real->port && (proto == PROTO_TCP || proto == PROTO_UDP))
			key->source_port_be = bpf_htons(real->port);
	}
	key->destination = to->source;
	key->destination_port_be = to->source_port_be;
	key->proto = proto;
	key->answer = true;
	key->reserved = 0;
}

/* Have answers with this key, unless another probe has them. */
static __always_inline bool probe_claim(struct probe_key *key, struct probe_flow *flow, u32 now)
{
	struct probe_flow *old = probe_flows.lookup(key);
	u64 used;

	if (!old)
		return !probe_flows.insert(key, flow);
	used = *(volatile u64 *)&old->used;
	if ((s32)(now - (u32)used) <= PROBE_IDLE_TICKS ||
	    compare_and_swap(&old->used, used, now) != used)
		return false;
	return !probe_flows.update(key, flow);
}

/* Write down what answers are translated into; the port that they are for is chosen here. */
static __always_inline bool probe_expect(const struct packet *pkt, struct scratch *with,
					 const struct real *real)
{
	struct probing *probing = &with->probing;
	struct probe_flow *back = &probing->back;
	u32 i;

	back->source = pkt->destination;
	back->destination = pkt->source;
	back->source_port_be = pkt->destination_port_be;
	back->destination_port_be = pkt->source_port_be;
	back->real = with->index;
	back->sent = bpf_ktime_get_ns();
	back->used = pkt->now;
	back->sequence_be = probing->to.sequence_be;
	back->reserved = 0;
	probe_answer_key(&probing->answer, &probing->to, real, pkt->proto);
	for (i = 0; i < PROBE_PORT_TRIES; i++) {
		u32 port = FIRST_PROBE_PORT + bpf_get_prandom_u32() % PROBE_PORTS;

		hide(i);
		probing->to.source_port_be = bpf_htons(port);
		probing->answer.destination_port_be = probing->to.source_port_be;
		if (probe_claim(&probing->answer, back, pkt->now))
			return true;
	}
	return false;
}

/* A new probe: with->probing.to is what it becomes. */
static __always_inline s32 probe_begin(const struct packet *pkt, struct scratch *with,
				       const struct real *real, const struct probe_target *target)
{
	struct probe_flow *to = &with->probing.to;

	if (pkt->proto == PROTO_TCP && (pkt->tcp_flags & (TCP_SYN | TCP_ACK | TCP_RST)) != TCP_SYN)
		return R_NO_FLOW;
	to->source = target->source;
	to->destination = target->vip;
	to->destination_port_be = pkt->destination_port_be;
	to->real = with->index;
	to->sent = to->used = to->reserved = 0;
	to->sequence_be = sequence_of(pkt);
	if (!probe_expect(pkt, with, real) || probe_flows.update(&with->probing.key, to))
		return R_FLOW_BUSY;
	return R_CONTINUE;
}

/*
 * Does a known probe (with->probing.to) have its answers yet? Without one for ten seconds another may have them.
 * What is no connection waits for the next answer with every packet.
 */
static __always_inline bool probe_is_kept(const struct packet *pkt, struct scratch *with,
					  const struct real *real)
{
	struct probing *probing = &with->probing;
	struct probe_flow *back;

	probe_answer_key(&probing->answer, &probing->to, real, pkt->proto);
	back = probe_flows.lookup(&probing->answer);
	if (!back || !address_equal(&back->source, &pkt->destination) ||
	    back->source_port_be != pkt->destination_port_be ||
	    back->destination_port_be != pkt->source_port_be)
		return false;
	if (pkt->proto != PROTO_TCP)
		*(volatile u64 *)&back->used = pkt->now;
	return true;
}

/*
 * What the packet becomes (with->probing.to). A SYN with another number is another connection: the real
 * server may still have the one of before. With an RST it is over, and the port free.
 */
static __always_inline s32 probe_find(const struct packet *pkt, struct scratch *with,
				      const struct real *real, const struct probe_target *target)
{
	struct probing *probing = &with->probing;
	struct probe_flow *known;
	bool kept = false;

	probe_key_of(&probing->key, pkt, false);
	known = probe_flows.lookup(&probing->key);
	if (known && !(pkt->tcp_flags & TCP_SYN && known->sequence_be != sequence_of(pkt))) {
		probing->to = *known;
		kept = probe_is_kept(pkt, with, real);
	}
	if (!kept)
		return probe_begin(pkt, with, real, target);
	if (pkt->tcp_flags & TCP_RST) {
		probe_flows.delete(&probing->answer);
		probe_flows.delete(&probing->key);
	}
	return R_CONTINUE;
}

/* Where it goes, and whether it may, before anything in it is changed: see set_out(). */
static __always_inline s32 probe_set_out(struct packet *pkt, struct scratch *with,
					 const struct real *real, struct way *way)
{
	const struct probe_flow *to = &with->probing.to;
	struct own_link *out;
	lookup_key link;

	with->key.now = pkt->now;
	key_fill(&with->key, &to->source, &to->destination,
		 to->source_port_be | (u32)to->destination_port_be << 16, pkt->proto, pkt->ipv6);
	pkt->hash = with->key.hash;
	find_way(way, pkt, real);
	if (!(way->to << 16))
		return R_UNRESOLVED;
	link = way_link(way);
	out = own_links.lookup(&link);
	if (real->method == METHOD_BRIDGE && (!out || !(out->flags & LINK_FORWARDING)))
		return R_NO_EGRESS;
	return may_leave(pkt, real, way);
}

/* The frame that a client's packet would have become. */
static __always_inline s32 probe_leave(struct packet *pkt, struct scratch *with,
				       const struct real *real, const struct way *way)
{
	const struct probe_flow *flow = &with->probing.to;
	u32 ports_be = flow->source_port_be | (u32)flow->destination_port_be << 16;
	struct change to = { flow->source, flow->destination, ports_be, 0, 0 };
	struct eth_header *eth = packet_data(pkt);
	s32 reason;

	if ((void *)(eth + 1) > packet_end(pkt))
		return R_MALFORMED;
	mac_store(eth->source, way->from); /* mode bridge keeps the sender's */
	reason = translate(pkt, &to);
	if (reason == R_CONTINUE && packet_is_icmp(pkt))
		reason = echo_rename(pkt, flow->source_port_be);
	if (reason != R_CONTINUE)
		return reason;
	pkt->source = flow->source;
	pkt->destination = flow->destination;
	pkt->source_port_be = flow->source_port_be;
	pkt->destination_port_be = flow->destination_port_be;
	pkt->egress = way_link(way);
	forget(pkt, with);
	return rewrite(pkt, real, way);
}

/* The real server as probes see it: to another port than the service's it has none of its own. */
static __always_inline struct real *probed_real(const struct packet *pkt, struct scratch *with,
						const struct real *real,
						const struct probe_target *target)
{
	struct real *own = &with->probing.real;

	*own = *real;
	if (target->port && target->port != bpf_ntohs(pkt->destination_port_be))
		own->port = 0;
	return own;
}

static __always_inline s32 serve_probe(struct packet *pkt)
{
	struct scratch *with = scratch_find();
	s32 reason = probe_parse(pkt);
	struct probe_target *target;
	struct real *real;
	struct way way;

	if (reason != R_CONTINUE)
		return reason;
	if (!with)
		return R_INCOMPLETE;
	if (!probe_is_possible(pkt))
		return R_NO_SERVICE;
	pkt->now = clock_tick();
	forget(pkt, with);
	with->index = bpf_ntohl(pkt->destination.word_be[3]) & (MAX_REALS - 1);
	real = reals.lookup(&with->index);
	target = probe_targets.lookup(&with->index);
	if (!probe_is_own(pkt) || !real || !target || !(real->flags & REAL_PRESENT))
		return R_NO_REAL;
	if (!target_is_set(target, pkt->ipv6) || !(real->flags & REAL_RESOLVED))
		return R_UNRESOLVED;
	real = probed_real(pkt, with, real, target);
	reason = probe_find(pkt, with, real, target);
	if (reason != R_CONTINUE)
		return reason;
	forget(pkt, with);
	reason = probe_set_out(pkt, with, real, &way);
	if (reason != R_CONTINUE)
		return reason;
	return probe_leave(pkt, with, real, &way);
}

#endif
