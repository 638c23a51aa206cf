// SPDX-License-Identifier: GPL-2.0-only
/*
 * Clients and real servers at a balancer's switch port, as XDP programs: both ends of TCP connections,
 * at a tenth of what the kernel's own TCP costs, so that the balancer is what limits.
 *
 * Each segment that arrives is checked, answered as the real server that it was sent to would, and,
 * where replies do not pass the balancer, gone on with as the client would: then the next segment leaves
 * in the same frame. So a number of requests (a window) keep each other going, and nothing is lost for
 * want of room. `ends_kick`, run by BPF_PROG_TEST_RUN with live frames, begins them. All of this
 * runs on one CPU.
 *
 * A connection: SYN; SYN, ACK; request; response. With CLOSE also FIN (with the response); FIN, ACK; ACK.
 * What belongs to no load (ARP, other ports) passes to the switch.
 */
#include "ends_client.h"
#include "ends_real.h"

/* A segment has reached a real server. */
static __always_inline int at_real(struct xdp_md *ctx, const struct ends *ends, struct segment *seg,
				   u32 real)
{
	const struct ends_setting *setting = ends->setting;

	ends->counts->reals[real & 15]++;
	if (setting->arrival == ARRIVES_DSCP) /* as the real server's rule does */
		seg->destination_be = setting->vip_be;
	if (!real_answers(ends, seg))
		return XDP_DROP;
	if (setting->through)
		return segment_send(ctx, ends, seg, setting->real_mac + ((u64)real << 40));
	if (!client_goes_on(ends, seg))
		return XDP_DROP;
	return segment_send(ctx, ends, seg, setting->client_mac);
}

/* A frame from the balancer. */
int ends_receive(struct xdp_md *ctx)
{
	void *data = frame_data(ctx), *end = frame_end(ctx);
	struct eth_header *eth = data;
	struct ipv4_header *ip = (void *)(eth + 1);
	struct segment seg = {};
	struct ends ends = {};
	u32 outer_be = 0, tos, real;
	u64 mac;

	if ((void *)(ip + 1) > end || eth->type_be != bpf_htons(TYPE_IPV4) || !ends_find(&ends))
		return XDP_PASS;
	tos = ip->tos;
	mac = mac_at(eth->destination);
	if (ip->proto == PROTO_IPV4) {
		outer_be = ip->destination_be;
		ip++;
	}
	if ((void *)(ip + 1) > end || !segment_read(ip, end, &seg))
		return XDP_PASS;
	if (seg.source_port == ENDS_PORT && mac == ends.setting->client_mac) {
		ends.counts->replies++;
		if (seg.flags & TCP_RST)
			ends.counts->resets++;
		if (ends.setting->vip_be && seg.source_be != ends.setting->vip_be)
			ends.counts->wrong++;
		if (!client_goes_on(&ends, &seg))
			return XDP_DROP;
		return segment_send(ctx, &ends, &seg, ends.setting->client_mac);
	}
	if (seg.destination_port != ENDS_PORT)
		return XDP_PASS;
	real = (mac - ends.setting->real_mac) >> 40;
	if (((mac ^ ends.setting->real_mac) & 0xffffffffffull) || real >= ENDS_REALS ||
	    !arrived_well(ends.setting, &seg, outer_be, tos, real)) {
		ends.counts->wrong++;
		return XDP_DROP;
	}
	if (outer_be && bpf_xdp_adjust_head(ctx, sizeof(*ip)))
		return XDP_ABORTED;
	return at_real(ctx, &ends, &seg, real);
}

/* Is it the moment for the next frame? One that is missed comes later: the rate is kept. */
static __always_inline bool is_due(const struct ends *ends)
{
	struct ends_run *run = ends->run;

	if (!run->due)
		run->due = run->since = ends->now;
	run->until = ends->now;
	if (ends->now < run->due)
		return false;
	run->due += run->interval;
	return true;
}

/* A frame to begin with, out of a test run: a request or a SYN, as the goal is. */
int ends_kick(struct xdp_md *ctx)
{
	struct segment seg = {};
	struct ends ends = {};
	bool sends = false;

	if (!ends_find(&ends))
		return XDP_ABORTED;
	if (ends.run->interval && !is_due(&ends))
		return XDP_DROP;
	switch (ends.run->goal) {
	case GOAL_TIMED:
		sends = request_next(&ends, &seg);
		if (!sends)
			ends.counts->late++;
		break;
	case GOAL_REQUESTS:
		sends = request_next(&ends, &seg);
		break;
	case GOAL_SETTLE:
		sends = acknowledge_next(&ends, &seg);
		break;
	case GOAL_ESTABLISH:
	case GOAL_CONNECTIONS:
		sends = syn_next(&ends, &seg);
		break;
	}
	if (!sends)
		return XDP_DROP;
	return segment_send(ctx, &ends, &seg, ends.setting->client_mac);
}
