// SPDX-License-Identifier: GPL-2.0-only
/*
 * Clients of the fast path: packets of many flows, and where each of them went.
 *
 * BPF_PROG_TEST_RUN does not restore the packet between repeats, and the fast path may end in
 * another program. So every repeat first looks at what became of the packet before, in place, and
 * then makes the next one of it. What a client knows stands behind the packet, as padding.
 */
#include "../../../ebpf/dsrlb.c"

#define DRIVE_AT 96
#define HOMES 0x20000
#define OWN_MAC 0xaa000000 /* last four bytes of 02:00:00:00:00:aa, as a little-endian word */

/* What a packet may be. */
enum kind { SEND_SYN, SEND_ACK, SEND_DATA, SEND_FIN, SEND_RST, SEND_UDP };

struct drive {
	u32 first; /* flows `first` to `first` + `count` - 1, one after the other, and again */
	u32 count;
	u32 kinds; /* packets of a flow that follow each other, 1 to 8 */
	u32 turn;
	u32 turns;  /* after so many nothing is sent */
	u32 shared; /* the turn is everybody's (turns[]): CPUs meet at the same flows */
	u32 check;  /* remember where each flow goes, and compare */
	u32 flow;   /* whose packet is under way, and what it is */
	u32 kind;
	u32 sent;
	u32 forwarded;
	u32 refused;
	u32 moved;	  /* forwarded, and to another real server than before */
	u32 trouble_flow; /* the last one that was refused or moved */
	u32 trouble_kind;
	u32 ipv6;
	u64 sequence; /* a byte for each of them, the first one lowest */
};

BPF_F_TABLE("array", u32, u64, flow_homes, HOMES, BPF_F_MMAPABLE);
BPF_F_TABLE("array", u32, u64, turns, 1, BPF_F_MMAPABLE);

static __always_inline void note_outcome(const u8 *frame, struct drive *drive)
{
	u32 place = drive->flow & (HOMES - 1);
	u64 mac = *(u32 *)(frame + 2), before;
	u64 *home;

	if (mac == OWN_MAC) {
		drive->refused++;
		drive->trouble_flow = drive->flow;
		drive->trouble_kind = drive->kind;
		return;
	}
	drive->forwarded++;
	home = flow_homes.lookup(&place);
	if (!drive->check || !home)
		return;
	before = compare_and_swap(home, 0, mac);
	if (!before || before == mac)
		return;
	drive->moved++;
	drive->trouble_flow = drive->flow;
	drive->trouble_kind = drive->kind;
}

/* 20 bytes of TCP, or 8 of UDP, then 8 of data: `bytes` of them are sent. */
static __always_inline u32 write_transport(u8 *at, const struct drive *drive)
{
	u32 kind = drive->kind;

	*(u16 *)at = bpf_htons(1024 + (drive->flow & 0x3fff));
	if (kind == SEND_UDP) {
		*(u16 *)(at + 2) = bpf_htons(53);
		*(u16 *)(at + 4) = bpf_htons(16);
		*(u16 *)(at + 6) = 0;
		return 16;
	}
	*(u16 *)(at + 2) = bpf_htons(80);
	*(u64 *)(at + 4) = 1;
	at[12] = 5 << 4;
	at[13] = kind == SEND_SYN ? TCP_SYN :
		 kind == SEND_FIN ? TCP_FIN | TCP_ACK :
		 kind == SEND_RST ? TCP_RST :
				    TCP_ACK;
	return kind == SEND_DATA ? 28 : 20;
}

static __always_inline void write_frame(u8 *frame, const struct drive *drive)
{
	u32 source = 0x64400000 + (drive->flow >> 14), bytes; /* 100.64.0.0 and following */

	*(u16 *)frame = 0x0002;
	*(u32 *)(frame + 2) = OWN_MAC;
	if (drive->ipv6) {
		bytes = write_transport(frame + 54, drive);
		*(u16 *)(frame + 18) = bpf_htons(bytes);
		frame[20] = drive->kind == SEND_UDP ? PROTO_UDP : PROTO_TCP;
		*(u32 *)(frame + 34) = bpf_htonl(source);
	} else {
		bytes = write_transport(frame + 34, drive);
		*(u16 *)(frame + 16) = bpf_htons(20 + bytes);
		frame[23] = drive->kind == SEND_UDP ? PROTO_UDP : PROTO_TCP;
		*(u32 *)(frame + 26) = bpf_htonl(source);
	}
}

int drive(struct xdp_md *ctx)
{
	u8 *frame = (void *)(long)ctx->data;
	struct drive *drive = (void *)frame + DRIVE_AT;
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
	drive->flow = drive->first + turn / drive->kinds % drive->count;
	drive->kind = drive->sequence >> (turn % drive->kinds & 7) * 8 & 0xff;
	drive->sent++;
	write_frame(frame, drive);
	return balance(ctx);
}
