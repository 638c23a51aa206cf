/* SPDX-License-Identifier: GPL-2.0-only */
/* The part of abi.h that is about flow tables: entries, sets, what happens to them, the reaper. */
#ifndef DSRLB_ABI_FLOW_H
#define DSRLB_ABI_FLOW_H

/*
 * Flows of a real server, changed by whoever changes the flow: right at any moment. Limits are the
 * control plane's; 0 means none. One cache line each, because every CPU writes them.
 */
struct load {
	u64 open;    /* FLOW_UDP, FLOW_OPEN, FLOW_DATA */
	u64 pending; /* FLOW_PENDING, FLOW_UNVERIFIED */
	u64 full;    /* has reached max_open, and not yet come down to max_open_low */
	u32 max_open;
	u32 max_open_low;
	u64 reserved[4];
};

struct flow4_key {
	u32 source_be;
	u32 destination_be;
	u16 source_port_be;
	u16 destination_port_be;
	u8 proto;
	u8 reserved[3];
};

struct flow6_key {
	struct address source;
	struct address destination;
	u16 source_port_be;
	u16 destination_port_be;
	u8 proto;
	u8 reserved[3];
};

/* In the order in which flows give way to others when there is no room. */
enum flow_state {
	FLOW_EMPTY,
	FLOW_RESET,	 /* RST from the client; a later segment opens it again */
	FLOW_CLOSING,	 /* FIN from the client */
	FLOW_PENDING,	 /* SYN seen, or one UDP packet */
	FLOW_UNVERIFIED, /* one TCP segment of a connection whose SYN was not seen */
	FLOW_UDP,	 /* more than one UDP packet */
	FLOW_SOURCE,	 /* not a flow: the real server of a source (persistence) */
	FLOW_OPEN,	 /* handshake complete */
	FLOW_DATA,	 /* has carried data */
	FLOW_BUSY = 15,	 /* being written by a CPU */
};

/*
 * meta: what one 8-byte compare-and-swap changes.
 *   bits 0-3 state, 4-6 number of the probe that found the set, 7 the reverse half of a pair,
 *   8-15 tag (bits of the key's hash), 16-31 version, 32-63 tick at which the flow expires
 *
 * value of a flow: bits 0-15 real, 16-31 the real's generation (low bits), 32-47 the source port that
 * it has behind the balancer (host order), 48-63 its source address there (in pools[]); both 0 where
 * the source is kept.
 * value of a reverse half: bits 0-31 the forward half's entry (set * SET_FLOWS + place), 32-47 its
 * version, 48-62 the last hop (in last_hops[]), 63 of a pending flow: the real server has answered. A source's key has protocol 0 and the persistence group as its
 * destination.
 */
struct flow4 {
	struct flow4_key key;
	u64 value;
};

struct flow6 {
	struct flow6_key key;
	u64 value;
	u64 reserved;
};

struct flow_set4 { /* two cache lines */
	u64 meta[SET_FLOWS];
	struct flow4 flow[SET_FLOWS];
};

struct flow_set6 { /* four */
	u64 meta[SET_FLOWS];
	struct flow6 flow[SET_FLOWS];
};

/*
 * The exact-match cache: what a CPU found for keys of late, flows that are open (flow_cache.h). Good before
 * the tick `due`, and as long as flow_changes[] has `changes` for the entry, which is the forward half's.
 */
struct cached {
	u64 value; /* of the forward half */
	u64 changes;
	u32 due;
	u32 entry;
	u32 hash; /* of the key */
	u16 hop;
	u8 state;
	u8 reverse;
};

/* `forward`: the client's key, where the key is that of replies. Words as in flow_key.h. */
struct cached4 {
	struct cached copy;
	u64 key[2];
	u64 forward[2];
};

struct cached6 {
	struct cached copy;
	u64 key[5];
	u64 forward[5];
	u64 reserved[2];
};

struct cached_set4 { /* two cache lines */
	struct cached4 way[CACHE_WAYS];
};

struct cached_set6 { /* four */
	struct cached6 way[CACHE_WAYS];
};

/* How often an open flow ended, or gave way to another, by the forward half's entry modulo their number. */
struct flow_changes {
	u64 count[FLOW_CHANGES];
};

/*
 * What the control plane asks of the reaper: the "packet" of a BPF_PROG_TEST_RUN. The program
 * writes into `done` how many orders it carried out.
 */
enum reap_command {
	REAP_EXPIRED = 1, /* a: entry, b: version; only if it has expired by now, or is the reverse
			     half of no flow */
	REAP_DROP,	  /* a: entry, b: version */
	REAP_ADJUST,	  /* a: real, c: to add to its open flows, d: to its pending ones */
	REAP_MARK,	  /* a: set, b: spill bitmap */
	REAP_UNMARK,	  /* a: word, b: spill bitmap; the word becomes 0 */
	REAP_HOP,	  /* a: last hop, b: tick at which it was last taken; it becomes free */
	REAP_TRACE, /* a: word of a trace bitmap, b: which one, c, d: the halves of the bits to set */
	REAP_UNTRACE, /* a: word, b: trace bitmap; the word becomes 0 */
};

/* What it asks of the mover (mover.c), which is sent the same requests. */
enum move_command { MOVE_CARRY = 1, MOVE_FOLLOW, MOVE_BACK };

/* Where the program in front goes on while flows move into other tables (front.c): the places in onward[]. */
enum onward {
	ONWARD_FORMER, /* the first program that has the former tables */
	ONWARD_FIRST,  /* ... and the one that has the new ones */
	ONWARD_FETCH,
	ONWARD_MOVER, /* mover.c, for its next order */
	ONWARD_COUNT
};

#define MOVE_ORDERS 32 /* in one request: so many tail calls may follow each other */

#define REAP_ORDERS 192 /* in one request at most: it must fit into a page */
#define REAP_AT_ONCE                                                                               \
	12 /* before the reaper goes on by a tail call: the verifier walks each of them */

struct reap_order {
	u32 a;
	u32 b;
	u32 c;
	u32 d;
};

struct reap_request {
	u32 command;
	u16 ipv6; /* which family's table */
	u16 at;	  /* the reaper's next order; 0 to begin with */
	u32 count;
	u32 done;
	struct reap_order order[REAP_ORDERS];
};

/* The tables' numbers in flow_counters[] and pressure[]; bit 0 is the family, bit 1 pending. */
enum flow_table { TABLE_FLOWS4, TABLE_FLOWS6, TABLE_PENDING4, TABLE_PENDING6, TABLE_COUNT };

/* FLOW_EVENT(name, text, description): what happened to entries, by table. */
#define FLOW_EVENTS(FLOW_EVENT)                                                                    \
	FLOW_EVENT(MADE, "made", "entries made")                                                   \
	FLOW_EVENT(PROMOTED, "promoted", "moved here from the pending table")                      \
	FLOW_EVENT(EXPIRED, "expired", "removed or overwritten after their timeout")               \
	FLOW_EVENT(DROPPED, "dropped", "removed by `dsrlb flows drop`")                            \
	FLOW_EVENT(SUPERSEDED, "superseded", "removed because their ports were used again")        \
	FLOW_EVENT(LOST_CLOSING, "replaced-closing", "closing, and gave way to another")           \
	FLOW_EVENT(LOST_PENDING, "replaced-pending", "pending or unverified, and gave way")        \
	FLOW_EVENT(LOST_UDP, "replaced-udp", "UDP, and gave way")                                  \
	FLOW_EVENT(LOST_SOURCE, "replaced-source", "persistence of a source, and gave way")        \
	FLOW_EVENT(LOST_IDLE, "replaced-no-data", "open without data, and gave way")               \
	FLOW_EVENT(LOST_DATA, "replaced-open", "open with data, and gave way")                     \
	FLOW_EVENT(UNRECORDED, "unrecorded", "scheduled by hash, as the table was at its rating")  \
	FLOW_EVENT(RACED, "raced", "begun again because another CPU was faster")

#define FLOW_EVENT_ENUM(name, text, description) EVENT_##name,
enum flow_event { FLOW_EVENTS(FLOW_EVENT_ENUM) EVENT_COUNT };
#define MAX_FLOW_EVENTS 16

#endif
