/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Answers to probes (probe.h) come from the wire: from a VIP, or from a real server whose replies come back,
 * to an address of this host and a port, or identifier, that the kernel gives nobody. They go to who probes.
 */
#ifndef DSRLB_PROBED_H
#define DSRLB_PROBED_H

#include "probe.h"
#include "response.h"

/* How long the first answer took, if it is the one to what was sent: anybody can send others. */
static __always_inline void probe_time(const struct packet *pkt, struct probe_flow *flow)
{
	struct tcp_header *tcp = transport_header(pkt);
	u64 sent = *(volatile u64 *)&flow->sent;

	if (pkt->proto != PROTO_TCP || (void *)(tcp + 1) > packet_end(pkt) || !sent ||
	    (pkt->tcp_flags & (TCP_SYN | TCP_ACK | TCP_RST)) != (TCP_SYN | TCP_ACK) ||
	    bpf_ntohl(tcp->acknowledgement_be) != bpf_ntohl(flow->sequence_be) + 1)
		return;
	if (compare_and_swap(&flow->sent, sent, 0) == sent)
		response_sample(flow->real, bpf_ktime_get_ns() - sent, pkt->now);
}

/* Back to who probes, as from the address that it sent to. */
static __always_inline s32 probe_answer(struct packet *pkt, struct probe_flow *flow,
					const struct settings *found)
{
	u32 ports_be = flow->source_port_be | (u32)flow->destination_port_be << 16;
	struct change to = { flow->source, flow->destination, ports_be, 0, 0 };
	struct way way = {};
	s32 reason;

	*(volatile u64 *)&flow->used = pkt->now;
	probe_time(pkt, flow);
	way.to = way.from = mac_group(found->probe_mac, 0);
	reason = translate(pkt, &to);
	if (reason == R_CONTINUE && packet_is_icmp(pkt))
		reason = echo_rename(pkt, flow->destination_port_be);
	if (reason == R_CONTINUE)
		reason = reframe(pkt, &way, 0, packet_type_be(pkt));
	if (reason != R_CONTINUE)
		return reason;
	bpf_redirect(found->probe_ifindex, 0);
	return R_PROBE_ANSWER;
}

/* As if nobody had probed: forward_answer() in forward.h. */
static __always_inline s32 no_probe(struct packet *pkt, struct scratch *with,
				    const struct settings *found)
{
	if (packet_is_icmp(pkt))
		return pass(pkt);
	if (!found->replies)
		return R_PASS;
	with->reply = REPLY_UNKNOWN;
	return go_on(pkt, with, STAGE_REPLY);
}

static __always_inline s32 serve_probed(struct packet *pkt, struct scratch *with)
{
	lookup_key zero = 0;
	struct settings *found = settings.lookup(&zero);
	struct probe_flow *flow;

	if (!found)
		return R_INCOMPLETE;
	probe_key_of(&with->probing.answer, pkt, true);
	flow = probe_flows.lookup(&with->probing.answer);
	if (!flow || !found->probe_ifindex)
		return no_probe(pkt, with, found);
	return probe_answer(pkt, flow, found);
}

#endif
