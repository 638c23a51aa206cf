// SPDX-License-Identifier: GPL-2.0-only
/*
 * The program by which the control plane copies flows from the former tables into the new ones, and takes copies back
 * whose flow has gone meanwhile: as the reaper, run by BPF_PROG_TEST_RUN on lists of orders, never attached. A loop
 * over them would be more than the verifier walks.
 */
#include "carry.h"

/* a: the former entry (of a pair the reverse half's), b: its version. Tells c: the result, d: the new entry, of a
 * pair the forward half's, and b: its version. */
static __always_inline enum insert_result move_carry(bool ipv6, struct scratch *with,
						     struct reap_order *order, u32 now)
{
	bool pending = order->a / SET_FLOWS >= former_span(true).first;
	struct flow_ref found, forward;
	enum insert_result result;
	struct reserved made = {};

	if (!former_at(ipv6, order->a, now, &found) || meta_version(found.seen) != order->b)
		return INSERT_EXISTS;
	if (found.seen & META_REVERSE) {
		if (!former_forward(ipv6, &found, now, &forward))
			return INSERT_EXISTS;
		result = former_key(ipv6, &found, now, &with->reverse);
		if (result == INSERT_MADE)
			result = former_key(ipv6, &forward, now, &with->forward);
		if (result == INSERT_MADE)
			result = carry_pair(ipv6, pending, with, &forward, &found, &made);
	} else {
		result = former_key(ipv6, &found, now, &with->forward);
		if (result == INSERT_MADE)
			result = carry_flow(ipv6, pending, with, &found, &made);
	}
	order->b = meta_version(made.busy);
	order->d = made.entry;
	return result;
}

/* a: an entry of the new tables, b: its version. It becomes free, and counts for nobody. */
static __always_inline enum insert_result move_back(bool ipv6, const struct reap_order *order)
{
	struct flow_ref ref;

	if (flow_at(ipv6, order->a, &ref) && meta_version(ref.seen) == order->b)
		entry_free(&ref, ref.seen);
	return INSERT_MADE;
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
	else if (request->ipv6)
		order->c = move_carry(true, with, order, now);
	else
		order->c = move_carry(false, with, order, now);
	if (i + 1 < request->count)
		onward.call(ctx, ONWARD_MOVER);
	return XDP_PASS;
}
