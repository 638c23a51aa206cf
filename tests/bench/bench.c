// SPDX-License-Identifier: GPL-2.0-only
/*
 * Entry points for measuring: the fast path and a floor program behind the same packet variation.
 *
 * BPF_PROG_TEST_RUN does not restore the packet between repeats, so every entry point writes the
 * next flow's source into it first, and takes off what the method put in front. What that costs
 * (`bench_vary` less `bench_null`; half of what `bench_heads` takes more) is subtracted.
 */
#include "../../ebpf/dsrlb.c"
#include "../../ebpf/unknown.c"
#include "../../ebpf/deliver.c"
#include "../../ebpf/fragment.c"
#include "../../ebpf/icmp.c"
#include "../../ebpf/refuse.c"

struct bench_control {
	u64 sequence;
	u32 mask;   /* number of flows - 1; 0 leaves the packet as it is */
	u32 random; /* 1: flows in pseudo-random order, 0: one after the other */
	u32 length; /* of the frame as it is to be; a longer one has headers in front */
	u32 push;   /* bytes that bench_heads puts in front, and takes off again */
	u32 vip_be; /* last word of the destination, which method dscp overwrites; 0: keep */
	u32 reserved;
};

BPF_TABLE("array", u32, struct bench_control, bench_control, 1);
BPF_TABLE("percpu_array", u32, u64, bench_count, 1);

/* Move the beginning of the frame by `more` bytes to the front; MAC addresses are written anew. */
static __always_inline int move_head(struct xdp_md *ctx, s32 more, u16 type_be)
{
	struct packet packet = { .ctx = ctx };
	struct eth_header *eth;

	if (bpf_xdp_adjust_head(ctx, -more))
		return -1;
	eth = moved_data(&packet);
	if ((void *)(eth + 1) > moved_end(&packet))
		return -1;
	eth->destination[0] = eth->source[0] = 2;
	*(u16 *)(eth->destination + 1) = *(u16 *)(eth->source + 1) = 0;
	*(u16 *)(eth->destination + 3) = *(u16 *)(eth->source + 3) = 0;
	eth->destination[5] = 0xaa;
	eth->source[5] = 1;
	eth->type_be = type_be;
	return 0;
}

/* Take off what the fast path put in front of the last packet. */
static __always_inline int undo(struct xdp_md *ctx)
{
	u32 zero = 0, length = ctx->data_end - ctx->data;
	struct bench_control *control = bench_control.lookup(&zero);

	if (!control || !control->length || length <= control->length)
		return 0;
	return move_head(ctx, (s32)(control->length - length),
			 control->push >= 40 ? bpf_htons(TYPE_IPV6) : bpf_htons(TYPE_IPV4));
}

/* Source port and the last bytes of the source address name one of up to 2^32 flows. */
static __always_inline int vary(struct xdp_md *ctx)
{
	struct packet packet = { .ctx = ctx };
	void *data = moved_data(&packet), *end = moved_end(&packet);
	struct eth_header *eth = data;
	u32 zero = 0, flow;
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
		if (control->vip_be) {
			*(u32 *)(source + 4) = control->vip_be;
			source[-4] = 64; /* TTL */
		}
		*(u16 *)(data + 14 + 20) = bpf_htons(1024 + (flow & 0x7fff));
	} else {
		if (data + 14 + 40 + 8 > end)
			return -1;
		source = data + 14 + 8 + 12;
		if (control->vip_be) {
			*(u32 *)(source + 16) = control->vip_be;
			*(u32 *)(source + 4) = bpf_htonl(0x20010db8);
			*(u32 *)(source + 8) = *(u32 *)(source + 12) = 0;
			source[-13] = 64; /* hop limit */
		}
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
	return undo(ctx) || vary(ctx) ? XDP_ABORTED : XDP_TX;
}

/* The floor: swap MAC addresses, count, send back. */
int bench_floor(struct xdp_md *ctx)
{
	struct packet packet = { .ctx = ctx };
	struct eth_header *eth;
	u32 zero = 0;
	u64 *count;
	u8 mac[6];

	if (undo(ctx) || vary(ctx))
		return XDP_ABORTED;
	eth = moved_data(&packet);
	if ((void *)(eth + 1) > moved_end(&packet))
		return XDP_ABORTED;
	mac_copy(mac, eth->destination);
	mac_copy(eth->destination, eth->source);
	mac_copy(eth->source, mac);
	count = bench_count.lookup(&zero);
	if (count)
		(*count)++;
	return XDP_TX;
}

/* What undoing costs: twice that, and a second look at the length. */
int bench_heads(struct xdp_md *ctx)
{
	u32 zero = 0;
	struct bench_control *control;
	u16 type_be;

	if (undo(ctx) || vary(ctx))
		return XDP_ABORTED;
	control = bench_control.lookup(&zero);
	if (!control || !control->push)
		return XDP_TX;
	type_be = control->push >= 40 ? bpf_htons(TYPE_IPV6) : bpf_htons(TYPE_IPV4);
	if (move_head(ctx, control->push, type_be) || move_head(ctx, -(s32)control->push, type_be))
		return XDP_ABORTED;
	return XDP_TX;
}

int bench_dsrlb(struct xdp_md *ctx)
{
	if (undo(ctx) || vary(ctx))
		return XDP_ABORTED;
	return balance(ctx);
}
