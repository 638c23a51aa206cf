/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The mode table: how a packet reaches its real server. A method is a row here, and names the function
 * that makes its frames (rewrite.h). The control plane reads the rows out of this text.
 */
#ifndef DSRLB_METHODS_H
#define DSRLB_METHODS_H

#include "maps.h"

/*
 * METHOD(name, rewrite, mode, method, routes, outer4, outer6, replies, snat): which function of
 * rewrite.h makes the frame; its configuration keys;
 * whether the real server may be behind routers (the TTL is decremented, the frame leaves with the
 * next hop's tag); the bytes put in front of the packet when the real's address is an IPv4 or an IPv6
 * one; whether replies come back through here; whether requests get a source of the pool's.
 */
#define METHODS(METHOD)                                                                            \
	METHOD(L2DSR, l2dsr, "l2dsr", "", 0, 0, 0, 0, 0)                                           \
	METHOD(DSCP, address, "l3dsr", "dscp", 1, 0, 0, 0, 0)                                      \
	METHOD(IPIP, ipip, "l3dsr", "ipip", 1, 20, 40, 0, 0)                                       \
	METHOD(GUE, gue, "l3dsr", "gue", 1, 28, 48, 0, 0)                                          \
	METHOD(BRIDGE, address, "bridge", "", 0, 0, 0, 1, 0)                                       \
	METHOD(ROUTER, address, "router", "", 1, 0, 0, 1, 0)                                       \
	METHOD(ONE_ARM, address, "one-arm", "", 1, 0, 0, 1, 1)                                     \
	METHOD(NAT, address, "nat", "", 1, 0, 0, 1, 0)

#define METHOD_ENUM(name, rewrite, mode, method, routes, outer4, outer6, replies, snat)            \
	METHOD_##name,
enum method { METHOD_NONE, METHODS(METHOD_ENUM) METHOD_COUNT };

#define METHOD_ROUTES(name, rewrite, mode, method, routes, outer4, outer6, replies, snat)          \
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

#define METHOD_OUTER(name, rewrite, mode, method, routes, outer4, outer6, replies, snat)           \
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

#define METHOD_REPLIES(name, rewrite, mode, method, routes, outer4, outer6, replies, snat)         \
	case METHOD_##name:                                                                        \
		return replies;

/* Do the real servers' replies come back through here? Then a flow is a pair (flow_pair.h). */
static __always_inline bool method_replies(u32 method)
{
	switch (method) {
		METHODS(METHOD_REPLIES)
	default:
		return false;
	}
}

#define METHOD_SNAT(name, rewrite, mode, method, routes, outer4, outer6, replies, snat)            \
	case METHOD_##name:                                                                        \
		return snat;

/* Do requests get a source of the pool's? */
static __always_inline bool method_snat(u32 method)
{
	switch (method) {
		METHODS(METHOD_SNAT)
	default:
		return false;
	}
}

#endif
