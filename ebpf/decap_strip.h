/* SPDX-License-Identifier: GPL-2.0-only */
/* Take the envelope off: the Ethernet header and its tags move forward to the inner IP header. */
#ifndef DSRLB_DECAP_STRIP_H
#define DSRLB_DECAP_STRIP_H

#include "decap_packet.h"

#define LINK_WORDS 11 /* 22 bytes: an Ethernet header with two tags */

static __always_inline bool strip(struct envelope *env)
{
	u16 type_be = env->inner_ipv6 ? bpf_htons(TYPE_IPV6) : bpf_htons(TYPE_IPV4);
	u32 words = env->outer / 2, i;
	u16 link[LINK_WORDS];
	u16 *word = frame_start(env);

	if ((void *)(word + LINK_WORDS) > frame_end(env))
		return false;
#pragma unroll
	for (i = 0; i < LINK_WORDS; i++)
		link[i] = i + 1 == words ? type_be : word[i];
	if (bpf_xdp_adjust_head(env->ctx, env->inner - env->outer))
		return false;
	word = frame_start(env);
	if ((void *)(word + LINK_WORDS) > frame_end(env))
		return false;
#pragma unroll
	for (i = 0; i < LINK_WORDS; i++) {
		if (i < words)
			word[i] = link[i];
	}
	return true;
}

#endif
