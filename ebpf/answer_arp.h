/* SPDX-License-Identifier: GPL-2.0-only */
/* ARP for VIPs (RFC 826; address conflicts: RFC 5227). */
#ifndef DSRLB_ANSWER_ARP_H
#define DSRLB_ANSWER_ARP_H

#include "interest.h"
#include "parse_link.h"
#include "service.h"

static __always_inline bool arp_ip_is_vip(const u8 *ip, u32 link)
{
	struct address address = {};

	address_from_ipv4(&address, *(u32 *)ip);
	return interesting(&address, INTEREST_VIPS) && vip_find(&address, link);
}

static __always_inline bool arp_is_ethernet_ipv4(const struct arp_packet *arp)
{
	return arp->hardware_be == bpf_htons(1) && arp->protocol_be == bpf_htons(TYPE_IPV4) &&
	       arp->hardware_size == 6 && arp->protocol_size == 4;
}

/* Turn the request into the reply where it stands; length, tags and padding stay. */
static __always_inline s32 arp_reply(struct packet *pkt, struct arp_packet *arp,
				     const struct link *link)
{
	struct eth_header *eth = packet_data(pkt);
	u32 vip = *(u32 *)arp->target_ip;

	if ((void *)(eth + 1) > packet_end(pkt))
		return R_PASS;
	mac_copy(eth->destination, eth->source);
	mac_copy(eth->source, link->mac);
	arp->operation_be = bpf_htons(2);
	mac_copy(arp->target_mac, arp->sender_mac);
	*(u32 *)arp->target_ip = *(u32 *)arp->sender_ip;
	mac_copy(arp->sender_mac, link->mac);
	*(u32 *)arp->sender_ip = vip;
	return R_ANSWERED_ARP;
}

static __always_inline s32 answer_arp(struct packet *pkt, const struct link *link)
{
	struct arp_packet *arp = network_header(pkt);
	struct settings *settings_now;
	u32 zero = 0;

	if ((void *)(arp + 1) > packet_end(pkt) || !arp_is_ethernet_ipv4(arp))
		return R_PASS;
	if (arp_ip_is_vip(arp->sender_ip, pkt->link) && !mac_equal(arp->sender_mac, link->mac))
		return R_VIP_CONFLICT;
	if (arp->operation_be != bpf_htons(1) || !arp_ip_is_vip(arp->target_ip, pkt->link) ||
	    !frame_is_ours(pkt, link, true))
		return R_PASS;
	settings_now = settings.lookup(&zero);
	if (!settings_now || !settings_now->announce)
		return R_PASS;
	return arp_reply(pkt, arp, link);
}

#endif
