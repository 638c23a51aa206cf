/* SPDX-License-Identifier: GPL-2.0-only */
/* The frame that goes to the real server: a function for each way to make it, in files rewrite_NAME.h. */
#ifndef DSRLB_REWRITE_H
#define DSRLB_REWRITE_H

#include "methods.h"
#include "rewrite_address.h"
#include "rewrite_gue.h"
#include "rewrite_ipip.h"
#include "rewrite_l2dsr.h"

/* One copy of each, however many methods have it. */
#define REWRITES(REWRITE)                                                                          \
	REWRITE(l2dsr)                                                                             \
	REWRITE(address)                                                                           \
	REWRITE(ipip)                                                                              \
	REWRITE(gue)

#define REWRITE_ENUM(name) REWRITE_##name,
enum rewrite { REWRITE_none, REWRITES(REWRITE_ENUM) };

#define METHOD_REWRITE(name, rewrite, mode, method, routes, outer4, outer6, replies, snat)         \
	case METHOD_##name:                                                                        \
		return REWRITE_##rewrite;

static __always_inline enum rewrite method_rewrite(u32 method)
{
	switch (method) {
		METHODS(METHOD_REWRITE)
	default:
		return REWRITE_none;
	}
}

#define REWRITE_CALL(name)                                                                         \
	case REWRITE_##name:                                                                       \
		return rewrite_##name(pkt, real, way);

/* Make the frame that goes to the real server. Returns R_FORWARDED, or why it could not be made. */
static __always_inline s32 rewrite(struct packet *pkt, const struct real *real,
				   const struct way *way)
{
	switch (method_rewrite(real->method)) {
		REWRITES(REWRITE_CALL)
	default:
		return R_INCOMPLETE;
	}
}

#endif
