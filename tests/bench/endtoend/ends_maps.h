/* SPDX-License-Identifier: GPL-2.0-only */
/* What ends.c is told, what it counts, and what it keeps of each connection. */
#ifndef DSRLB_BENCH_ENDS_MAPS_H
#define DSRLB_BENCH_ENDS_MAPS_H

#include "../../../ebpf/checksum.h"

#define ENDS_REALS 10
#define ENDS_CONNECTIONS 65536
#define ENDS_CLOSING 32768 /* from this number on connections end after a request */
#define ENDS_PORT 80
#define ENDS_FIRST_PORT 16384 /* of clients; as many ports of each address */
#define ENDS_LATENCIES 65536
#define ENDS_LATENCY_SHIFT 6 /* 64 ns each */
#define ENDS_TRIES 8	     /* to find a connection on which nothing is under way */
#define REPEAT_NS 200000000  /* a request without a response is sent again */

#define PUSH 0x08
#define CLOSE 'c'

/* How a request reaches a real server. */
enum ends_arrival {
	ARRIVES_VIP,	/* to the VIP: l2dsr */
	ARRIVES_DSCP,	/* to the real server, with the VIP's code */
	ARRIVES_TUNNEL, /* to the VIP, in IP to the real server */
	ARRIVES_REAL,	/* to the real server, from the client */
	ARRIVES_OTHER,	/* to the real server, from sources of the balancer */
};

enum ends_goal {
	GOAL_STOP,	  /* no new requests */
	GOAL_ESTABLISH,	  /* each connection once, a request each */
	GOAL_REQUESTS,	  /* over established connections */
	GOAL_CONNECTIONS, /* from SYN to the last ACK */
	GOAL_TIMED,	  /* requests that ends_kick alone sends */
	GOAL_SETTLE,	  /* acknowledge what came last, lest HAProxy's kernel repeat it */
};

enum ends_state {
	STATE_CLOSED,
	STATE_SYN,
	STATE_IDLE,
	STATE_REQUEST,
	STATE_FIN,
};

struct ends_setting {
	u32 vip_be; /* 0: clients send to the real servers themselves */
	u32 arrival;
	u32 dscp;
	u32 through;   /* 1: replies go through the balancer */
	u32 source_be; /* ARRIVES_OTHER: the first of the sources, and how many there are */
	u32 sources;
	u32 client_be;	  /* the first client's address */
	u32 real_be;	  /* the first real server's address */
	u64 balancer_mac; /* the first six bytes, as they stand in memory */
	u64 client_mac;
	u64 real_mac; /* the first real server's; the last byte counts */
};

struct ends_run {
	u32 goal;
	u32 first; /* the connections that take part: number, and how many (a power of two) */
	u32 count;
	u32 cursor;
	u64 interval; /* of ends_kick, from one frame to the next, ns; 0: it sends at every run */
	u64 due;      /* when the next one is due; 0: now, and it is the first */
	u64 since; /* when ends_kick ran for the first and the last time, where there is an interval */
	u64 until;
};

struct ends_counts {
	u64 reals[16];	/* segments, by real server */
	u64 replies;	/* segments that came to clients through the balancer */
	u64 wrong;	/* segments that are not as they must be */
	u64 unexpected; /* segments that fit no connection: repeated ones */
	u64 resets;
	u64 sent; /* requests */
	u64 done;
	u64 opened; /* connections begun, and ended */
	u64 closed;
	u64 late; /* GOAL_TIMED: nothing was sent, since requests were under way on all that were tried */
};

struct ends_connection {
	u64 sent;     /* when, ns */
	u32 sequence; /* of the next segment */
	u32 acknowledged;
	u32 state;
	u32 reserved;
};

/* A segment, or what is known of one; numbers in host order. */
struct segment {
	u64 stamp; /* payload: when the request was sent, ns, and whether it ends the connection */
	u32 source_be;
	u32 destination_be;
	u16 source_port;
	u16 destination_port;
	u32 sequence;
	u32 acknowledged;
	u16 flags;
	u16 length; /* of the payload: 0 or 10 */
	u16 close;
	u16 reserved;
};

#define PAYLOAD 10 /* a stamp, and whether the connection ends */
#define SHORT_FRAME                                                                                \
	(sizeof(struct eth_header) + sizeof(struct ipv4_header) + sizeof(struct tcp_header))

BPF_F_TABLE("array", u32, struct ends_setting, ends_setting, 1, BPF_F_MMAPABLE);
BPF_F_TABLE("array", u32, struct ends_run, ends_run, 1, BPF_F_MMAPABLE);
BPF_F_TABLE("array", u32, struct ends_counts, ends_counts, 1, BPF_F_MMAPABLE);
BPF_F_TABLE("array", u32, u64, ends_latency, ENDS_LATENCIES, BPF_F_MMAPABLE);
BPF_TABLE("array", u32, struct ends_connection, ends_connections, ENDS_CONNECTIONS);

struct ends {
	struct ends_setting *setting;
	struct ends_run *run;
	struct ends_counts *counts;
	u64 now;
};

static __always_inline bool ends_find(struct ends *ends)
{
	u32 zero = 0;

	ends->setting = ends_setting.lookup(&zero);
	ends->run = ends_run.lookup(&zero);
	ends->counts = ends_counts.lookup(&zero);
	ends->now = bpf_ktime_get_ns();
	return ends->setting && ends->run && ends->counts;
}

#endif
