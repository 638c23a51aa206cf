/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The mode table: how a packet reaches its real server. A method is a file rewrite_NAME.h with one
 * function, and a row here. The control plane reads the rows out of this text.
 */
#ifndef DSRLB_METHODS_H
#define DSRLB_METHODS_H

#include "rewrite_dscp.h"
#include "rewrite_gue.h"
#include "rewrite_ipip.h"
#include "rewrite_l2dsr.h"

/*
 * METHOD(name, function, mode, method, routes, outer4, outer6): its configuration keys; whether the
 * real server may be behind routers (the TTL is decremented, the frame leaves with the next hop's
 * tag); the bytes put in front of the packet when the real's address is an IPv4 or an IPv6 one.
 */
#define METHODS(METHOD)                                                                            \
	METHOD(L2DSR, rewrite_l2dsr, "l2dsr", "", 0, 0, 0)                                         \
	METHOD(DSCP, rewrite_dscp, "l3dsr", "dscp", 1, 0, 0)                                       \
	METHOD(IPIP, rewrite_ipip, "l3dsr", "ipip", 1, 20, 40)                                     \
	METHOD(GUE, rewrite_gue, "l3dsr", "gue", 1, 28, 48)

#define METHOD_ENUM(name, function, mode, method, routes, outer4, outer6) METHOD_##name,
enum method { METHOD_NONE, METHODS(METHOD_ENUM) METHOD_COUNT };

#define METHOD_ROUTES(name, function, mode, method, routes, outer4, outer6)                        \
	case METHOD_##name:                                                                        \
		return routes;

static __always_inline bool method_routes(u32 method)
{
	switch (method) {
		METHODS(METHOD_ROUTES)
	default:
		return false;
	}
}

#define METHOD_OUTER(name, function, mode, method, routes, outer4, outer6)                         \
	case METHOD_##name:                                                                        \
		return ipv6 ? outer6 : outer4;

/* Bytes that the method puts in front of a packet. */
static __always_inline u32 method_outer(u32 method, bool ipv6)
{
	switch (method) {
		METHODS(METHOD_OUTER)
	default:
		return 0;
	}
}

#define METHOD_REWRITE(name, function, mode, method, routes, outer4, outer6)                       \
	case METHOD_##name:                                                                        \
		return function(pkt, real, way);

/* Make the frame that goes to the real server. Returns R_FORWARDED, or why it could not be made. */
static __always_inline s32 rewrite(struct packet *pkt, const struct real *real,
				   const struct way *way)
{
	switch (real->method) {
		METHODS(METHOD_REWRITE)
	default:
		return R_INCOMPLETE;
	}
}

#endif
