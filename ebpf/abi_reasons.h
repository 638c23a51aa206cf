/* SPDX-License-Identifier: GPL-2.0-only */
/* Why packets leave the program, as its user is told: the control plane reads the REASON lines. */
#ifndef DSRLB_ABI_REASONS_H
#define DSRLB_ABI_REASONS_H

/*
 * REASON(name, text, action, description): why a packet left the program the way it did. Exactly
 * one is counted per packet. The order is the ABI of the counters map.
 */
#define REASONS(REASON)                                                                            \
	REASON(PASS, "pass", PASS, "for no VIP: left to the kernel untouched")                     \
	REASON(OTHER_HOST, "other-host", PASS, "to a VIP, but to another station's MAC")           \
	REASON(VIP_CONFLICT, "vip-conflict", PASS, "another station claims a VIP by ARP or ND")    \
	REASON(FORWARDED, "forwarded", FORWARD, "sent to a real server")                           \
	REASON(ANSWERED_ARP, "answered-arp", ANSWER, "ARP request for a VIP answered")             \
	REASON(ANSWERED_ND, "answered-nd", ANSWER, "neighbour solicitation for a VIP answered")    \
	REASON(ANSWERED_ECHO, "answered-echo", ANSWER, "ICMP echo to a VIP answered")              \
	REASON(MALFORMED, "malformed", DROP, "a header that lies about its length or version")     \
	REASON(MARTIAN, "martian", DROP, "source equal to destination, or no station's")           \
	REASON(FRAGMENT, "fragment", DROP,                                                         \
	       "a fragment of ICMP, or one that could overwrite a TCP header")                     \
	REASON(EXTENSION_DEPTH, "extension-depth", DROP, "more than 6 IPv6 extension headers")     \
	REASON(BAD_FLAGS, "bad-flags", DROP, "TCP flags that no connection has")                   \
	REASON(ICMP_ERROR, "icmp-error", DROP, "an ICMP error about no known flow")                \
	REASON(NO_SERVICE, "no-service", DROP, "to a VIP, but to no service on it")                \
	REASON(NO_FLOW, "no-flow", DROP, "TCP segment of no known flow")                           \
	REASON(NO_REAL, "no-real", DROP, "the service has no usable real server")                  \
	REASON(UNRESOLVED, "unresolved", DROP, "the flow's real server has no MAC address yet")    \
	REASON(MTU_EXCEEDED, "mtu-exceeded", DROP, "larger than the next hop's MTU")               \
	REASON(NO_EGRESS, "no-egress", DROP, "the interface to the real server is gone")           \
	REASON(ANSWERED_RESET, "answered-reset", ANSWER, "TCP segment of no known flow reset")     \
	REASON(DENIED, "denied", DROP, "a new flow from a source that may not use the service")    \
	REASON(SERVICE_RATE, "service-rate", DROP, "more new flows than the service takes")        \
	REASON(SOURCE_RATE, "source-rate", DROP, "more new flows than one source may make")        \
	REASON(REALS_FULL, "reals-full", DROP, "every usable real server has max_open flows")      \
	REASON(FLOW_BUSY, "flow-busy", DROP, "a new flow that could not be recorded just then")    \
	REASON(INCOMPLETE, "incomplete", DROP, "a stage of the program is not loaded")             \
	REASON(FRAGMENT_EARLY, "fragment-early", DROP, "a fragment whose first one did not come")  \
	REASON(ANSWERED_TOO_BIG, "answered-too-big", ANSWER,                                       \
	       "larger than the next hop's MTU: ICMP to the sender")                               \
	REASON(ANSWERED_TIME_EXCEEDED, "answered-time-exceeded", ANSWER,                           \
	       "TTL used up: ICMP to the sender")                                                  \
	REASON(TTL_EXCEEDED, "ttl-exceeded", DROP, "TTL used up")                                  \
	REASON(TUNNEL_ERROR, "tunnel-error", PASS,                                                 \
	       "an ICMP error about a packet in a tunnel to a real server")                        \
	REASON(NO_HEADROOM, "no-headroom", DROP, "the driver left no room for another header")     \
	REASON(FORWARDED_REPLY, "forwarded-reply", FORWARD, "a real server's reply, sent back")    \
	REASON(FORWARDED_OUTBOUND, "forwarded-outbound", FORWARD,                                  \
	       "of a connection that a real server opened, sent out")                              \
	REASON(OUTBOUND_KERNEL, "outbound-kernel", PASS,                                           \
	       "of such a connection, and left to the kernel to find its neighbour")               \
	REASON(POOL_EXHAUSTED, "pool-exhausted", DROP,                                             \
	       "a new flow, and no free port at the pool's addresses")                             \
	REASON(TUPLE_TAKEN, "tuple-taken", DROP,                                                   \
	       "a new flow whose replies could not be told from another's")                        \
	REASON(HAIRPIN, "hairpin", DROP,                                                           \
	       "a real server calls a VIP whose replies would go round the balancer")              \
	REASON(LAST_HOP, "last-hop", DROP,                                                         \
	       "a new flow without a way back: too many neighbours, or two tags")                  \
	REASON(BRIDGE_SAME_SIDE, "bridge-same-side", PASS,                                         \
	       "mode bridge: the client is on the real server's side")                             \
	REASON(BRIDGE_BLOCKED, "bridge-blocked", PASS, "mode bridge: a port is not forwarding")    \
	REASON(PROBE_ANSWER, "probe-answer", FORWARD, "a real server's answer to a probe of ours") \
	REASON(ANSWERED_DOWN, "answered-down", ANSWER,                                             \
	       "TCP segment of a flow whose real server is down: reset, and the flow removed")     \
	REASON(REAL_DOWN, "real-down", DROP,                                                       \
	       "of a flow whose real server is down, and no other could do anything with it")      \
	REASON(NO_REAL_PASSED, "no-real-passed", PASS,                                             \
	       "no usable real server, or the daemon is silent: the packet is the kernel's")       \
	REASON(SILENT, "silent", DROP, "of no flow, and the daemon is silent (fail_open)")         \
	REASON(PROBE_RETURNED, "probe-returned", DROP,                                             \
	       "a probe of ours that a real server without the VIP has sent on")

#define REASON_ENUM(name, text, action, description) R_##name,
enum reason { REASONS(REASON_ENUM) R_COUNT };

#endif
