/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Probes (probe.h) that come back: a real server that forwards, and has lost the VIP, sends them on to who answers ARP
 * for that, which is us. As a client's they would be served by another real server, and so it would seem to be well.
 */
#ifndef DSRLB_RETURNED_H
#define DSRLB_RETURNED_H

#include "maps.h"
#include "packet.h"

/* Is it what a probe became that waits for its answer? `port_be`: where that would come to. */
static __always_inline bool probe_returned(const struct packet *pkt, u16 port_be,
					   struct scratch *with)
{
	struct probe_key *answer = &with->probing.answer;
	lookup_key zero = 0;
	struct settings *found;

	if (bpf_ntohs(port_be) < FIRST_PROBE_PORT)
		return false;
	found = settings.lookup(&zero);
	if (!found || !found->probe_ifindex)
		return false;
	answer->source = pkt->destination;
	answer->destination = pkt->source;
	answer->source_port_be = pkt->destination_port_be;
	answer->destination_port_be = port_be;
	answer->proto = pkt->proto;
	answer->answer = true;
	answer->reserved = 0;
	return probe_flows.lookup(answer);
}

#endif
