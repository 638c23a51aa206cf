/* SPDX-License-Identifier: GPL-2.0-only */
/* Where the network header is: behind Ethernet and at most two VLAN tags. */
#ifndef DSRLB_PARSE_TAGS_H
#define DSRLB_PARSE_TAGS_H

#include "headers.h"

static __always_inline bool is_tag(u16 type)
{
	return type == TYPE_VLAN || type == TYPE_QINQ;
}

/*
 * Set *l3 and return the EtherType there in host order, or 0 when the frame is cut short. A third tag
 * is returned as a type that nothing handles.
 */
static __always_inline u16 skip_tags(void *data, void *end, u32 *l3)
{
	struct eth_header *eth = data;
	struct vlan_header *tag = (void *)(eth + 1);
	u16 type;

	if ((void *)(eth + 1) > end)
		return 0;
	type = bpf_ntohs(eth->type_be);
	*l3 = sizeof(*eth);
	if (!is_tag(type))
		return type;
	if ((void *)(tag + 1) > end)
		return 0;
	type = bpf_ntohs(tag->type_be);
	*l3 += sizeof(*tag);
	if (!is_tag(type))
		return type;
	tag++;
	if ((void *)(tag + 1) > end)
		return 0;
	*l3 += sizeof(*tag);
	return bpf_ntohs(tag->type_be);
}

#endif
