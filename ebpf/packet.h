/* SPDX-License-Identifier: GPL-2.0-only */
/* What the stages know about the packet in hand. */
#ifndef DSRLB_PACKET_H
#define DSRLB_PACKET_H

#include "headers.h"

struct packet {
	struct xdp_md *ctx;
	struct address source;
	struct address destination;
	u32 l3;	      /* offset of the IP header: 14, 18 or 22 */
	u32 l4;	      /* offset of the transport header */
	u32 ip_bytes; /* total length as the IP header says */
	u32 link;     /* number of the ingress interface */
	u32 egress;   /* number of the egress interface, once forwarded */
	u32 now;      /* tick */
	u32 hash;     /* keyed, of the flow */
	u32 fragment_id;
	u32 translation; /* bits 32-63 of the flow's value: source port and pool address */
	s32 irregular;	 /* reason to drop, should the destination be a VIP */
	u16 source_port_be;
	u16 destination_port_be;
	u8 proto;
	u8 tcp_flags;
	u8 tcp_data; /* has a payload */
	u8 ipv6;
	u8 icmp_type;
	u8 icmp_code;
	u8 fragment;  /* enum fragment_place */
	u8 from_real; /* to no VIP, but from a real server whose replies come back, or a VIP */
	u8 outbound;  /* of a connection that a real server opened */
	u8 other_mac; /* to a VIP, and to another station: only mode bridge takes it */
};

enum fragment_place { FRAGMENT_NONE, FRAGMENT_FIRST, FRAGMENT_LATER };

/*
 * The program's view of packet memory; the end is exclusive, every access is checked against it. By
 * assembler, because LLVM joins loads in front of bpf_xdp_adjust_head() with those behind it, keeps
 * the address of one of the two fields in a register (the verifier refuses to load from there), and
 * shifts the result as if it were no pointer.
 */
static __always_inline void *packet_data(const struct packet *pkt)
{
	void *data;

	asm volatile("%0 = *(u32 *)(%1 + 0)" : "=r"(data) : "r"(pkt->ctx));
	return data;
}

static __always_inline void *packet_end(const struct packet *pkt)
{
	void *end;

	asm volatile("%0 = *(u32 *)(%1 + 4)" : "=r"(end) : "r"(pkt->ctx));
	return end;
}

static __always_inline u32 frame_bytes(const struct packet *pkt)
{
	return packet_end(pkt) - packet_data(pkt);
}

/*
 * The verifier forgets the range of an offset that was kept on the stack, and LLVM removes a mask
 * that it can prove needless: hide the value from LLVM, then bound it for the verifier. Offsets are
 * below 23 (network header) and 13,000 (transport header behind six extension headers).
 */
static __always_inline u32 bounded(u32 offset, u32 mask)
{
	asm volatile("" : "+r"(offset));
	return offset & mask;
}

/* Hide a loop's counter from LLVM, which may join two bounds into one that the verifier cannot see. */
#define hide(counter) asm volatile("" : "+r"(counter))

/*
 * Hide a value from the verifier, too, by x - x, for some x that the verifier knows nothing of. Otherwise
 * everything behind is walked once for each value that this one is known to have. Not by addition, which
 * would keep what it knows of the range.
 */
static __always_inline u64 blur(u64 value, u64 any)
{
	asm volatile("%1 -= %1\n"
		     "%0 ^= %1"
		     : "+r"(value), "+r"(any));
	return value;
}

/* Is a less than b (of numbers below 2^63)? 1 or 0, and no branch, which loops have no room for. */
static __always_inline u64 less(u64 a, u64 b)
{
	u64 difference = a - b;

	hide(difference);
	return difference >> 63;
}

static __always_inline u32 unknown(const struct packet *pkt, u32 value)
{
	return blur(value, pkt->ctx->ingress_ifindex);
}

static __always_inline void *network_header(const struct packet *pkt)
{
	return packet_data(pkt) + bounded(pkt->l3, 31);
}

static __always_inline void *transport_header(const struct packet *pkt)
{
	return packet_data(pkt) + bounded(pkt->l4, 0x3fff);
}

/* Words, not bytes: the compiler makes two loads of it, and no call to memcmp(). */
static __always_inline bool mac_equal(const u8 *a, const u8 *b)
{
	return *(u32 *)a == *(u32 *)b && *(u16 *)(a + 4) == *(u16 *)(b + 4);
}

/* The first six bytes of an 8-byte group of struct real (this is a little-endian program). */
static __always_inline void mac_store(u8 *to, u64 group)
{
	*(u16 *)to = group;
	*(u16 *)(to + 2) = group >> 16;
	*(u16 *)(to + 4) = group >> 32;
}

/* The same group of an address in a frame. */
static __always_inline u64 mac_group(const u8 *mac, u16 rest)
{
	return *(u16 *)mac | (u64) * (u16 *)(mac + 2) << 16 | (u64) * (u16 *)(mac + 4) << 32 |
	       (u64)rest << 48;
}

static __always_inline void mac_copy(u8 *to, const u8 *from)
{
	*(u16 *)to = *(u16 *)from;
	*(u16 *)(to + 2) = *(u16 *)(from + 2);
	*(u16 *)(to + 4) = *(u16 *)(from + 4);
}

/* Back to where the frame came from. */
static __always_inline s32 swap_macs(struct packet *pkt)
{
	struct eth_header *eth = packet_data(pkt);
	u8 mac[6];

	if ((void *)(eth + 1) > packet_end(pkt))
		return R_MALFORMED;
	mac_copy(mac, eth->destination);
	mac_copy(eth->destination, eth->source);
	mac_copy(eth->source, mac);
	return R_CONTINUE;
}

static __always_inline bool address_equal(const struct address *a, const struct address *b)
{
	return a->word_be[0] == b->word_be[0] && a->word_be[1] == b->word_be[1] &&
	       a->word_be[2] == b->word_be[2] && a->word_be[3] == b->word_be[3];
}

static __always_inline void address_from_ipv4(struct address *to, u32 address_be)
{
	to->word_be[0] = 0;
	to->word_be[1] = 0;
	to->word_be[2] = bpf_htonl(0xffff);
	to->word_be[3] = address_be;
}

/* ::ffff:0:0/96 is how IPv4 addresses stand in the maps; on the wire it is nobody's (RFC 4038, 4.2) */
static __always_inline bool address_is_mapped(const struct address *address)
{
	return !address->word_be[0] && !address->word_be[1] &&
	       address->word_be[2] == bpf_htonl(0xffff);
}

#endif
