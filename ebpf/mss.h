/* SPDX-License-Identifier: GPL-2.0-only */
/* The largest segment that TCP's peers offer each other (RFC 9293, 3.7.1), made smaller where it is set. */
#ifndef DSRLB_MSS_H
#define DSRLB_MSS_H

#include "checksum.h"
#include "service.h"

#define MOST_OPTION_BYTES 40
#define OPTION_END 0
#define OPTION_NOP 1
#define OPTION_MSS 2

/* Write the value, which may stand at an odd offset, and what that does to the checksum (RFC 1071, 2 B). */
static __always_inline void mss_write(struct tcp_header *tcp, u8 *value, u16 limit, bool odd)
{
	u16 from = value[0] | value[1] << 8, to = bpf_htons(limit);

	value[0] = to;
	value[1] = to >> 8;
	if (odd) {
		from = __builtin_bswap16(from);
		to = __builtin_bswap16(to);
	}
	tcp->checksum = checksum_replace(tcp->checksum, from, to);
}

/* Lower the option that a SYN has, to `limit`. Options that lie about their lengths are left alone. */
static __always_inline void mss_lower(struct packet *pkt, u16 limit)
{
	struct tcp_header *tcp = transport_header(pkt);
	u32 length, at = 0, i;

	if ((void *)(tcp + 1) > packet_end(pkt))
		return;
	length = (tcp->offset >> 4) * 4 - sizeof(*tcp);
	for (i = 0; i < MOST_OPTION_BYTES; i++) {
		u8 *option;
		u64 nop, step;

		hide(i);
		at = unknown(pkt, at);
		option = (void *)(tcp + 1) + bounded(at, 63);
		if (at + 2 > length || (void *)(option + 4) > packet_end(pkt) ||
		    option[0] == OPTION_END)
			return;
		nop = is_zero(option[0] ^ OPTION_NOP); /* no branches that meet again in a loop */
		step = option[1] | 256 * nop;
		if (step < 2)
			return;
		if (option[0] == OPTION_MSS) {
			if (step == 4 && at + 4 <= length && (option[2] << 8 | option[3]) > limit)
				mss_write(tcp, option + 2, limit, at & 1);
			return;
		}
		step += (1 - step) & -nop;
		at += step;
	}
}

/* What the service of a SYN or SYN-ACK clamps to; 0: it does not. */
static __always_inline u16 clamps(const struct packet *pkt, const struct real *real)
{
	struct service_record *record;

	if (pkt->proto != PROTO_TCP || !(pkt->tcp_flags & TCP_SYN))
		return 0;
	record = service_record_of(real->service);
	return record ? record->mss_clamp : 0;
}

#endif
