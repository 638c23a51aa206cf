// SPDX-License-Identifier: GPL-2.0-only
/*
 * The program of a real server whose kernel has no tunnel devices: it takes off the envelope of
 * ipip (4in4, 6in6, 4in6, 6in4) and of GUE variant 1.
 *
 *   open_envelope -> holds_vip_packet -> carry_ecn -> strip
 *
 * Only what the balancer makes is opened: a packet to one of this host's own addresses that holds a
 * packet to one of the VIPs. Everything else goes up untouched. One envelope is taken off, not two.
 */
#include "decap_ecn.h"
#include "decap_inner.h"
#include "decap_outer.h"
#include "decap_strip.h"

int dsrlb_decap(struct xdp_md *ctx)
{
	struct envelope envelope = { .ctx = ctx };

	if (!open_envelope(&envelope) || !holds_vip_packet(&envelope))
		return XDP_PASS;
	if (!carry_ecn(&envelope)) {
		count_decap(DECAP_CONGESTED);
		return XDP_DROP;
	}
	if (!strip(&envelope)) {
		count_decap(DECAP_FAILED);
		return XDP_DROP;
	}
	count_decap(envelope.method == METHOD_GUE ? DECAP_GUE : DECAP_IPIP);
	return XDP_PASS;
}
