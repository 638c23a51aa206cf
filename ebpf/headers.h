/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Packet headers. Defined here and not taken from linux/icmp.h and friends, because those pull in
 * sys/socket.h, which is not there when only linux-libc-dev is installed.
 */
#ifndef DSRLB_HEADERS_H
#define DSRLB_HEADERS_H

#include "abi.h"

#define bpf_htons(x) __builtin_bswap16(x)
#define bpf_ntohs(x) __builtin_bswap16(x)
#define bpf_htonl(x) __builtin_bswap32(x)
#define bpf_ntohl(x) __builtin_bswap32(x)

#define TYPE_IPV4 0x0800
#define TYPE_ARP 0x0806
#define TYPE_IPV6 0x86dd
#define TYPE_VLAN 0x8100 /* IEEE 802.1Q */
#define TYPE_QINQ 0x88a8 /* IEEE 802.1ad */

#define PROTO_HOPOPTS 0
#define PROTO_ICMP 1
#define PROTO_IPV4 4
#define PROTO_TCP 6
#define PROTO_UDP 17
#define PROTO_IPV6 41
#define PROTO_ROUTING 43
#define PROTO_FRAGMENT 44
#define PROTO_AH 51
#define PROTO_ICMPV6 58
#define PROTO_DSTOPTS 60

#define TCP_FIN 0x01
#define TCP_SYN 0x02
#define TCP_RST 0x04
#define TCP_ACK 0x10

struct eth_header {
	u8 destination[6];
	u8 source[6];
	u16 type_be;
};

struct vlan_header {
	u16 tci_be;
	u16 type_be;
};

struct arp_packet { /* RFC 826, Ethernet and IPv4 */
	u16 hardware_be;
	u16 protocol_be;
	u8 hardware_size;
	u8 protocol_size;
	u16 operation_be;
	u8 sender_mac[6];
	u8 sender_ip[4];
	u8 target_mac[6];
	u8 target_ip[4];
} __attribute__((packed));

struct ipv4_header {
	u8 version_ihl;
	u8 tos;
	u16 total_be;
	u16 id_be;
	u16 fragment_be;
	u8 ttl;
	u8 proto;
	u16 checksum;
	u32 source_be;
	u32 destination_be;
};

#define IPV4_FRAGMENT_MASK 0x3fff /* MF and the offset; DF and the reserved bit are not meant */
#define IPV4_OFFSET_MASK 0x1fff
#define IPV4_DONT_FRAGMENT 0x4000

struct ipv6_header {
	u32 version_class_label_be;
	u16 payload_be;
	u8 next;
	u8 hop_limit;
	struct address source;
	struct address destination;
};

struct ipv6_extension {
	u8 next;
	u8 length;	 /* 8-byte units beyond the first (AH: 4-byte units beyond the second) */
	u16 fragment_be; /* fragment header only: offset << 3 | reserved << 1 | M */
	u32 rest;
};

#define IPV6_FRAGMENT_MASK 0xfff9
#define IPV6_OFFSET_MASK 0xfff8
#define IPV6_LEAST_MTU 1280 /* RFC 8200, 5 */
#define IPV4_LEAST_MTU 576  /* what every host takes (RFC 791, 3.1) */

struct tcp_header {
	u16 source_be;
	u16 destination_be;
	u32 sequence_be;
	u32 acknowledgement_be;
	u8 offset; /* data offset << 4 */
	u8 flags;
	u16 window_be;
	u16 checksum;
	u16 urgent_be;
};

struct udp_header {
	u16 source_be;
	u16 destination_be;
	u16 length_be;
	u16 checksum;
};

struct icmp_header {
	u8 type;
	u8 code;
	u16 checksum;
	u32 rest;
};

struct echo_header {
	u8 type;
	u8 code;
	u16 checksum;
	u16 identifier_be;
	u16 sequence_be;
};

struct neighbour_message { /* RFC 4861, 4.3 and 4.4 */
	u8 type;
	u8 code;
	u16 checksum;
	u32 flags_be;
	struct address target;
};

#endif
