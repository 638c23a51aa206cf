/* SPDX-License-Identifier: GPL-2.0-only */
/* TCP segments, read out of frames and written into them. */
#ifndef DSRLB_BENCH_ENDS_SEGMENT_H
#define DSRLB_BENCH_ENDS_SEGMENT_H

#include "ends_maps.h"

/* In assembly, for LLVM would take both for numbers of 32 bits, which the verifier does not. */
static __always_inline void *frame_data(const struct xdp_md *ctx)
{
	void *data;

	asm volatile("%0 = *(u32 *)(%1 + 0)" : "=r"(data) : "r"(ctx));
	return data;
}

static __always_inline void *frame_end(const struct xdp_md *ctx)
{
	void *end;

	asm volatile("%0 = *(u32 *)(%1 + 4)" : "=r"(end) : "r"(ctx));
	return end;
}

static __always_inline u64 mac_at(const u8 *mac)
{
	return (u64) * (u16 *)mac | (u64) * (u16 *)(mac + 2) << 16 | (u64) * (u16 *)(mac + 4) << 32;
}

static __always_inline void mac_put(u8 *to, u64 mac)
{
	*(u16 *)to = mac;
	*(u16 *)(to + 2) = mac >> 16;
	*(u16 *)(to + 4) = mac >> 32;
}

/* Read a segment of the load behind the Ethernet header; false: it is none. */
static __always_inline bool segment_read(const struct ipv4_header *ip, void *end,
					 struct segment *seg)
{
	const struct tcp_header *tcp = (void *)(ip + 1);
	const void *payload = (void *)(tcp + 1);
	u32 header, total;

	if (payload > end || ip->version_ihl != 0x45 || ip->proto != PROTO_TCP)
		return false;
	seg->source_be = ip->source_be;
	seg->destination_be = ip->destination_be;
	seg->source_port = bpf_ntohs(tcp->source_be);
	seg->destination_port = bpf_ntohs(tcp->destination_be);
	seg->sequence = bpf_ntohl(tcp->sequence_be);
	seg->acknowledged = bpf_ntohl(tcp->acknowledgement_be);
	seg->flags = tcp->flags;
	header = sizeof(*ip) + (tcp->offset >> 4) * 4;
	total = bpf_ntohs(ip->total_be);
	seg->length = total - header;
	if (!seg->length || payload + PAYLOAD > end)
		return true;
	seg->stamp = *(u64 *)payload; /* there are options on SYNs only: the load's have none */
	seg->close = *(u16 *)(payload + 8);
	return true;
}

static __always_inline void checksums(struct ipv4_header *ip, u32 length)
{
	struct tcp_header *tcp = (void *)(ip + 1);
	u16 *word = (void *)ip;
	u64 sum = 0;
	u32 i;

	ip->checksum = 0;
#pragma unroll
	for (i = 0; i < sizeof(*ip) / 2; i++)
		sum += word[i];
	ip->checksum = ~checksum_fold64(sum);
	sum = (u64)ip->source_be + ip->destination_be + bpf_htons(PROTO_TCP) +
	      bpf_htons(sizeof(*tcp) + length);
	tcp->checksum = 0;
	word = (void *)tcp;
#pragma unroll
	for (i = 0; i < sizeof(*tcp) / 2; i++)
		sum += word[i];
	if (length) {
#pragma unroll
		for (i = sizeof(*tcp) / 2; i < (sizeof(*tcp) + PAYLOAD) / 2; i++)
			sum += word[i];
	}
	tcp->checksum = ~checksum_fold64(sum);
}

static __always_inline void ip_write(struct ipv4_header *ip, const struct segment *seg, u32 length)
{
	ip->version_ihl = 0x45;
	ip->tos = 0;
	ip->total_be = bpf_htons(length);
	ip->id_be = 0;
	ip->fragment_be = bpf_htons(IPV4_DONT_FRAGMENT);
	ip->ttl = 64;
	ip->proto = PROTO_TCP;
	ip->source_be = seg->source_be;
	ip->destination_be = seg->destination_be;
}

static __always_inline void tcp_write(struct tcp_header *tcp, const struct segment *seg)
{
	tcp->source_be = bpf_htons(seg->source_port);
	tcp->destination_be = bpf_htons(seg->destination_port);
	tcp->sequence_be = bpf_htonl(seg->sequence);
	tcp->acknowledgement_be = bpf_htonl(seg->acknowledged);
	tcp->offset = sizeof(*tcp) / 4 << 4;
	tcp->flags = seg->flags;
	tcp->window_be = 0xffff;
	tcp->urgent_be = 0;
}

/*
 * Make the frame a segment to the balancer; returns the XDP code. XDP_TX would wake the other end of a
 * veth only if that has an XDP program, too (veth_xdp_flush() in drivers/net/veth.c); a kernel that
 * forwards has none.
 */
static __always_inline int segment_send(struct xdp_md *ctx, const struct ends *ends,
					const struct segment *seg, u64 from)
{
	s32 have = frame_end(ctx) - frame_data(ctx),
	    want = SHORT_FRAME + (seg->length ? PAYLOAD : 0);
	struct eth_header *eth;
	struct ipv4_header *ip;
	struct tcp_header *tcp;
	void *end;

	if (have != want && bpf_xdp_adjust_tail(ctx, want - have))
		return XDP_ABORTED;
	end = frame_end(ctx);
	eth = frame_data(ctx);
	ip = (void *)(eth + 1);
	tcp = (void *)(ip + 1);
	if ((void *)(tcp + 1) > end)
		return XDP_ABORTED;
	mac_put(eth->destination, ends->setting->balancer_mac);
	mac_put(eth->source, from);
	eth->type_be = bpf_htons(TYPE_IPV4);
	ip_write(ip, seg, want - sizeof(*eth));
	tcp_write(tcp, seg);
	if (!seg->length) {
		checksums(ip, 0);
		return bpf_redirect(ctx->ingress_ifindex, 0);
	}
	if ((void *)(tcp + 1) + PAYLOAD > end)
		return XDP_ABORTED;
	*(u64 *)(tcp + 1) = seg->stamp;
	*(u16 *)((void *)(tcp + 1) + 8) = seg->close;
	checksums(ip, PAYLOAD);
	return bpf_redirect(ctx->ingress_ifindex, 0);
}

#endif
