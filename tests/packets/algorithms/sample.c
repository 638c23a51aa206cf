// SPDX-License-Identifier: GPL-2.0-only
/* Tells the fast path's response times how long a real server took to answer: one measurement a run. */
#include "../../../ebpf/dsrlb.c"
#include "../../../ebpf/response.h"

struct told {
	u64 ns;
	u32 index;
	u32 now;
};

int sample(struct xdp_md *ctx)
{
	struct told *told = (void *)(long)ctx->data;

	if ((void *)(told + 1) > (void *)(long)ctx->data_end)
		return XDP_ABORTED;
	response_sample(told->index, told->ns, told->now);
	return XDP_PASS;
}
