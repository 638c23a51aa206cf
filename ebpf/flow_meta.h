/* SPDX-License-Identifier: GPL-2.0-only */
/* The meta word of a flow table's entry (layout: abi.h), and what can be read from it alone. */
#ifndef DSRLB_FLOW_META_H
#define DSRLB_FLOW_META_H

#include "maps.h"
#include "packet.h"

#define META_STATE 0xfull
#define META_PROBE_SHIFT 4
#define META_REVERSE 0x80ull
#define META_TAG 0xff00ull
#define META_TAG_SHIFT 8
#define META_VERSION_SHIFT 16
#define META_VERSION 0xffff0000ull
#define META_EXPIRES_SHIFT 32

/* 64-bit forms are all that LLVM 14 makes of these for BPF, and all that is needed. */
#define compare_and_swap(word, old, new) __sync_val_compare_and_swap(word, old, new)
#define exchange(word, new) __sync_lock_test_and_set(word, new)

static __always_inline struct flow_settings *flow_settings_find(void)
{
	lookup_key zero = 0;

	return flow_settings.lookup(&zero);
}

/* As bpf_ktime_get_coarse_ns() >> TICK_SHIFT, without a call: the JIT makes one load of bpf_jiffies64(). */
static __always_inline u32 clock_tick(void)
{
	struct flow_settings *settings = flow_settings_find();

	if (!settings)
		return 0;
	return (bpf_jiffies64() * settings->jiffy_ns + settings->jiffies_behind) >> TICK_SHIFT;
}

static __always_inline u64 meta_load(const u64 *meta)
{
	return *(const volatile u64 *)meta;
}

static __always_inline u32 meta_state(u64 meta)
{
	return meta & META_STATE;
}

static __always_inline u32 meta_version(u64 meta)
{
	return (meta & META_VERSION) >> META_VERSION_SHIFT;
}

static __always_inline u32 meta_expires(u64 meta)
{
	return meta >> META_EXPIRES_SHIFT;
}

static __always_inline bool meta_expired(u64 meta, u32 now)
{
	return (s32)(now - meta_expires(meta)) >= 0;
}

/* The same entry in another state, with another expiry. */
static __always_inline u64 meta_with(u64 meta, u32 state, u32 expires)
{
	return (meta & (META_VERSION | META_TAG | META_REVERSE | 7ull << META_PROBE_SHIFT)) |
	       (u64)expires << META_EXPIRES_SHIFT | state;
}

/* An entry's next version, of another flow or of none. */
static __always_inline u64 meta_next(u64 meta, u32 state, u32 tag, u32 probe, bool reverse)
{
	return ((meta + (1ull << META_VERSION_SHIFT)) & META_VERSION) | (u64)tag << META_TAG_SHIFT |
	       (reverse ? META_REVERSE : 0) | (u64)probe << META_PROBE_SHIFT | state;
}

/* Ticks after which a flow of this timeout is touched again: before half of it has passed. */
static __always_inline u32 ticks_per_touch(u32 timeout)
{
	return timeout < 2 * TICKS_PER_TOUCH ? timeout / 2 : TICKS_PER_TOUCH;
}

/* 1 for 0, else 0; without a branch, also of LLVM's. */
static __always_inline u64 is_zero(u64 below_2_63)
{
	u64 zero = below_2_63 - 1;

	hide(zero);
	zero >>= 63;
	hide(zero);
	return zero;
}

static __always_inline u64 meta_is_busy(u64 meta)
{
	return is_zero(meta_state(meta) ^ FLOW_BUSY);
}

static __always_inline bool meta_is_flow(u64 meta)
{
	return meta_state(meta) && meta_state(meta) != FLOW_BUSY;
}

/*
 * Who gives way first: less is worth less. 0 is free. Within a state the flow that is nearest to its
 * timeout goes, which is the one that has been idle longest. No branch, see survey_set().
 */
static __always_inline u64 meta_worth(u64 meta, u32 now)
{
	s64 left = (s32)(meta_expires(meta) - now);
	u64 dead = (u64)(left - 1) >> 63 | is_zero(meta_state(meta));

	return ((u64)meta_state(meta) << 32 | (u32)left) & (dead - 1);
}

#endif
