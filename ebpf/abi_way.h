/* SPDX-License-Identifier: GPL-2.0-only */
/* The part of abi.h that is about where frames go: interfaces, next hops, neighbours of clients. */
#ifndef DSRLB_ABI_WAY_H
#define DSRLB_ABI_WAY_H

/* An interface that the program is attached to, by ifindex. */
struct link {
	u8 mac[6];
	u16 number;	 /* 1..MAX_LINKS-1: bit in vip.links, row in counters[], slot in egress[] */
	u32 address4_be; /* its own, or 0 */
	struct address address6;
	u32 ifindex; /* others share its place in links[] */
};

/* The same, by number: what frames that leave there need. The first 8 bytes are one store. */
struct own_link {
	u8 mac[6];
	u16 mtu;
	u32 flags;
	u32 reserved;
} GROUPS;

#define LINK_FORWARDING 1 /* a bridge's port that forwards */

/* A next hop: its groups are those of struct real. */
struct hop {
	u8 mac[6];
	u16 link;
	u8 source_mac[6];
	u16 mtu;
	u16 vlan;
	u16 reserved[3];
} GROUPS;

/* The way to an address, for all reals that have it. `lowered` is the program's. */
struct path {
	struct address source; /* of outer headers */
	u32 source_bits;       /* so many low bits of it vary with the flow; they are 0 here */
	u32 reserved;
	u64 lowered; /* tick until which << 32 | MTU that a router on the way told */
	struct hop hop[PATH_HOPS];
	u64 rest[4];
};

/*
 * A neighbour that flows came from: replies go back there. `rest`: bits 0-11 VLAN id (0: untagged), 12
 * valid, 13 being written, 32-63 the tick at which a flow last took it; 0: free. A flow names it by its
 * place, so a place is freed (REAP_HOP) only when no flow does.
 */
struct last_hop {
	u64 to; /* MAC address and link, as the first group of struct real */
	u64 rest;
};

#define HOP_VLAN 0xfffull
#define HOP_VALID 0x1000ull
#define HOP_BUSY 0x2000ull

#endif
