// SPDX-License-Identifier: GPL-2.0-only
/*
 * Clients of a service in mode one-arm, and its real server, which answers to the port that a client's
 * packet came from: what became of each packet, and the port that each client has.
 *
 * As in drive.c every repeat first looks at what became of the packet before, then makes the next one.
 */
#include "../../../ebpf/dsrlb.c"

#define STATE_AT 96
#define TEMPLATE 80
#define CLIENTS 0x20000
#define CLIENT_MAC 0x01000000 /* last four bytes of 02:00:00:00:00:01, as a little-endian word */
#define OWN_MAC 0xaa000000
#define REPLY 0x80 /* in `sequence`; the other bits are TCP's flags */

struct pool_drive {
	u8 request[TEMPLATE];
	u8 reply[TEMPLATE];
	u64 sequence; /* a byte for each packet of a client, the first one lowest */
	u32 first;    /* clients `first` to `first` + `count` - 1 */
	u32 count;
	u32 kinds; /* packets of a client that follow each other, 1 to 8 */
	u32 turn;
	u32 turns;
	u32 shared; /* the turn is everybody's (turns[]) */
	u32 client; /* whose packet is under way, and what it is */
	u32 kind;
	u32 ipv6;
	u32 tcp;
	u32 sent;
	u32 forwarded;
	u32 replied;
	u32 refused;
	u32 moved; /* a client's packet that came from another port than the one before */
	u32 wrong; /* a reply that went to another client */
};

BPF_F_TABLE("array", u32, u64, client_ports, CLIENTS, BPF_F_MMAPABLE);
BPF_F_TABLE("array", u32, u64, turns, 1, BPF_F_MMAPABLE);

static __always_inline u32 client_address_be(const struct pool_drive *drive)
{
	return bpf_htonl(0x64400000 + (drive->client >> 14));
}

static __always_inline u16 client_port_be(const struct pool_drive *drive)
{
	return bpf_htons(1024 + (drive->client & 0x3fff));
}

static __always_inline void note_request(const u8 *frame, struct pool_drive *drive)
{
	u64 port = *(u16 *)(frame + 34), before, *known;
	u32 place = drive->client & (CLIENTS - 1);

	known = client_ports.lookup(&place);
	if (drive->ipv6)
		port = *(u16 *)(frame + 54);
	drive->forwarded++;
	if (!known)
		return;
	before = compare_and_swap(known, 0, port);
	if (before && before != port)
		drive->moved++;
}

static __always_inline void note_outcome(const u8 *frame, struct pool_drive *drive)
{
	u32 mac = *(u32 *)(frame + 2), to = *(u32 *)(frame + 30);
	u16 port = *(u16 *)(frame + 36);

	if (mac == OWN_MAC) {
		drive->refused++;
		return;
	}
	if (!(drive->kind & REPLY)) {
		note_request(frame, drive);
		return;
	}
	if (drive->ipv6) {
		to = *(u32 *)(frame + 50);
		port = *(u16 *)(frame + 56);
	}
	drive->replied++;
	if (mac != CLIENT_MAC || to != client_address_be(drive) || port != client_port_be(drive))
		drive->wrong++;
}

static __always_inline void write_frame(u8 *frame, struct pool_drive *drive)
{
	u32 place = drive->client & (CLIENTS - 1);
	u64 *port = client_ports.lookup(&place);

	if (drive->kind & REPLY) {
		__builtin_memcpy(frame, drive->reply, TEMPLATE);
		if (drive->ipv6)
			*(u16 *)(frame + 56) = port ? *port : 0;
		else
			*(u16 *)(frame + 36) = port ? *port : 0;
	} else {
		__builtin_memcpy(frame, drive->request, TEMPLATE);
		if (drive->ipv6) {
			*(u32 *)(frame + 34) = client_address_be(drive);
			*(u16 *)(frame + 54) = client_port_be(drive);
		} else {
			*(u32 *)(frame + 26) = client_address_be(drive);
			*(u16 *)(frame + 34) = client_port_be(drive);
		}
	}
	if (!drive->tcp)
		return;
	if (drive->ipv6)
		frame[67] = drive->kind & ~REPLY;
	else
		frame[47] = drive->kind & ~REPLY;
}

int pool(struct xdp_md *ctx)
{
	u8 *frame = (void *)(long)ctx->data;
	struct pool_drive *drive = (void *)frame + STATE_AT;
	u32 zero = 0, turn;
	u64 *shared = turns.lookup(&zero);

	if ((void *)(drive + 1) > (void *)(long)ctx->data_end || !shared || !drive->kinds ||
	    !drive->count)
		return XDP_ABORTED;
	if (drive->turn)
		note_outcome(frame, drive);
	if (drive->turn >= drive->turns)
		return XDP_PASS;
	turn = drive->turn++;
	if (drive->shared)
		turn = __sync_fetch_and_add(shared, 1);
	drive->client = drive->first + turn / drive->kinds % drive->count;
	drive->kind = drive->sequence >> (turn % drive->kinds & 7) * 8 & 0xff;
	drive->sent++;
	write_frame(frame, drive);
	return balance(ctx);
}
