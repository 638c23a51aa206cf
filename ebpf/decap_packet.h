/* SPDX-License-Identifier: GPL-2.0-only */
/* What the stages of the decapsulation know about the packet in hand. */
#ifndef DSRLB_DECAP_PACKET_H
#define DSRLB_DECAP_PACKET_H

#include "decap_maps.h"
#include "packet.h"

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

/* An offset into the frame. */
static __always_inline void *frame_at(const struct envelope *env, u32 offset, u32 mask)
{
	return frame_start(env) + bounded(offset, mask);
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

static __always_inline void count_decap(u32 which)
{
	u64 *count = decap_counts.lookup(&which);

	if (count)
		*count += 1;
}

#endif
