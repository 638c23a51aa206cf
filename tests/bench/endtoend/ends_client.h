/* SPDX-License-Identifier: GPL-2.0-only */
/* The clients. */
#ifndef DSRLB_BENCH_ENDS_CLIENT_H
#define DSRLB_BENCH_ENDS_CLIENT_H

#include "ends_segment.h"

static __always_inline void from_client(const struct ends *ends, u32 number, struct segment *seg)
{
	u32 vip = ends->setting->vip_be;

	seg->source_be = ends->setting->client_be + bpf_htonl(number / ENDS_FIRST_PORT);
	seg->source_port = ENDS_FIRST_PORT + number % ENDS_FIRST_PORT;
	seg->destination_be = vip ? vip : ends->setting->real_be + bpf_htonl(number % ENDS_REALS);
	seg->destination_port = ENDS_PORT;
}

static __always_inline u32 next_number(struct ends_run *run)
{
	return (run->first + (run->cursor++ & (run->count - 1))) & (ENDS_CONNECTIONS - 1);
}

static __always_inline bool syn_next(const struct ends *ends, struct segment *seg)
{
	u32 number = next_number(ends->run);
	struct ends_connection *connection = ends_connections.lookup(&number);

	if (!connection)
		return false;
	connection->state = STATE_SYN;
	connection->sequence = ends->now >> 6; /* as RFC 9293, 3.4.1 has it; and Linux */
	connection->sent = ends->now;
	from_client(ends, number, seg);
	seg->flags = TCP_SYN;
	seg->sequence = connection->sequence++;
	seg->acknowledged = 0;
	seg->length = 0;
	ends->counts->opened++;
	return true;
}

static __always_inline void request(const struct ends *ends, struct ends_connection *connection,
				    u32 number, struct segment *seg)
{
	connection->state = STATE_REQUEST;
	connection->sent = ends->now;
	from_client(ends, number, seg);
	seg->flags = PUSH | TCP_ACK;
	seg->sequence = connection->sequence;
	seg->acknowledged = connection->acknowledged;
	seg->length = PAYLOAD;
	seg->stamp = ends->now;
	seg->close = number >= ENDS_CLOSING ? CLOSE : 0;
	ends->counts->sent++;
}

/* A request over the next connection on which none is under way. */
static __always_inline bool request_next(const struct ends *ends, struct segment *seg)
{
	struct ends_connection *connection;
	u32 try, number;

	for (try = 0; try < ENDS_TRIES; try++) {
		number = next_number(ends->run);
		connection = ends_connections.lookup(&number);
		if (!connection)
			return false;
		if (connection->state == STATE_IDLE || (connection->state == STATE_REQUEST &&
							ends->now - connection->sent > REPEAT_NS)) {
			request(ends, connection, number, seg);
			return true;
		}
	}
	return false;
}

static __always_inline void note_latency(u64 ns)
{
	u32 place = ns >> ENDS_LATENCY_SHIFT;
	u64 *count;

	if (ns >> ENDS_LATENCY_SHIFT >= ENDS_LATENCIES)
		place = ENDS_LATENCIES - 1;
	count = ends_latency.lookup(&place);
	if (count)
		*count += 1;
}

/* A response has come: what the client sends next; false: nothing. */
static __always_inline bool after_response(const struct ends *ends, struct segment *seg)
{
	struct ends_run *run = ends->run;

	ends->counts->done++;
	if (run->goal == GOAL_REQUESTS)
		return request_next(ends, seg);
	if (run->goal == GOAL_ESTABLISH && run->cursor < run->count)
		return syn_next(ends, seg);
	return false;
}

/* What the client makes of a segment: the next one, in its place; false: it sends nothing. */
static __always_inline bool client_goes_on(const struct ends *ends, struct segment *seg)
{
	u32 host = bpf_ntohl(seg->destination_be) - bpf_ntohl(ends->setting->client_be);
	u32 number = host * ENDS_FIRST_PORT + (u16)(seg->destination_port - ENDS_FIRST_PORT);
	struct ends_connection *connection = ends_connections.lookup(&number);

	if (!connection)
		return false;
	if (connection->state == STATE_SYN &&
	    (seg->flags & (TCP_SYN | TCP_ACK)) == (TCP_SYN | TCP_ACK) &&
	    seg->acknowledged == connection->sequence) {
		connection->acknowledged = seg->sequence + 1;
		request(ends, connection, number, seg);
		return true;
	}
	if (connection->state == STATE_REQUEST && seg->length == PAYLOAD &&
	    seg->sequence == connection->acknowledged &&
	    seg->acknowledged == connection->sequence + PAYLOAD) {
		connection->sequence += PAYLOAD;
		connection->acknowledged += PAYLOAD;
		connection->state = seg->close ? STATE_FIN : STATE_IDLE;
		if (!seg->close) {
			note_latency(ends->now - seg->stamp);
			return after_response(ends, seg);
		}
		ends->counts->done++;
		if (!(seg->flags & TCP_FIN))
			return false;
		seg->sequence += PAYLOAD;
	}
	if (connection->state == STATE_FIN && seg->flags & TCP_FIN &&
	    seg->sequence == connection->acknowledged) {
		from_client(ends, number, seg);
		seg->flags = TCP_FIN | TCP_ACK;
		seg->sequence = connection->sequence++;
		seg->acknowledged = ++connection->acknowledged;
		seg->length = 0;
		return true;
	}
	if (connection->state == STATE_FIN && seg->flags == TCP_ACK && !seg->length &&
	    seg->acknowledged == connection->sequence &&
	    seg->sequence == connection->acknowledged) {
		connection->state = STATE_CLOSED;
		ends->counts->closed++;
		return ends->run->goal == GOAL_CONNECTIONS && syn_next(ends, seg);
	}
	if (seg->length || seg->flags != TCP_ACK)
		ends->counts->unexpected++;
	return false;
}

static __always_inline bool acknowledge_next(const struct ends *ends, struct segment *seg)
{
	u32 number = next_number(ends->run);
	const struct ends_connection *connection = ends_connections.lookup(&number);

	if (!connection || connection->state != STATE_IDLE)
		return false;
	from_client(ends, number, seg);
	seg->flags = TCP_ACK;
	seg->sequence = connection->sequence;
	seg->acknowledged = connection->acknowledged;
	seg->length = 0;
	return true;
}

#endif
