/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Traces of flows: for each key that stands in a family's tables, main or pending, two bits of one word. A
 * key without them stands nowhere, which most SYNs of a flood learn from a bitmap that stays in the second
 * level of the caches, and not from sets that have to be waited for.
 *
 * Bits are set before a flow is published and never taken back one by one: the daemon makes the idle one
 * of two bitmaps anew and has look-ups go by it (control/flows/traces.py). Until then a key may have a trace and stand
 * nowhere, which costs the search that it would cost otherwise.
 */
#ifndef DSRLB_FLOW_TRACE_H
#define DSRLB_FLOW_TRACE_H

#include "flow_key.h"

/* The hash's high bits say which word, its low ones which bits. */
static __always_inline u64 key_trace(const struct flow_key *key)
{
	return 1ull << (key->hash & 63) | 1ull << (key->hash >> 6 & 63);
}

static __always_inline u64 *trace_word(const struct flow_settings *settings, bool ipv6, u32 bitmap,
				       u32 word)
{
	lookup_key place = ((ipv6 ? 2 : 0) + (bitmap & 1)) * settings->trace_words + word;

	return traces.lookup(&place);
}

static __always_inline u64 *trace_word_of(const struct flow_settings *settings, bool ipv6,
					  u32 bitmap, const struct flow_key *key)
{
	return trace_word(settings, ipv6, bitmap, (u64)key->hash * settings->trace_words >> 32);
}

/* May the key stand in one of its family's tables? If not, it does in none. */
static __always_inline bool key_has_trace(bool ipv6, const struct flow_key *key)
{
	struct flow_settings *settings = flow_settings_find();
	u64 *word, trace = key_trace(key);

	if (!settings)
		return true;
	word = trace_word_of(settings, ipv6, settings->trace_active, key);
	return !word || (*(volatile u64 *)word & trace) == trace;
}

static __always_inline void trace_set(u64 *word, u64 trace)
{
	if (word && (*(volatile u64 *)word & trace) != trace)
		__sync_fetch_and_or(word, trace);
}

/* Before the key's flow is published. Whoever sees it published, and looks later, sees the trace as well. */
static __always_inline void key_leave_trace(bool ipv6, const struct flow_key *key)
{
	struct flow_settings *settings = flow_settings_find();
	u32 active, filling;

	if (!settings)
		return;
	active = *(volatile u32 *)&settings->trace_active;
	filling = *(volatile u32 *)&settings->trace_filling;
	trace_set(trace_word_of(settings, ipv6, active, key), key_trace(key));
	if (filling)
		trace_set(trace_word_of(settings, ipv6, active ^ 1, key), key_trace(key));
}

#endif
