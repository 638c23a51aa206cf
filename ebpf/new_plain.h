/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The short way of plain packets that no open flow took: the first one of a flow, where its service asks
 * nothing of it, and the second one. Replies do not come back through here. It decides nothing that the long
 * way (unknown.h) would decide otherwise: what is out of the ordinary is left to that one.
 */
#ifndef DSRLB_NEW_PLAIN_H
#define DSRLB_NEW_PLAIN_H

#include "deliver.h"
#include "flow_place.h"
#include "hit_rewrite.h"
#include "new_flow.h"
#include "returned.h"

/* Does the service take whoever comes, and send him to any of its real servers? */
static __always_inline bool asks_nothing(const struct service_record *record)
{
	return !(record->source_list | record->persistence_ticks |
		 (record->flags & SERVICE_ONE_PACKET)) &&
	       !(record->source_interval | record->service_interval) &&
	       !method_replies(record->method) && !method_routes(record->method); /* TTL */
}

/* Write the MAC addresses of a plain l2dsr real server, if the packet may leave for it at once. */
static __always_inline bool leave_plainly(struct packet *pkt, struct eth_header *eth,
					  const void *end, const struct real *real)
{
	u32 other = (real->method ^ METHOD_L2DSR) |
		    ((real->flags & (REAL_RESOLVED | REAL_HOPS)) ^ REAL_RESOLVED);
	struct way way;

	way.to = *(volatile u64 *)real->mac;
	way.from = *(volatile u64 *)real->source_mac;
	way.mtu = way.from >> 48;
	hide(other);
	if (other || !(way.to << 16) || pkt->l3 > MOST_HEADER || (void *)(eth + 1) > end ||
	    !plain_leaves(pkt, end - (void *)eth, &way))
		return false;
	plain_macs(eth, &way);
	return true;
}

/* Send the packet to its real server: at once, where it needs but another MAC address. */
static __always_inline s32 send_plain(struct xdp_md *ctx, struct scratch *with,
				      const struct real *real)
{
	struct packet packet = { .ctx = ctx,
				 .l3 = with->packet.l3,
				 .ip_bytes = with->packet.ip_bytes,
				 .link = with->packet.link };
	void *data = packet_data(&packet), *end = packet_end(&packet);

	if (!leave_plainly(&packet, data, end, real)) {
		if (with->is_new)
			count_flow(with->index, with->service);
		return go_on_with(ctx, STAGE_DELIVER);
	}
	with->packet.egress = packet.egress;
	count_first(with->index, real->service, end - data, with->is_new);
	return R_FORWARDED;
}

/* The real server of a new flow (with->index), or NULL: go the long way. */
static __always_inline struct real *choose_plain(struct scratch *with)
{
	const struct packet *pkt = &with->packet;
	struct service_record *record = service_find(pkt, with);

	if (!record || !asks_nothing(record) || daemon_silence(pkt->now))
		return NULL;
	with->replies = false;
	follow_algorithm(pkt, record, with);
	if (with->kind == KIND_SCAN && !with->by_hash)
		return NULL;
	return schedule_first(record, with);
}

static __always_inline bool place_find_any(bool pending, const struct flow_key *key,
					   struct candidate *candidate)
{
	return key->ipv6 ? place_find(true, pending, key, candidate) :
			   place_find(false, pending, key, candidate);
}

static __always_inline bool place_take_any(bool pending, const struct candidate *candidate,
					   const struct flow_key *key, u64 value, u32 state,
					   u32 expires)
{
	return key->ipv6 ? place_take(true, pending, candidate, key, value, state, expires) :
			   place_take(false, pending, candidate, key, value, state, expires);
}

/* Have the CPU fetch the flow's set of the pending table, and at the same time that which the ACK will need. */
static __always_inline void touch_sets4(const struct flow_key *key)
{
	table_touch(false, key_set(key, 0, table_span(true)));
	table_touch(false, key_set(key, 0, table_span(false)));
}

/*
 * The real server of a flow's first packet. NULL: go the long way, which begins where with->scanned says.
 */
static __always_inline struct real *begin_plain(struct scratch *with)
{
	const struct packet *pkt = &with->packet;
	struct candidate candidate;
	struct flow_ref flow;
	struct real *real;
	bool records;

	classify(pkt, with);
	records = !with->by_hash;
	if (records && !pkt->ipv6)
		touch_sets4(&with->key);
	if (records ? !place_find_any(true, &with->key, &candidate) :
		      !with->absent && flow_find_any(true, &with->key, &flow))
		return NULL;
	real = choose_plain(with);
	if (!real)
		return NULL;
	with->is_new = true;
	if (!records) {
		count_flow_event(table_of(pkt->ipv6, true), EVENT_UNRECORDED);
		return real;
	}
	if (place_take_any(true, &candidate, &with->key, value_of(with->index, real->generation),
			   FLOW_PENDING, pkt->now + real->pending_ticks)) {
		count_classes(with->index, CLASS_NONE, CLASS_PENDING);
		return real;
	}
	with->scanned = SCANNED; /* it has its real server */
	return NULL;
}

/* Can its flow be opened without more ado? */
static __always_inline bool opens_plainly(const struct real *real, const struct flow_ref *flow,
					  u32 now)
{
	return value_is_of(flow->value, real) &&
	       (real->flags & (REAL_PRESENT | REAL_AWAY | REAL_CLOSED | REAL_STICKY)) ==
		       REAL_PRESENT &&
	       !method_replies(real->method) && !(flow->seen & META_REVERSE) &&
	       !meta_expired(flow->seen, now);
}

/* The real server of a flow's second packet, which opens it. NULL: go the long way. */
static __always_inline struct real *open_plain(struct scratch *with)
{
	const struct packet *pkt = &with->packet;
	struct candidate candidate;
	struct flow_ref flow;
	struct real *real;
	u32 state, at;

	if (!(pkt->ipv6 ? flow_find_first(true, true, &with->key, &flow, &at) :
			  flow_find_first(false, true, &with->key, &flow, &at)))
		return NULL;
	with->index = value_real(flow.value);
	real = reals.lookup(&with->index);
	if (!real || !opens_plainly(real, &flow, pkt->now) ||
	    !place_find_any(false, &with->key, &candidate))
		return NULL;
	state = flow_next_state(pkt, FLOW_OPEN);
	if (!place_take_any(false, &candidate, &with->key, flow.value, state,
			    pkt->now + flow_timeout(state, real)))
		return NULL;
	count_classes(with->index, CLASS_NONE, state == FLOW_CLOSING ? CLASS_NONE : CLASS_OPEN);
	with->is_new = false;
	with->packet.translation = flow.value >> 32;
	count_flow_event(table_of(pkt->ipv6, false), EVENT_PROMOTED);
	flow_remove(&flow);
	return real;
}

/* Returns the final reason, or R_CONTINUE: go the long way. */
static __always_inline s32 serve_plain(struct xdp_md *ctx, struct scratch *with)
{
	const struct packet *pkt = &with->packet;
	struct real *real = NULL;

	if (pkt->proto != PROTO_TCP)
		return R_CONTINUE;
	if (pure_syn(pkt)) {
		if (probe_returned(pkt, pkt->source_port_be, with))
			return R_PROBE_RETURNED;
		real = begin_plain(with);
	} else if (!(pkt->tcp_flags & (TCP_SYN | TCP_RST))) {
		real = open_plain(with);
	}
	read_anew();
	return real ? send_plain(ctx, with, real) : R_CONTINUE;
}

#endif
