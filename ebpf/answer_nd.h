/* SPDX-License-Identifier: GPL-2.0-only */
/* Neighbour discovery for VIPs (RFC 4861, 7.1 and 7.2). */
#ifndef DSRLB_ANSWER_ND_H
#define DSRLB_ANSWER_ND_H

#include "checksum.h"
#include "interest.h"
#include "parse_link.h"
#include "service.h"

#define ND_SOLICITATION 135
#define ND_ADVERTISEMENT 136
#define ND_SOLICITED 0x40000000
#define ND_OVERRIDE 0x20000000
#define ND_HOP_LIMIT 255

struct nd_advertisement {
	struct ipv6_header ip;
	struct neighbour_message message;
	u8 option_type;
	u8 option_length;
	u8 mac[6];
};

/*
 * RFC 4861, 7.1.1: a message with a wrong checksum is no message. `length` <= MAX_ND_BYTES, and a
 * multiple of 8 as all options are (4.6), so the sum needs few and equal steps.
 */
static __always_inline bool nd_checksum_right(struct packet *pkt, struct ipv6_header *ip,
					      u32 length)
{
	u64 sum = bpf_htonl(length) + (u64)bpf_htonl(PROTO_ICMPV6);
	u32 *words = (u32 *)(ip + 1);
	u32 i;

	sum = checksum_add_address(sum, &ip->source);
	sum = checksum_add_address(sum, &ip->destination);
	for (i = 0; i < MAX_ND_BYTES / 8; i++) {
		asm volatile(""
			     : "+r"(i)); /* else LLVM makes a form that the verifier walks twice */
		if (i * 8 >= length || (void *)(words + i * 2 + 2) > packet_end(pkt))
			break;
		sum += (u64)words[i * 2] + words[i * 2 + 1];
	}
	return i * 8 == length && checksum_fold64(sum) == 0xffff;
}

static __always_inline bool nd_is_valid(struct packet *pkt, struct ipv6_header *ip, u32 length)
{
	struct neighbour_message *message = (void *)(ip + 1);

	if ((void *)(message + 1) > packet_end(pkt))
		return false;
	if (message->type != ND_SOLICITATION && message->type != ND_ADVERTISEMENT)
		return false;
	if ((bpf_ntohl(ip->version_class_label_be) >> 28) != 6 || ip->hop_limit != ND_HOP_LIMIT)
		return false;
	if (message->code || length < sizeof(*message) || length > MAX_ND_BYTES || length & 7)
		return false;
	return interesting(&message->target, INTEREST_VIPS) &&
	       !address_is_mapped(&message->target) && nd_checksum_right(pkt, ip, length);
}

/* The solicited-node group ff02::1:ffXX:XXXX of the target (RFC 4291, 2.7.1), or the target. */
static __always_inline bool nd_addressed_to(const struct address *destination,
					    const struct address *target)
{
	if (address_equal(destination, target))
		return true;
	return destination->word_be[0] == bpf_htonl(0xff020000) && !destination->word_be[1] &&
	       destination->word_be[2] == bpf_htonl(1) &&
	       destination->word_be[3] == (target->word_be[3] | bpf_htonl(0xff000000));
}

static __always_inline void nd_fill(struct nd_advertisement *answer, const struct address *target,
				    const struct address *asker, bool probe, const u8 *mac)
{
	u64 sum;

	answer->ip.version_class_label_be = bpf_htonl(0x60000000);
	answer->ip.payload_be = bpf_htons(sizeof(*answer) - sizeof(answer->ip));
	answer->ip.next = PROTO_ICMPV6;
	answer->ip.hop_limit = ND_HOP_LIMIT;
	answer->ip.source = *target;
	answer->ip.destination = *asker;
	answer->message.type = ND_ADVERTISEMENT;
	answer->message.code = 0;
	answer->message.checksum = 0;
	answer->message.flags_be = bpf_htonl(probe ? ND_OVERRIDE : ND_SOLICITED | ND_OVERRIDE);
	answer->message.target = *target;
	answer->option_type = 2; /* target link-layer address, one unit of 8 bytes */
	answer->option_length = 1;
	mac_copy(answer->mac, mac);

	sum = (u64)bpf_htonl(sizeof(*answer) - sizeof(answer->ip)) + bpf_htonl(PROTO_ICMPV6);
	sum = checksum_add_address(sum, target);
	sum = checksum_add_address(sum, target);
	sum = checksum_add_address(sum, asker);
	sum += *(u32 *)&answer->message.type;
	sum += answer->message.flags_be;
	sum += *(u32 *)&answer->option_type;
	sum += *(u32 *)(answer->mac + 2);
	answer->message.checksum = ~checksum_fold64(sum);
}

/* Cut or stretch the frame to an advertisement and write it. */
static __always_inline s32 nd_answer(struct packet *pkt, struct ipv6_header *ip,
				     const struct link *link)
{
	struct neighbour_message *message = (void *)(ip + 1);
	struct nd_advertisement *answer;
	struct address target, asker;
	struct eth_header *eth;
	bool probe;
	int length;

	if ((void *)(message + 1) > packet_end(pkt))
		return R_PASS;
	target = message->target;
	asker = ip->source;
	probe = !(asker.word_be[0] | asker.word_be[1] | asker.word_be[2] | asker.word_be[3]);
	if (probe) { /* duplicate address detection: all nodes are told (RFC 4861, 7.2.4) */
		asker.word_be[0] = bpf_htonl(0xff020000);
		asker.word_be[3] = bpf_htonl(1);
	}
	length = packet_end(pkt) - packet_data(pkt);
	if (bpf_xdp_adjust_tail(pkt->ctx, (int)(pkt->l3 + sizeof(*answer)) - length))
		return R_PASS;
	eth = packet_data(pkt);
	answer = network_header(pkt);
	if ((void *)(eth + 1) > packet_end(pkt) || (void *)(answer + 1) > packet_end(pkt))
		return R_PASS;
	mac_copy(eth->destination, eth->source);
	mac_copy(eth->source, link->mac);
	if (probe) {
		*(u16 *)eth->destination = bpf_htons(0x3333);
		*(u32 *)(eth->destination + 2) = bpf_htonl(1);
	}
	nd_fill(answer, &target, &asker, probe, link->mac);
	return R_ANSWERED_ND;
}

/* Return R_CONTINUE for what is no neighbour discovery about a VIP. */
static __always_inline s32 answer_nd(struct packet *pkt, const struct link *link)
{
	struct ipv6_header *ip = network_header(pkt);
	struct neighbour_message *message = (void *)(ip + 1);
	struct eth_header *eth = packet_data(pkt);
	struct settings *settings_now;
	struct address target;
	u32 zero = 0;

	if ((void *)(eth + 1) > packet_end(pkt) || (void *)(message + 1) > packet_end(pkt) ||
	    ip->next != PROTO_ICMPV6 || !nd_is_valid(pkt, ip, bpf_ntohs(ip->payload_be)))
		return R_CONTINUE;
	target = message->target;
	if (!vip_find(&target, pkt->link))
		return R_CONTINUE;
	if (message->type == ND_ADVERTISEMENT)
		return mac_equal(eth->source, link->mac) ? R_CONTINUE : R_VIP_CONFLICT;
	if (!nd_addressed_to(&ip->destination, &target) || !frame_is_ours(pkt, link, true))
		return R_CONTINUE;
	settings_now = settings.lookup(&zero);
	if (!settings_now || !settings_now->announce)
		return R_CONTINUE;
	return nd_answer(pkt, ip, link);
}

#endif
