/* SPDX-License-Identifier: GPL-2.0-only */
/* The part of abi.h that is about who gets a new flow: what is known of services, tables, response times, probes. */
#ifndef DSRLB_ABI_CHOICE_H
#define DSRLB_ABI_CHOICE_H

#define SCHEDULE_ATTEMPTS 16
#define SEARCHED_AT_ONCE 256
#define MOST_SCANNED 256 /* reals of a service whose algorithm compares them all */
/*
 * So many before the program goes on by a tail call of itself: the verifier walks each of them. All of them twice are
 * eight of the 33 that may follow each other; the longest way has 19 others, eleven of them for ports (allocate.h), and
 * three more while flows move (front.c).
 */
#define SCANNED_AT_ONCE 64

/* Response times, in ticks: how long one counts, and how often a flow is sent to see one. */
#define RESPONSE_STALE 75
#define RESPONSE_TRY 8
#define RESPONSE_SHIFT 4 /* they are kept in units of 16 ns */
#define TIMINGS 65536	 /* answers waited for at once; a power of two */
#define FIRST_PROBE_PORT 61000
#define MAX_PROBE_FLOWS 65536
#define KNOWN_SERVICES 64 /* remembered by each CPU: by the upper six bits of a hash */

/*
 * What look-ups of a VIP and a port on it found, of each CPU. It holds for one epoch of services, which
 * ends ahead of each change of `vips` and `services`. During a change the epoch's number is odd.
 */
struct known_service {
	struct address vip;
	u32 port_be; /* and the protocol, 16-31 */
	u32 service;
	u64 links; /* of the VIP */
	u64 epoch;
	u64 reserved[3];
};

/* Real servers (by index) in the order in which flows get them. */
struct table_line {
	u16 real[TABLE_LINE];
};

/*
 * How fast a real server answers. `measured`: bits 0-31 the tick of the last measurement, 32-63 the
 * smoothed time in units of 16 ns, at least 1; 0: none. `tried`: the tick at which a flow was sent there
 * for one.
 */
struct response {
	u64 measured;
	u64 tried;
};

/* A flow whose answer is waited for: entry | version << 32 | IPv6 << 48, and when it began. */
struct timing {
	u64 flow;
	u64 ns;
};

/* What a probe to a real server becomes; no source: there is none from here. */
struct probe_target {
	struct address vip;
	struct address source;
	u16 port; /* of the service, that the real server's own stands for; probes of others keep theirs. 0: all */
	u16 reserved[3];
};

/* A probe as it comes, or its answer, and what it is translated into. */
struct probe_key {
	struct address source;
	struct address destination;
	u16 source_port_be;
	u16 destination_port_be;
	u8 proto;
	u8 answer;
	u16 reserved;
};

struct probe_flow {
	struct address source;
	struct address destination;
	u16 source_port_be;
	u16 destination_port_be;
	u32 real;
	u64 sent;	 /* its first packet, in ns; 0: it is answered */
	u64 used;	 /* tick of the last answer, or of the first packet */
	u32 sequence_be; /* of the SYN */
	u32 reserved;
};

#endif
