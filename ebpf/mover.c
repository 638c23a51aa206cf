// SPDX-License-Identifier: GPL-2.0-only
/*
 * The program by which the control plane copies flows from the former tables into the new ones, has copies follow their
 * flows, and takes those back whose flow has gone meanwhile: as the reaper, run by BPF_PROG_TEST_RUN on lists of
 * orders, never attached. A loop over them would be more than the verifier walks.
 */
#include "follow.h"

#define MOVE_TRIES 3

/* Both halves, or the flow that is no pair (`reverse`: NULL), unless it was copied as it is. */
static __always_inline enum insert_result move_flow(bool ipv6, bool pending, struct scratch *with,
						    const struct flow_ref *forward,
						    const struct flow_ref *reverse, u32 now,
						    struct reserved *made)
{
	struct carried *carried = carried_at(ipv6, reverse ? reverse->entry : forward->entry);
	enum insert_result result = INSERT_MADE;

	if (carried && *(volatile u64 *)&carried->flow == carried_flow(forward, reverse))
		return INSERT_EXISTS;
	if (reverse)
		result = former_key(ipv6, reverse, now, &with->reverse);
	if (result == INSERT_MADE)
		result = former_key(ipv6, forward, now, &with->forward);
	if (result == INSERT_MADE)
		result = reverse ? carry_pair(ipv6, pending, with, forward, reverse, made) :
				   carry_flow(ipv6, pending, with, forward, made);
	if (result == INSERT_EXISTS || result == INSERT_UNFIT)
		carried_note(ipv6, forward, reverse, 0);
	return result;
}

/* a: the former entry (of a pair the reverse half's), b: its version. Tells c: the result. */
static __always_inline enum insert_result move_carry(bool ipv6, struct scratch *with,
						     const struct reap_order *order, u32 now)
{
	bool pending = order->a / SET_FLOWS >= former_span(true).first;
	struct flow_ref found, forward;
	struct reserved made = {};

	if (!former_at(ipv6, order->a, now, &found) || meta_version(found.seen) != order->b)
		return INSERT_EXISTS;
	if (!(found.seen & META_REVERSE))
		return move_flow(ipv6, pending, with, &found, NULL, now, &made);
	if (!former_forward(ipv6, &found, now, &forward))
		return INSERT_EXISTS;
	return move_flow(ipv6, pending, with, &forward, &found, now, &made);
}

/* a, b: as move_carry(); its copy becomes what the flow is by now. c: whether packets go by the copies. */
static __always_inline enum insert_result move_follow(bool ipv6, struct scratch *with,
						      const struct reap_order *order, u32 now)
{
	bool pending = order->a / SET_FLOWS >= former_span(true).first, by_copies = order->c;
	struct flow_ref found, forward;

	if (!former_there(ipv6, order->a, &found) || meta_version(found.seen) != order->b)
		return INSERT_RACED;
	if (!(found.seen & META_REVERSE))
		return follow(ipv6, pending, by_copies, with, &found, NULL, now);
	if (!former_named(ipv6, &found, &forward))
		return INSERT_RACED;
	return follow(ipv6, pending, by_copies, with, &forward, &found, now);
}

/*
 * a: an entry of the new tables, b: its version. It becomes free, and counts for nobody. c: whether it is the copy that
 * is noted of the former entry d, which has another flow by now, or none: then no copy is noted there any more. Tells
 * c: the result; INSERT_EXISTS when the entry is another's, or free.
 */
static __always_inline enum insert_result move_back(bool ipv6, const struct reap_order *order)
{
	struct flow_ref ref;
	u32 attempt;

	if (!flow_at(ipv6, order->a, &ref) || meta_version(ref.seen) != order->b) {
		if (order->c)
			carried_forget(ipv6, order->d, order->a, order->b);
		return INSERT_EXISTS;
	}
	for (attempt = 0; attempt < MOVE_TRIES; attempt++) {
		u64 seen = ref.seen, before = entry_free(&ref, seen);

		if (before == seen) {
			if (order->c)
				carried_forget(ipv6, order->d, order->a, order->b);
			return INSERT_MADE;
		}
		if (((before ^ seen) & META_VERSION) || meta_is_busy(before))
			return INSERT_EXISTS;
		ref.seen = before; /* only touched */
	}
	return INSERT_RACED;
}

/*
 * One order, of which request->done tells, and on to the next one by a tail call of itself: with a repeated test run the
 * kernel changes its own code for XDP, there and back, which takes longer than all orders together.
 */
int dsrlb_mover(struct xdp_md *ctx)
{
	struct reap_request *request = (void *)(long)ctx->data;
	void *end = (void *)(long)ctx->data_end;
	struct scratch *with = scratch_find();
	struct reap_order *order;
	u32 now = clock_tick(), i;

	if ((void *)&request->order[0] > end || !with)
		return XDP_ABORTED;
	i = request->done;
	if (i >= MOVE_ORDERS || i >= request->count)
		return XDP_ABORTED;
	order = &request->order[i];
	hide(order); /* from LLVM, which would compute it anew, unchecked */
	if ((void *)(order + 1) > end)
		return XDP_ABORTED;
	request->done = i + 1;
	if (request->command == MOVE_BACK)
		order->c = request->ipv6 ? move_back(true, order) : move_back(false, order);
	else if (request->command == MOVE_FOLLOW)
		order->c = request->ipv6 ? move_follow(true, with, order, now) :
					   move_follow(false, with, order, now);
	else if (request->ipv6)
		order->c = move_carry(true, with, order, now);
	else
		order->c = move_carry(false, with, order, now);
	if (i + 1 < request->count)
		onward.call(ctx, ONWARD_MOVER);
	return XDP_PASS;
}
