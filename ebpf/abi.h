/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the fast path and its user share: limits, structs; reasons in abi_reasons.h.
 *
 * This header is the truth about layouts. The control plane reads them out of the compiled
 * program (bcc's key and leaf descriptions).
 * Fields named _be are in network byte order; everything else in host order.
 */
#ifndef DSRLB_ABI_H
#define DSRLB_ABI_H

/*
 * What the programs of a release tell each other by tail calls and scratch[]: raise it with every release in which a
 * program that is running could not go on in one of the new ones. Maps that are made anew then (dataplane/mapnames.py)
 * have it in their fingerprints, all others MAP_VERSION. Where what is in a map changes its meaning and not its place,
 * it gets a version of its own: #define MAP_VERSION_NAME, with the ABI_VERSION of that release.
 *
 * Flow tables may get another layout: flows of the release before are moved into them, each field into the one of the
 * same name, whatever its place and width (dataplane/converting.py). So a field that means something else gets another
 * name; one that cannot be 0 in flows of before, another version of its map. How keys are hashed, and which bits of
 * `value` mean what, is such a meaning, too.
 */
#define ABI_VERSION 9
#define MAP_VERSION 8

/* Limits. MAX_LINKS and MAX_REASONS are powers of two: they form array indices. */
#define MAX_LINKS 64	/* interfaces of one instance; number 0 means "not ours" */
#define LINK_SLOTS 4096 /* links[] is indexed by ifindex modulo this */
#define MAX_REASONS 64
#define MAX_VIPS 4096
#define MAX_SERVICE_KEYS 65536
#define MAX_SERVICES 4096  /* service ids: one per [[service]] and address family */
#define MAX_RECORDS 16384  /* immutable service records, recycled by the control plane */
#define MAX_MEMBERS 262144 /* real servers of all services together, those that may have flows */
#define MAX_TABLE_LINES 524288 /* of TABLE_LINE entries, of all services' tables together */
#define TABLE_LINE 32	       /* a power of two */
#define MAX_REALS 65536	       /* one per service and real address; index 0 is never used */
#define MAX_SOURCES 65536      /* prefixes in all allow and deny lists together */
#define MAX_SOURCE_LISTS 4096
#define MAX_HOMES 65536		 /* reals of services that share a persistence group */
#define MAX_SOURCE_RATES 65536	 /* clients whose rate of new flows is remembered */
#define MAX_PATHS 16384		 /* addresses of real servers that are routed to; 0 is never used */
#define MAX_POOL_ADDRESSES 65536 /* of all SNAT pools; 0 is never used */
#define MAX_LAST_HOPS 32768	 /* neighbours that replies go back to; 0 is never used */
#define FRAGMENT_SETS 4096	 /* powers of two */
#define FRAGMENT_SET_SIZE 16
#define FRAGMENT_SOURCE_SETS 16 /* that one source's fragments are in */
#define ERROR_BUCKETS 8192	/* of ICMP error rates; a power of two */
#define NAME_SIZE 64
#define INTEREST_WORDS 1024 /* 65,536 bits: 8 KiB, stays in the L1 cache */

#define PATH_HOPS 8 /* a power of two */
#define MAX_EXTENSION_HEADERS 6
#define MAX_ND_BYTES 128

/* Flow tables: sets of SET_FLOWS entries; a flow stands in one of the first SET_PROBES sets of its
 * own order. The loader creates the tables, and traces[], as large as is configured. */
#define FLOW_SETS 512
#define TRACE_WORDS 512
#define SET_FLOWS 4
#define SET_PROBES 8
#define INSERT_STRIPES 4096 /* inserts of keys of one stripe are told apart; a power of two */
#define INSERT_ATTEMPTS 3
#define CACHE_SETS4 16384 /* of a CPU's exact-match cache; powers of two */
#define CACHE_SETS6 8192
#define CACHE_WAYS 2
#define CACHE_CPUS 64	       /* CPUs above have none */
#define FLOW_CHANGES 4096      /* a power of two */
#define MAX_SPILL_WORDS 163840 /* bits for 10 M sets, of one family */
#define HASH_WORDS 10	       /* 32-bit words of the largest key */

/* One clock tick is 2^27 ns (134 ms): cheap to compute, and a u32 of them lasts 18 years. */
#define TICK_SHIFT 27
#define TICKS_PER_TOUCH 8 /* a flow's expiry is written at most once in about a second */

/* A stage that has nothing to say lets the next one go on. */
#define R_CONTINUE (-1)
/* STAGE_SCAN has a word to say first. */
#define R_SCAN (-2)
/* The flow, or its source, is to be recorded (once more, when another CPU was faster). */
#define R_RECORD (-3)

/* Programs that others go on to by a tail call: the places in stages[]. */
enum stage {
	STAGE_GENERAL,	 /* packets that are not plain */
	STAGE_NEW_PLAIN, /* plain packets that no open flow took */
	STAGE_UNKNOWN,	 /* ... and others, and those that ask for more */
	STAGE_DELIVER,	 /* to a real server that another stage found */
	STAGE_FRAGMENT,	 /* all but the first one of a packet */
	STAGE_ICMP,	 /* ICMP errors, to a VIP or about a tunnel */
	STAGE_REFUSE,	 /* ICMP errors of our own */
	STAGE_SCAN,	 /* an algorithm that compares all real servers */
	STAGE_PROBED,	 /* answers to probes */
	/* From here on: loaded where replies come back (dataplane/loader.py). */
	STAGE_ALLOCATE,	 /* a port of the pool for a new flow */
	STAGE_PAIR,	 /* both halves of a flow whose replies come back */
	STAGE_SOURCE,	 /* the entry of such a flow's source */
	STAGE_REPLY,	 /* what real servers send */
	STAGE_TRANSLATE, /* ICMP errors about packets that were translated */
	STAGE_OUTBOUND,	 /* connections that real servers open */
	STAGE_COUNT
};

/*
 * Key of a look-up that stands on the stack. The verifier tells states apart by 8 bytes of stack: with
 * another variable in the other half it would walk everything behind once for each of its values.
 */
typedef u32 lookup_key __attribute__((aligned(8)));

/* IPv4 addresses stand in the last word, as ::ffff:a.b.c.d (RFC 4291, 2.5.5.2). */
struct address {
	u32 word_be[4];
};

struct settings {
	u32 announce;	   /* answer ARP and ND for VIPs */
	u32 tunnels;	   /* there are real servers behind tunnels */
	u32 replies;	   /* there are services whose replies come back */
	u32 probe_ifindex; /* where answers to probes go; 0: nobody probes */
	u64 choice_seed;   /* choice_hash.h */
	u64 choice_seed4;  /* ... with the words mixed in that all IPv4 addresses begin with */
	u8 probe_mac[6];   /* who probes */
	u8 reserved[2];
};

/*
 * Written once, when the tables are made; only which bitmaps are in use changes. The tick of a moment is (jiffies *
 * jiffy_ns + jiffies_behind) >> TICK_SHIFT: that of CLOCK_MONOTONIC, by which user space goes.
 */
struct flow_settings {
	u64 jiffy_ns;
	u64 jiffies_behind; /* CLOCK_MONOTONIC, less what jiffies say, in ns */
	u32 flow_sets;	    /* the first ones of flows4 and of flows6: the main table */
	u32 pending_sets;   /* those behind them: the pending table */
	u32 spill_active;   /* which of the two spill bitmaps look-ups go by */
	u32 capacity;	    /* flows per family that the tables are rated for */
	u32 trace_words;    /* of one bitmap in traces[] */
	u32 trace_active;   /* which of the two look-ups go by */
	u32 trace_filling;  /* the other one is being made: inserts mark both */
	u32 reserved;
	u64 secret[HASH_WORDS + 1]; /* the hash function of this start */
};

/* interest: of VIPs and pool addresses as destinations; answers: of who answers, as sources (interest.h). */
struct interest {
	u64 word[INTEREST_WORDS];
};

/* A VIP, or an address of a pool: that has no blocks. */
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

#define UNKNOWN_DROP 0 /* service_record.on_unknown */
#define UNKNOWN_SCHEDULE 1
#define UNKNOWN_RESET 2

#define SERVICE_ONE_PACKET 1  /* UDP: every packet is a flow of its own */
#define SERVICE_ALLOW_ONLY 2  /* who is on no list may not use it */
#define SERVICE_TOA 4	      /* real servers are told the client's address: toa.h */
#define SERVICE_HASH_SOURCE 8 /* hash, maglev: the source's address alone decides */
#define SERVICE_PASS_EMPTY 16 /* without real servers the kernel has what is of no flow */

/*
 * Immutable once a slot names it; slot value = revision << 32 | record index, 0 = no service.
 *
 * Rates are those of a generic cell rate algorithm (ITU-T I.371, "virtual scheduling"): one new flow
 * per `interval` ns, and up to `burst` ns ahead of that. An interval of 0 means no limit.
 */
struct service_record {
	u32 first; /* in members[] */
	u32 count;
	u32 revision;
	u16 algorithm; /* algorithms.h */
	u16 method;    /* methods.h */
	u64 links;
	u32 on_unknown;
	u32 flags;
	u32 source_list; /* in sources[]; 0: everybody may use it */
	u32 persistence_group;
	u32 persistence_ticks; /* 0: off */
	u32 pool_first;	       /* in pools[] */
	u16 pool_count;
	u16 mss_clamp;	 /* 0: off */
	u32 table_first; /* in tables[], a line */
	u32 table_count; /* entries; 0: there is no table */
	u32 table_rule;	 /* by which the control plane made it */
	u64 service_interval;
	u64 service_burst;
	u64 source_interval;
	u64 source_burst;
};

/* Allow and deny lists: the longest prefix decides. IPv4 prefixes count from bit 96. */
struct source_key {
	u32 prefix; /* 32 (the list) + bits of the address */
	u32 list;
	struct address address;
};

#define SOURCE_DENIED 1 /* values of sources[] */
#define SOURCE_ALLOWED 2

/* Whose new flows are counted: an IPv4 address, or an IPv6 network of 64 bits. */
struct source_rate_key {
	u32 service;
	u32 reserved;
	struct address address;
};

/* The same real server in another service of the persistence group. */
struct home_key {
	u32 service;
	struct address address;
};

#define REAL_USABLE 1	  /* may be given new flows */
#define REAL_RESOLVED 2	  /* has a MAC address */
#define REAL_PRESENT 4	  /* configured; without it the index is free */
#define REAL_AWAY 8	  /* does not answer: flows that another real can go on with leave it */
#define REAL_STICKY 16	  /* its service has persistence */
#define REAL_IPV6 32	  /* its address is an IPv6 one */
#define REAL_HOPS 64	  /* its path has several next hops */
#define REAL_OUTBOUND 128 /* stands for the connections that a real server opens itself */
#define REAL_TIMED 256	  /* how long it takes to answer decides */
#define REAL_LEAVE 512	  /* is down: all of its flows leave it */
#define REAL_RESET 1024	  /* is down: open TCP flows are reset, the others leave it */
#define REAL_DOWN 2048	  /* was found down: the control plane's, nothing to the program */
#define REAL_CLOSED (REAL_LEAVE | REAL_RESET) /* no client's packet goes there */

/* Aligned for groups of 8 bytes: of what is not, LLVM loads halves, and both may not be of one moment. */
#define GROUPS __attribute__((aligned(8)))

/*
 * The first two 8-byte groups are written by one store each and read by one load each. The first is
 * where a frame goes: a packet meets the old MAC and link or the new ones. The second belongs to the
 * link and follows right behind, and so does the tag: while a real moves to another interface or
 * VLAN, a packet may carry the source MAC or the tag, and be measured by the MTU, of the other one.
 */
struct real {
	u8 mac[6];
	u16 link;
	u8 source_mac[6];
	u16 mtu;
	u16 vlan; /* of the next hop, where the method routes; 0: untagged */
	u16 port; /* gue: of the tunnel; where replies come back: the real server's, 0: kept */
	u32 flags;
	u32 generation; /* changes when the index is given to another real */
	u16 service;
	u16 path; /* where the method routes */
	u32 idle_ticks;
	u32 closing_ticks;
	u32 pending_ticks;
	u16 weight;
	u8 method; /* methods.h */
	u8 dscp;
	struct address address;
} GROUPS;

/*
 * Where the first fragment of a packet went. `check`: a keyed hash of addresses, id and protocol.
 * A request's `value` is as a flow's: real and generation, `rest` the flow's hash and (32-63) what the
 * flow's value has for the mode. A reply's is the forward half's entry, and bits 0-31 of `rest` its
 * version and the last hop, as in a reverse half's value. Bits 32-63 of `value`: tick at which it expires.
 */
struct fragment {
	u64 check; /* 0: nothing, 1: being written; bit 1: of a reply */
	u64 value;
	u64 rest;
};

/* A source's fragments are in a few sets: it can push out none but those few that share them. */
struct fragment_set {
	struct fragment fragment[FRAGMENT_SET_SIZE];
};

struct service_name {
	char name[NAME_SIZE];
};

/* To a real server or of a service; replies where they come back. */
struct traffic {
	u64 packets;
	u64 bytes;
	u64 flows;
	u64 reply_packets;
	u64 reply_bytes;
	u64 exhausted; /* new flows that the pool had no port for */
};

#include "abi_choice.h"
#include "abi_flow.h"
#include "abi_reasons.h"
#include "abi_way.h"

#endif
