/* SPDX-License-Identifier: GPL-2.0-only */
/* Write down what was decided about a flow: its entry, and that of its source. */
#ifndef DSRLB_RECORD_H
#define DSRLB_RECORD_H

#include "new_flow.h"

/* Does the source's entry in the main table say so already? Then it is kept fresh. */
static __always_inline bool source_is_kept(const struct packet *pkt, struct scratch *with)
{
	const struct recording *recording = &with->recording;
	struct real *real = reals.lookup(&with->index);
	struct flow_ref kept;

	source_key_of(&with->source, pkt, recording->group);
	if (!real || !flow_find_any(false, &with->source, &kept) ||
	    source_real(kept.value, real->service, &with->home_key) != with->index)
		return false;
	flow_touch(&kept, pkt->now + recording->group_ticks);
	return true;
}

/* A persistent service's source moves to the main table together with its flow. */
static __always_inline void promote_source(const struct real *real, struct recording *recording)
{
	struct service_record *record;

	if (!(real->flags & REAL_STICKY))
		return;
	record = service_record_of(real->service);
	if (!record || !record->persistence_ticks)
		return;
	recording->group = record->persistence_group;
	recording->group_ticks = record->persistence_ticks;
}

/* What stood in the way of the flow goes, if it still is the same entry. */
static __always_inline void remove_old(bool ipv6, const struct moving *moving)
{
	struct flow_ref old;

	if (flow_at(ipv6, moving->old_entry, &old) &&
	    !((old.seen ^ moving->old_seen) & META_VERSION))
		flow_remove(&old);
}

static __always_inline void remove_noted(const struct packet *pkt, const struct scratch *with)
{
	if (!with->moving.old)
		return;
	if (pkt->ipv6)
		remove_old(true, &with->moving);
	else
		remove_old(false, &with->moving);
}

/*
 * The flow's entry is there, or there is a good reason why not. Another CPU may have been faster:
 * then with->index becomes that one's choice.
 */
static __always_inline void recorded(const struct packet *pkt, enum insert_result result,
				     struct scratch *with)
{
	const struct recording *recording = &with->recording;
	enum flow_table table = table_of(pkt->ipv6, recording->pending);

	if (result == INSERT_EXISTS) {
		with->index = value_real(recording->found);
		with->is_new = false;
	}
	if (result == INSERT_FULL)
		count_flow_event(table, EVENT_UNRECORDED);
	if (result != INSERT_MADE)
		return;
	if (recording->promotes)
		count_flow_event(table, EVENT_PROMOTED);
	remove_noted(pkt, with);
}

/* Go on with the entry of the flow's source. */
static __always_inline void record_source(const struct packet *pkt, struct scratch *with)
{
	struct recording *recording = &with->recording;

	with->key = with->source;
	recording->source = recording->replace = true;
	recording->state = FLOW_SOURCE;
	if (!recording->pending)
		recording->expires = pkt->now + recording->group_ticks;
}

/* One step of a recording. R_CONTINUE: it is done; R_FLOW_BUSY; R_RECORD: another step is to be made. */
static __always_inline s32 record_step(const struct packet *pkt, struct scratch *with)
{
	struct recording *recording = &with->recording;
	enum insert_result result = pkt->ipv6 ? flow_insert(true, with) : flow_insert(false, with);

	if (result == INSERT_RACED)
		return R_RECORD;
	if (recording->source)
		return R_CONTINUE;
	if (result == INSERT_FULL && !with->by_hash && !with->stateless)
		return R_FLOW_BUSY; /* that is pressure: a SYN's repetition goes by hash */
	recorded(pkt, result, with);
	if (!recording->group || result == INSERT_EXISTS)
		return R_CONTINUE;
	record_source(pkt, with);
	return R_RECORD;
}

/*
 * No step is left. A pending flow can be promoted by its next packet; a source kept by its next flow.
 */
static __always_inline s32 record_failed(const struct scratch *with)
{
	return with->recording.promotes || with->recording.source || with->stateless ? R_CONTINUE :
										       R_FLOW_BUSY;
}

/* Carry out a recording: the flow, then its source. Returns R_CONTINUE or R_FLOW_BUSY. */
static __always_inline s32 record_flow(struct packet *pkt, struct scratch *with)
{
	u32 attempt;

	for (attempt = 0; attempt < INSERT_ATTEMPTS; attempt++) {
		s32 reason = record_step(pkt, with);

		if (reason != R_RECORD)
			return reason;
	}
	return record_failed(with);
}

#endif
