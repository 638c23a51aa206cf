// SPDX-License-Identifier: GPL-2.0-only
/*
 * Entry points for measuring: the fast path and a floor program behind the same packet variation.
 * What the fast path goes on to by tail calls are its own programs (ebpf/unknown.c ...).
 *
 * BPF_PROG_TEST_RUN does not restore the packet between repeats, so every entry point writes the
 * next flow's source into it first, and takes off what the method put in front. What that costs
 * (`bench_vary` less `bench_null`; half of what `bench_heads` takes more) is subtracted. Where both
 * addresses, ports, MAC addresses and TTL are translated all of them are written anew, out of
 * bench_tuples[]: of requests and, behind those, of their replies, which bench_learn notes.
 */
#include "../../ebpf/dsrlb.c"

#define BENCH_FLOWS 1048576

/* Each CPU has its own, and flows of its own. */
struct bench_control {
	u64 sequence;
	u32 mask; /* number of flows - 1 */
	u32 base; /* number of the first flow */
	u32 random; /* 1: flows in pseudo-random order, each once before any comes again; 0: in a row */
	u32 length;  /* of the frame as it is to be; a longer one has headers in front */
	u32 push;    /* bytes that bench_heads puts in front, and takes off again */
	u32 tuples;  /* 1: addresses and ports are those of bench_tuples[] */
	u32 first;   /* ... from this place on */
	u32 learned; /* 1: the packet in hand is what the fast path made of the last one */
	u32 proto;
	u32 port_be;   /* of the destination */
	u64 source[2]; /* addresses; the flow's number is added to the source's last word */
	u64 destination[2];
	u64 to; /* MAC addresses, where there are tuples: the first six bytes */
	u64 from;
};

/* Of a packet. They stand in the order in which they are used, so that reading them is cheap. */
struct bench_tuple {
	struct address source;
	struct address destination;
	u32 ports_be; /* source, and destination in the upper half */
	u32 reserved;
};

BPF_TABLE("percpu_array", u32, struct bench_control, bench_control, 1);
BPF_F_TABLE("array", u32, struct bench_tuple, bench_tuples, 2 * BENCH_FLOWS, BPF_F_MMAPABLE);
BPF_TABLE("percpu_array", u32, u64, bench_count, 1);

/* Move the beginning of the frame by `more` bytes to the front; MAC addresses are written anew. */
static __always_inline int move_head(struct xdp_md *ctx, s32 more, u16 type_be)
{
	struct packet packet = { .ctx = ctx };
	struct eth_header *eth;

	if (bpf_xdp_adjust_head(ctx, -more))
		return -1;
	eth = packet_data(&packet);
	if ((void *)(eth + 1) > packet_end(&packet))
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

/*
 * Write what the fast path changes. Fields that it may read as one are written as one: reading what was
 * written in smaller pieces just before would make the CPU wait, as it does for no packet that came
 * off a wire.
 */
static __always_inline int put(struct packet *packet, const struct bench_control *control,
			       const u64 *source, const u64 *destination, u32 ports_be)
{
	struct eth_header *eth = packet_data(packet);
	void *l3 = eth + 1, *end = packet_end(packet);

	if (l3 + 20 + 8 > end)
		return -1;
	if (eth->type_be == bpf_htons(TYPE_IPV4)) {
		*(u16 *)(l3 + 8) = 64 | control->proto << 8; /* TTL */
		*(u64 *)(l3 + 12) = source[1] >> 32 | (destination[1] & 0xffffffff00000000ull);
		*(u32 *)(l3 + 20) = ports_be;
		return 0;
	}
	if (l3 + 40 + 8 > end)
		return -1;
	*(u16 *)(l3 + 6) = control->proto | 64 << 8; /* hop limit */
	*(u64 *)(l3 + 8) = source[0];
	*(u64 *)(l3 + 16) = source[1];
	*(u64 *)(l3 + 24) = destination[0];
	*(u64 *)(l3 + 32) = destination[1];
	*(u32 *)(l3 + 40) = ports_be;
	return 0;
}

/* All that a flow's tuple says, and the MAC addresses. */
static __always_inline int put_tuple(struct packet *packet, const struct bench_control *control,
				     u32 flow)
{
	u32 place = control->first + flow;
	const struct bench_tuple *tuple = bench_tuples.lookup(&place);
	struct eth_header *eth = packet_data(packet);

	if (!tuple || (void *)(eth + 1) > packet_end(packet))
		return -1;
	mac_store(eth->destination, control->to);
	mac_store(eth->source, control->from);
	return put(packet, control, (const u64 *)&tuple->source, (const u64 *)&tuple->destination,
		   tuple->ports_be);
}

/* Note the packet that the real server answers the one in hand with. */
static __always_inline int learn(struct xdp_md *ctx, u32 place)
{
	struct packet packet = { .ctx = ctx };
	struct eth_header *eth = packet_data(&packet);
	struct ipv4_header *ip4 = (void *)(eth + 1);
	struct ipv6_header *ip6 = (void *)(eth + 1);
	struct bench_tuple *tuple = bench_tuples.lookup(&place);
	u32 *ports;

	if (!tuple || (void *)(ip4 + 1) > packet_end(&packet))
		return -1;
	if (eth->type_be == bpf_htons(TYPE_IPV4)) {
		ports = (void *)(ip4 + 1);
		if ((void *)(ports + 1) > packet_end(&packet))
			return -1;
		address_from_ipv4(&tuple->source, ip4->destination_be);
		address_from_ipv4(&tuple->destination, ip4->source_be);
	} else {
		ports = (void *)(ip6 + 1);
		if ((void *)(ports + 1) > packet_end(&packet))
			return -1;
		tuple->source = ip6->destination;
		tuple->destination = ip6->source;
	}
	tuple->ports_be = *ports >> 16 | *ports << 16;
	return 0;
}

/* A permutation of the numbers up to mask, which is one less than a power of two. */
static __always_inline u32 shuffled(u32 number, u32 mask)
{
	number = number * 0x9e3779b1 & mask;
	number ^= number >> 7;
	number = number * 0x85ebca6b & mask;
	return number ^ number >> 5;
}

/*
 * Source port and the last word of the source address name one of up to 2^32 flows; or else the
 * flow's tuple has all of them.
 */
static __always_inline int vary(struct xdp_md *ctx)
{
	struct packet packet = { .ctx = ctx };
	u32 zero = 0, flow;
	struct bench_control *control = bench_control.lookup(&zero);
	u64 source[2];

	if (!control)
		return -1;
	flow = control->sequence++;
	if (control->random)
		flow = shuffled(flow, control->mask);
	flow = control->base + (flow & control->mask);
	if (control->tuples)
		return put_tuple(&packet, control, flow);
	source[0] = control->source[0];
	source[1] = control->source[1] | (u64)bpf_htonl(flow >> 15) << 32;
	return put(&packet, control, source, control->destination,
		   bpf_htons(1024 + (flow & 0x7fff)) | control->port_be << 16);
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
	eth = packet_data(&packet);
	if ((void *)(eth + 1) > packet_end(&packet))
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

/*
 * Requests of one flow after the other; what becomes of each is noted, by the next run: the fast path
 * may have gone on to other programs, and comes back here never.
 */
int bench_learn(struct xdp_md *ctx)
{
	u32 zero = 0;
	struct bench_control *control = bench_control.lookup(&zero);

	if (!control)
		return XDP_ABORTED;
	if (control->learned && learn(ctx, BENCH_FLOWS + ((control->sequence - 1) & control->mask)))
		return XDP_ABORTED;
	control->learned = 1;
	return vary(ctx) ? XDP_ABORTED : balance(ctx);
}
