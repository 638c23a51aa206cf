/* SPDX-License-Identifier: GPL-2.0-only */
/* What the stages of the decapsulation know about the packet in hand. */
#ifndef DSRLB_DECAP_PACKET_H
#define DSRLB_DECAP_PACKET_H

#include "decap_maps.h"

struct envelope {
	struct xdp_md *ctx;
	u32 outer;  /* offset of the outer IP header: 14, 18 or 22 */
	u32 inner;  /* offset of what the envelope holds */
	u32 end;    /* where that ends, by the outer headers */
	u32 method; /* METHOD_IPIP or METHOD_GUE */
	u8 proto;   /* what follows the outer IP header */
	u8 outer_ecn;
	u8 inner_ipv6;
};

static __always_inline void *frame_start(const struct envelope *env)
{
	return (void *)(long)env->ctx->data;
}

static __always_inline void *frame_end(const struct envelope *env)
{
	return (void *)(long)env->ctx->data_end;
}

/*
 * An offset into the frame. The verifier forgets the range of one that was kept on the stack, and
 * LLVM removes a mask that it can prove needless: hide the value from it first.
 */
static __always_inline void *frame_at(const struct envelope *env, u32 offset, u32 mask)
{
	asm volatile("" : "+r"(offset));
	return frame_start(env) + (offset & mask);
}

#define OUTER_MASK 31	 /* up to 22 */
#define INNER_MASK 127	 /* up to 22 + 60 + 8 */
#define END_MASK 0x1ffff /* up to 22 + 40 + 65,535 */

static __always_inline void *outer_header(const struct envelope *env)
{
	return frame_at(env, env->outer, OUTER_MASK);
}

static __always_inline void *inner_header(const struct envelope *env)
{
	return frame_at(env, env->inner, INNER_MASK);
}

/* IPv4 addresses stand in the maps as ::ffff:a.b.c.d. */
static __always_inline void address_of_ipv4(struct address *to, u32 address_be)
{
	to->word_be[0] = 0;
	to->word_be[1] = 0;
	to->word_be[2] = bpf_htonl(0xffff);
	to->word_be[3] = address_be;
}

/* On the wire such an address is nobody's (RFC 4038, 4.2), and not the IPv4 address's. */
static __always_inline bool stands_for_ipv4(const struct address *address)
{
	return !address->word_be[0] && !address->word_be[1] &&
	       address->word_be[2] == bpf_htonl(0xffff);
}

static __always_inline void count_decap(u32 which)
{
	u64 *count = decap_counts.lookup(&which);

	if (count)
		*count += 1;
}

#endif
