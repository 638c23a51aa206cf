/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the fast path and its user share: limits, structs, reasons.
 *
 * This header is the truth about layouts. The control plane reads them out of the compiled
 * program (bcc's key and leaf descriptions), and the REASON lines out of this text.
 * Fields named _be are in network byte order; everything else in host order.
 */
#ifndef DSRLB_ABI_H
#define DSRLB_ABI_H

/* Part of every map's fingerprint: raise it when a field changes its meaning and not its place. */
#define ABI_VERSION 2

/* Limits. MAX_LINKS and MAX_REASONS are powers of two: they form array indices. */
#define MAX_LINKS 64	/* interfaces of one instance; number 0 means "not ours" */
#define LINK_SLOTS 4096 /* links[] is indexed by ifindex modulo this */
#define MAX_REASONS 32
#define MAX_VIPS 4096
#define MAX_SERVICE_KEYS 65536
#define MAX_SERVICES 4096   /* service ids: one per [[service]] and address family */
#define MAX_RECORDS 16384   /* immutable service records, recycled by the control plane */
#define MAX_MEMBERS 1048576 /* entries of all schedules together */
#define MAX_REALS 65536	    /* one per service and real address; index 0 is never used */
#ifndef MAX_FLOWS
#define MAX_FLOWS 1000000 /* per family; the loader creates the tables in the configured size */
#endif
#define NAME_SIZE 64
#define INTEREST_WORDS 1024 /* 65,536 bits: 8 KiB, stays in the L1 cache */

#define MAX_VLAN_TAGS 2
#define MAX_EXTENSION_HEADERS 6
#define MAX_ND_BYTES 128
#define SCHEDULE_ATTEMPTS 8

/* One clock tick is 2^27 ns (134 ms): cheap to compute, and a u32 of them lasts 18 years. */
#define TICK_SHIFT 27
#define TICKS_PER_TOUCH 8 /* a flow's expiry is written at most once in about a second */

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
	REASON(MARTIAN, "martian", DROP, "source equal to destination")                            \
	REASON(FRAGMENT, "fragment", DROP, "a fragment to a VIP")                                  \
	REASON(EXTENSION_DEPTH, "extension-depth", DROP, "more than 6 IPv6 extension headers")     \
	REASON(BAD_FLAGS, "bad-flags", DROP, "TCP flags that no connection has")                   \
	REASON(ICMP_ERROR, "icmp-error", DROP, "an ICMP error to a VIP")                           \
	REASON(NO_SERVICE, "no-service", DROP, "to a VIP, but to no service on it")                \
	REASON(NO_FLOW, "no-flow", DROP, "TCP segment of no known flow")                           \
	REASON(NO_REAL, "no-real", DROP, "the service has no usable real server")                  \
	REASON(UNRESOLVED, "unresolved", DROP, "the flow's real server has no MAC address yet")    \
	REASON(MTU_EXCEEDED, "mtu-exceeded", DROP, "larger than the egress interface's MTU")       \
	REASON(NO_EGRESS, "no-egress", DROP, "the interface to the real server is gone")

#define REASON_ENUM(name, text, action, description) R_##name,
enum reason { REASONS(REASON_ENUM) R_COUNT };

/* A stage that has nothing to say lets the next one go on. */
#define R_CONTINUE (-1)

/* IPv4 addresses stand in the last word, as ::ffff:a.b.c.d (RFC 4291, 2.5.5.2). */
struct address {
	u32 word_be[4];
};

struct settings {
	u32 announce; /* answer ARP and ND for VIPs */
	u32 reserved;
};

/* An interface that the program is attached to, by ifindex. */
struct link {
	u8 mac[6];
	u16 number; /* 1..MAX_LINKS-1: bit in vip.links, row in counters[], slot in egress[] */
};

struct interest {
	u64 word[INTEREST_WORDS];
};

struct vip {
	u64 links;	/* bit n: answered and served on link number n */
	u32 tcp_blocks; /* bit n: some service key covers an aligned block of 2^n ports */
	u32 udp_blocks;
};

/* Ports are matched by aligned blocks of 2^block ports, smallest first: exact, range, any. */
struct service_key {
	struct address vip;
	u16 port; /* first port of the block, host order */
	u8 proto;
	u8 block;
};

/* Immutable once a slot names it; slot value = revision << 32 | record index, 0 = no service. */
struct service_record {
	u32 first; /* in members[] */
	u32 count;
	u32 revision;
	u16 algorithm;
	u16 mode;
	u64 links;
	u32 on_unknown; /* 0 drop, 1 schedule */
	u32 reserved;
};

#define REAL_USABLE 1	/* may be given new flows */
#define REAL_RESOLVED 2 /* has a MAC address */
#define REAL_PRESENT 4	/* configured; without it the index is free */
#define REAL_AWAY 8	/* does not answer: flows that another real can go on with leave it */

/*
 * The first two 8-byte groups are written by one store each and read by one load each. The first is
 * where a frame goes: a packet meets the old MAC and link or the new ones. The second belongs to the
 * link and follows right behind: while a real moves to another interface, a packet may carry the
 * source MAC, and be measured by the MTU, of the other one.
 */
struct real {
	u8 mac[6];
	u16 link;
	u8 source_mac[6];
	u16 mtu;
	u32 ifindex;
	u32 flags;
	u32 generation; /* changes when the index is given to another real */
	u32 service;
	u32 idle_ticks;
	u32 closing_ticks;
	u32 pending_ticks;
	u32 weight;
	struct address address;
};

struct service_name {
	char name[NAME_SIZE];
};

struct traffic {
	u64 packets;
	u64 bytes;
	u64 flows;
};

struct flow4_key {
	u32 source_be;
	u32 destination_be;
	u16 source_port_be;
	u16 destination_port_be;
	u8 proto;
	u8 pad[3];
};

struct flow6_key {
	struct address source;
	struct address destination;
	u16 source_port_be;
	u16 destination_port_be;
	u8 proto;
	u8 pad[3];
};

enum flow_state {
	FLOW_PENDING = 1, /* SYN seen, or one UDP packet */
	FLOW_OPEN,
	FLOW_CLOSING, /* FIN from the client */
	FLOW_RESET,   /* RST from the client; a later segment opens it again */
};

struct flow {
	u32 real;
	u32 generation; /* real.generation when the flow was made */
	u32 expires;	/* tick */
	u8 state;
	u8 pad[3];
};

#endif
