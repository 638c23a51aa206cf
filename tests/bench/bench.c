// SPDX-License-Identifier: GPL-2.0-only
/*
 * Entry points for measuring: the fast path and a floor program behind the same packet variation.
 *
 * BPF_PROG_TEST_RUN does not restore the packet between repeats, so every entry point writes the
 * next flow's source into it first. What that costs (`bench_vary` less `bench_null`) is subtracted.
 */
#include "../../ebpf/dsrlb.c"
#include "../../ebpf/unknown.c"

struct bench_control {
	u64 sequence;
	u32 mask;   /* number of flows - 1; 0 leaves the packet as it is */
	u32 random; /* 1: flows in pseudo-random order, 0: one after the other */
};

BPF_TABLE("array", u32, struct bench_control, bench_control, 1);
BPF_TABLE("percpu_array", u32, u64, bench_count, 1);

/* Source port and the last bytes of the source address name one of up to 2^32 flows. */
static __always_inline int vary(struct xdp_md *ctx)
{
	void *data = (void *)(long)ctx->data, *end = (void *)(long)ctx->data_end;
	struct eth_header *eth = data;
	u32 zero = 0, flow, transport;
	struct bench_control *control = bench_control.lookup(&zero);
	u8 *source;

	if (!control || (void *)(eth + 1) > end)
		return -1;
	flow = control->sequence++;
	if (control->random)
		flow = ((u64)flow * 0x9e3779b97f4a7c15ull) >> 32;
	flow &= control->mask;
	if (eth->type_be == bpf_htons(TYPE_IPV4)) {
		if (data + 14 + 20 + 8 > end)
			return -1;
		source = data + 14 + 12;
		*(u16 *)(data + 14 + 20) = bpf_htons(1024 + (flow & 0x7fff));
	} else {
		if (data + 14 + 40 + 8 > end)
			return -1;
		source = data + 14 + 8 + 12;
		*(u16 *)(data + 14 + 40) = bpf_htons(1024 + (flow & 0x7fff));
	}
	*(u16 *)(source + 2) = bpf_htons(flow >> 15);
	return 0;
}

int bench_null(struct xdp_md *ctx)
{
	return XDP_TX;
}

int bench_vary(struct xdp_md *ctx)
{
	return vary(ctx) ? XDP_ABORTED : XDP_TX;
}

/* The floor: swap MAC addresses, count, send back. */
int bench_floor(struct xdp_md *ctx)
{
	void *data = (void *)(long)ctx->data, *end = (void *)(long)ctx->data_end;
	struct eth_header *eth = data;
	u32 zero = 0;
	u64 *count;
	u8 mac[6];

	if (vary(ctx) || (void *)(eth + 1) > end)
		return XDP_ABORTED;
	mac_copy(mac, eth->destination);
	mac_copy(eth->destination, eth->source);
	mac_copy(eth->source, mac);
	count = bench_count.lookup(&zero);
	if (count)
		(*count)++;
	return XDP_TX;
}

int bench_dsrlb(struct xdp_md *ctx)
{
	if (vary(ctx))
		return XDP_ABORTED;
	return balance(ctx);
}
