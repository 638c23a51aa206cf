/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What packets without a flow need and the stack (512 bytes) has no room for: one per CPU, in use
 * while one packet is in the program. No pointers: the verifier keeps no types of what is in a map.
 */
#ifndef DSRLB_SCRATCH_H
#define DSRLB_SCRATCH_H

#include "flow_key.h"

/* What a survey of a key's sets found. */
struct survey {
	u64 meta; /* of the entry to take */
	u64 worth;
	u64 blocked; /* a CPU is writing what may be this key */
	u32 entry;
	u32 probe;
	u32 same; /* it has the key */
	u32 reserved;
};

/* What a look at all real servers of a service has found (scan.h). */
struct scan {
	u64 least;
	u64 weight;
	u32 place;  /* in the members, of the one to look at */
	u32 index;  /* of the real server that is best */
	u32 next;   /* the place behind it */
	u32 shows;  /* a flow shows how long its real server takes */
	u32 from;   /* the place where it began */
	u32 looked; /* at so many */
	u32 more;   /* yet to be looked at */
};

/* An entry that is to be written (flow_insert), and what for. */
struct recording {
	u64 value;
	u64 found; /* out: value of the entry that the key has already */
	u32 state;
	u32 expires;
	u32 group; /* persistence group whose entry is to be written as well; 0: none */
	u32 group_ticks;
	u8 wanted;
	u8 pending;	/* in which table */
	u8 reverse;	/* half of a pair */
	u8 replace;	/* also where the key has a flow already */
	u8 may_replace; /* also by letting another flow go */
	u8 promotes;	/* the flow is pending, and becomes an open one */
	u8 source;	/* the flow is written, and now the source's entry is */
	u8 pair; /* a pending pair, which cannot go without: whatever is worth least gives way */
};

/* What is known of a packet that no open flow took. */
struct moving {
	u64 old_seen; /* meta of the entry that is to be removed when another is written */
	u32 old_entry;
	u32 from;  /* index of a real that does not answer, or 0; used when there is no other */
	u8 orphan; /* the real was removed; its index may have been given to another */
	u8 old;	   /* there is such an entry */
	u8 down;   /* `from` is not used, not even then */
	u8 ends;   /* the flow of that entry ends with this packet: its real is down */
	u8 reserved[4];
};

/* A probe in hand (probe.h). */
struct probing {
	struct probe_key key;
	struct probe_key answer; /* of its answers */
	struct probe_flow to;	 /* what it becomes */
	struct probe_flow back;	 /* what its answers become */
	struct real real;	 /* by whose elements that goes */
};

/* Which table has the reverse half that is to be kept fresh. */
enum due { DUE_NONE, DUE_OPEN, DUE_PENDING };

/* For any real server that may have a flow; or how far all are compared. */
enum search { SEARCH_NONE, SEARCH_WANTED, SEARCH_BEGUN, SEARCH_COMPARES, SEARCH_NEAR };

/* Has STAGE_SCAN chosen? Or is what was chosen, in whatever way, being recorded already? */
enum scanned { SCANNED_NOT, SCANNED, SCANNED_AND_RECORDED };

/* Where to go on when a pair is made. */
enum then { THEN_DELIVER, THEN_REPLY, THEN_OUTBOUND };

/* What is known of a reply when the program for it begins. */
enum reply_found {
	REPLY_UNKNOWN,	/* nothing */
	REPLY_OPEN,	/* the main table has its reverse half (entry, version) */
	REPLY_PROMOTED, /* the pending table had it, and its flow has just been opened */
	REPLY_FRAGMENT, /* the first fragment's pair */
	REPLY_ERROR,	/* it is an ICMP error about a packet of the pair's */
};

struct scratch {
	struct packet packet;
	struct flow_key key;
	struct flow_key source;
	struct flow_key forward; /* of a pair */
	struct flow_key reverse;
	struct moving moving;
	struct recording recording;
	struct survey survey;
	struct scan scan;
	struct probing probing;
	struct service_key service_key;
	struct source_key source_key;
	struct source_rate_key source_rate_key;
	struct home_key home_key;
	struct fragment fragment; /* of which packet: its check and set */
	u32 fragment_set;
	u32 hop;   /* of last_hops[], of a flow whose replies come back */
	u32 tries; /* at a port of the pool; or former tables that fetch.c has looked into */
	u32 raced; /* times that a pair was begun again */
	u64 taken; /* value of the reverse half that the oldest pending flow has of those tried */
	u32 taken_for;	/* what that one's packets are translated to */
	u32 taken_left; /* ticks that it has */
	u64 seen;	/* the one that was looked at last */
	u32 seen_left;
	u32 seen_entry;
	u64 pair;      /* value of a reverse half, of a reply in hand */
	u32 entry;     /* the reverse half's */
	u32 version;   /* ... and its version, as it was found */
	u32 reply;     /* enum reply_found */
	u32 then;      /* enum then */
	u32 quoted_l3; /* of an ICMP error: where the packet that it quotes is */
	u32 quoted_l4;
	u32 quoted_proto;
	u64 epoch; /* of services, when the VIP was looked up; 0: nothing is to be remembered */
	u64 vip_links;
	u32 blocks; /* of ports that the VIP has services for, as in struct vip */
	u32 index;  /* of the real server */
	u32 full;   /* a real was refused for being full */
	u32 service;
	u32 record;	  /* in records[], of the service */
	u32 is_new;	  /* a flow that is to be counted as one */
	u32 hash;	  /* by which to schedule */
	s32 refused;	  /* reason that the sender is to be told */
	u32 mtu;	  /* ... and the MTU */
	u8 first;	  /* the flow's first packet */
	u8 known;	  /* of a flow that moves */
	u8 grace;	  /* the pending table was at its rating not long ago */
	u8 by_hash;	  /* schedule by hash, and not by the cursor */
	u8 kind;	  /* of the algorithm: enum algorithm_kind */
	u8 search;	  /* none of those whose turn it was may have the flow: enum search */
	u8 scanned;	  /* STAGE_SCAN has chosen: enum scanned */
	u8 attempted;	  /* turns that the short way of new flows has taken */
	u8 absent;	  /* the flow is known to stand in no table */
	u8 known_service; /* `service` is known: service.h */
	u8 opened;	  /* another CPU has made it an open flow meanwhile */
	u8 stateless; /* every packet of a connection finds its real server, also without a flow */
	u8 due;	      /* the reverse half is to be kept fresh: enum due */
	u8 replies;   /* of the real server come back: the flow is a pair */
	u8 opens; /* the packet made a pending pair an open one: set on all ways to STAGE_DELIVER */
};

BPF_TABLE("percpu_array", u32, struct scratch, scratch, 1);

static __always_inline struct scratch *scratch_find(void)
{
	lookup_key zero = 0;

	return scratch.lookup(&zero);
}

/* Go on in another program; it comes back only when that one is not there. */
static __always_inline s32 go_on(struct packet *pkt, struct scratch *with, u32 stage)
{
	with->packet = *pkt;
	stages.call(pkt->ctx, stage);
	return R_INCOMPLETE;
}

/* The packet in scratch[], as one whose memory can be looked at: where its copy is kept, ctx is no pointer. */
static __always_inline void packet_in_hand(struct packet *pkt, struct xdp_md *ctx,
					   const struct scratch *with)
{
	*pkt = with->packet;
	pkt->ctx = ctx;
}

/* Go on in another program with the packet in scratch[] as it stands there. */
static __always_inline s32 go_on_with(struct xdp_md *ctx, u32 stage)
{
	stages.call(ctx, stage);
	return R_INCOMPLETE;
}

/*
 * What stands in scratch[] is read anew, so that neither LLVM nor the verifier go by what they found out
 * about it on the way here: what follows is walked once, and not once for every way.
 */
#define read_anew() asm volatile("" ::: "memory")

/* Where the program that was gone on to begins: the packet as the other one left it; NULL: cannot be. */
static __always_inline struct scratch *resume(struct packet *pkt, struct xdp_md *ctx)
{
	struct scratch *with = scratch_find();

	if (with)
		*pkt = with->packet;
	pkt->ctx = ctx;
	return with;
}

/* A pair is made, or cannot be and needs not be. */
static __always_inline s32 go_on_then(struct packet *pkt, struct scratch *with)
{
	if (with->then == THEN_REPLY)
		return go_on(pkt, with, STAGE_REPLY);
	if (with->then == THEN_OUTBOUND)
		return go_on(pkt, with, STAGE_OUTBOUND);
	return go_on(pkt, with, STAGE_DELIVER);
}

/*
 * Make the verifier forget what it knows of the packet, which differs by the way it came here:
 * what follows is walked once, and not once for every way.
 */
static __always_inline void forget(struct packet *pkt, struct scratch *with)
{
	struct xdp_md *ctx = pkt->ctx;

	with->packet = *pkt;
	asm volatile("" ::: "memory");
	*pkt = with->packet;
	pkt->ctx = ctx;
}

#endif
