/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the control plane wants changed in the flow tables. User space cannot compare and swap, so
 * it scans them, read only, and has this program do the rest, a few hundred orders at a time.
 * It is run by BPF_PROG_TEST_RUN and never attached.
 */
#ifndef DSRLB_REAPER_H
#define DSRLB_REAPER_H

#include "flow_insert.h"

/*
 * Expired by now, or the reverse half of a flow that is gone: nothing finds those any more, and they
 * live longer than their forward halves.
 */
static __always_inline bool reap_due(bool ipv6, const struct flow_ref *ref, u32 now)
{
	return meta_expired(ref->seen, now) ||
	       ((ref->seen & META_REVERSE) && half_is_stale(ipv6, ref->value, now));
}

static __always_inline bool reap_entry(bool ipv6, bool expired_only, const struct reap_order *order,
				       u32 now)
{
	bool pending = order->a / SET_FLOWS >= table_span(true).first;
	struct flow_ref ref;

	if (!flow_at(ipv6, order->a, &ref) || meta_version(ref.seen) != order->b)
		return false;
	if (expired_only && !reap_due(ipv6, &ref, now))
		return false;
	/* Once only: a flow that is touched meanwhile has not expired; the next scan tells. */
	if (entry_free(&ref, ref.seen) != ref.seen)
		return false;
	count_change(ref.value, ref.seen, 0);
	count_flow_event(table_of(ipv6, pending), expired_only ? EVENT_EXPIRED : EVENT_DROPPED);
	return true;
}

static __always_inline bool reap_adjust(const struct reap_order *order)
{
	lookup_key index = order->a;
	struct load *load = loads.lookup(&index);

	if (!load)
		return false;
	load_add(load, CLASS_OPEN, (s32)order->c);
	load_add(load, CLASS_PENDING, (s32)order->d);
	return true;
}

static __always_inline bool reap_spill(const struct reap_request *request,
				       const struct reap_order *order)
{
	bool mark = request->command == REAP_MARK;
	u32 set = mark ? order->a : order->a << 6;
	u64 *word = spill_word(request->ipv6, order->b, set);

	if (!word)
		return false;
	if (mark)
		__sync_fetch_and_or(word, 1ull << (set & 63));
	else
		exchange(word, 0);
	return true;
}

static __always_inline bool reap_trace(const struct reap_request *request,
				       const struct reap_order *order)
{
	struct flow_settings *settings = flow_settings_find();
	u64 *word;

	if (!settings || order->a >= settings->trace_words)
		return false;
	word = trace_word(settings, request->ipv6, order->b, order->a);
	if (!word)
		return false;
	if (request->command == REAP_TRACE)
		__sync_fetch_and_or(word, order->c | (u64)order->d << 32);
	else
		exchange(word, 0);
	return true;
}

/* A flow that takes the last hop meanwhile writes the tick first, by compare-and-swap as well. */
static __always_inline bool reap_hop(const struct reap_order *order)
{
	lookup_key place = order->a;
	struct last_hop *hop = last_hops.lookup(&place);
	u64 seen;

	if (!hop)
		return false;
	seen = *(volatile u64 *)&hop->rest;
	if (!(seen & HOP_VALID) || (seen & HOP_BUSY) || seen >> 32 != order->b)
		return false;
	return compare_and_swap(&hop->rest, seen, 0) == seen;
}

/* Where it goes on: there is nobody but itself. */
BPF_PROG_ARRAY(again, 1);

static __always_inline int reap(struct xdp_md *ctx)
{
	struct reap_request *request = (void *)(long)ctx->data;
	void *end = (void *)(long)ctx->data_end;
	u32 now = clock_tick(), done = 0, at, i;

	if ((void *)&request->order[0] > end)
		return XDP_ABORTED;
	at = request->at;
	if (at >= REAP_ORDERS)
		return XDP_ABORTED;
	for (i = 0; i < REAP_AT_ONCE; i++) {
		struct reap_order *order = &request->order[at + i];
		bool did;

		hide(order); /* from LLVM, which would compute it anew, unchecked */
		if (at + i >= request->count || (void *)(order + 1) > end)
			break;
		if (request->command == REAP_ADJUST)
			did = reap_adjust(order);
		else if (request->command == REAP_HOP)
			did = reap_hop(order);
		else if (request->command >= REAP_TRACE)
			did = reap_trace(request, order);
		else if (request->command >= REAP_MARK)
			did = reap_spill(request, order);
		else if (request->ipv6)
			did = reap_entry(true, request->command == REAP_EXPIRED, order, now);
		else
			did = reap_entry(false, request->command == REAP_EXPIRED, order, now);
		done += did;
	}
	request->done += done;
	request->at = at + i;
	if (request->at < request->count)
		again.call(ctx, 0);
	return XDP_PASS;
}

#endif
