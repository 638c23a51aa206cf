// SPDX-License-Identifier: GPL-2.0-only
/*
 * Entry points that do one thing to a flow table, ours or the kernel's LRU hash, with keys of a
 * sequence. `keys` makes the keys alone: what that costs is subtracted.
 */
#include "../../ebpf/unknown.h"

struct flows_control {
	u64 sequence;
	u32 mask;   /* number of keys - 1 */
	u32 offset; /* of the first key: keys of another offset are other keys */
	u32 random; /* 1: in pseudo-random order */
	u32 done;   /* operations that did what they should */
};

BPF_TABLE("array", u32, struct flows_control, flows_control, 1);
BPF_TABLE("lru_hash", struct flow4_key, u64, lru4, LRU_ENTRIES);
BPF_TABLE("lru_hash", struct flow6_key, u64, lru6, LRU_ENTRIES);

#ifndef LRU_ENTRIES
#define LRU_ENTRIES 1024
#endif
#define FINDS 8 /* in one run of the program */

static __always_inline struct flows_control *next_key(struct flow_key *key, bool ipv6)
{
	u32 zero = 0, flow;
	struct flows_control *control = flows_control.lookup(&zero);
	struct address source = {}, destination = { .word_be = { 0x20010db8, 0, 0, 0xc000020a } };

	if (!control)
		return NULL;
	flow = control->sequence++;
	if (control->random)
		flow = ((u64)flow * 0x9e3779b97f4a7c15ull) >> 32;
	flow = (flow & control->mask) + control->offset;
	source.word_be[0] = 0x20010db8;
	source.word_be[3] = flow;
	key->now = 1000;
	key_fill(key, &source, &destination, 0x50000400, PROTO_TCP, ipv6);
	return control;
}

static __always_inline int no_operation(bool ipv6)
{
	struct flow_key key = {};
	struct flows_control *control;
	u32 i;

	for (i = 0; i < FINDS; i++) {
		control = next_key(&key, ipv6);
		if (!control)
			return XDP_ABORTED;
		control->done += key.hash & 1;
	}
	return XDP_PASS;
}

int keys4(struct xdp_md *ctx)
{
	return no_operation(false);
}

int keys6(struct xdp_md *ctx)
{
	return no_operation(true);
}

static __always_inline int own_find(bool ipv6)
{
	struct flow_key key = {};
	struct flow_ref found;
	u32 i;

	for (i = 0; i < FINDS; i++) {
		struct flows_control *control = next_key(&key, ipv6);

		if (!control)
			return XDP_ABORTED;
		control->done += flow_find(ipv6, false, &key, &found);
	}
	return XDP_PASS;
}

int own_find4(struct xdp_md *ctx)
{
	return own_find(false);
}

int own_find6(struct xdp_md *ctx)
{
	return own_find(true);
}

static __always_inline void *lru_find(const struct flow_key *key, bool ipv6)
{
	return ipv6 ? (void *)lru6.lookup((struct flow6_key *)key->word) :
		      (void *)lru4.lookup((struct flow4_key *)key->word);
}

int lru_find4(struct xdp_md *ctx)
{
	struct flow_key key = {};
	u32 i;

	for (i = 0; i < FINDS; i++) {
		struct flows_control *control = next_key(&key, false);

		if (!control)
			return XDP_ABORTED;
		control->done += lru_find(&key, false) != NULL;
	}
	return XDP_PASS;
}

int lru_find6(struct xdp_md *ctx)
{
	struct flow_key key = {};
	u32 i;

	for (i = 0; i < FINDS; i++) {
		struct flows_control *control = next_key(&key, true);

		if (!control)
			return XDP_ABORTED;
		control->done += lru_find(&key, true) != NULL;
	}
	return XDP_PASS;
}

/* One key a run: an insert is long, and the kernel's cannot be in a loop of this kind. */
int key4(struct xdp_md *ctx)
{
	struct flow_key key = {};
	struct flows_control *control = next_key(&key, false);

	if (control)
		control->done += key.hash & 1;
	return XDP_PASS;
}

int key6(struct xdp_md *ctx)
{
	struct flow_key key = {};
	struct flows_control *control = next_key(&key, true);

	if (control)
		control->done += key.hash & 1;
	return XDP_PASS;
}

static __always_inline int own_insert(bool ipv6)
{
	struct scratch *with = scratch_find();
	struct flows_control *control;

	if (!with)
		return XDP_ABORTED;
	control = next_key(&with->key, ipv6);
	if (!control)
		return XDP_ABORTED;
	with->recording.value = 1;
	with->recording.state = FLOW_DATA;
	with->recording.expires = 1u << 30;
	with->recording.pending = with->recording.reverse = false;
	with->recording.replace = with->recording.may_replace = true;
	control->done += flow_insert(ipv6, with) == INSERT_MADE;
	return XDP_PASS;
}

int own_insert4(struct xdp_md *ctx)
{
	return own_insert(false);
}

int own_insert6(struct xdp_md *ctx)
{
	return own_insert(true);
}

int lru_insert4(struct xdp_md *ctx)
{
	struct flow_key key = {};
	struct flows_control *control = next_key(&key, false);
	u64 value = 1;

	if (control)
		control->done += !lru4.update((struct flow4_key *)key.word, &value);
	return XDP_PASS;
}

int lru_insert6(struct xdp_md *ctx)
{
	struct flow_key key = {};
	struct flows_control *control = next_key(&key, true);
	u64 value = 1;

	if (control)
		control->done += !lru6.update((struct flow6_key *)key.word, &value);
	return XDP_PASS;
}

static __always_inline int own_remove(bool ipv6)
{
	struct flow_key key = {};
	struct flows_control *control = next_key(&key, ipv6);
	struct flow_ref found;

	if (control && flow_find(ipv6, false, &key, &found))
		control->done += flow_remove(&found);
	return XDP_PASS;
}

int own_remove4(struct xdp_md *ctx)
{
	return own_remove(false);
}

int own_remove6(struct xdp_md *ctx)
{
	return own_remove(true);
}

int lru_remove4(struct xdp_md *ctx)
{
	struct flow_key key = {};
	struct flows_control *control = next_key(&key, false);

	if (control)
		control->done += !lru4.delete((struct flow4_key *)key.word);
	return XDP_PASS;
}

int lru_remove6(struct xdp_md *ctx)
{
	struct flow_key key = {};
	struct flows_control *control = next_key(&key, true);

	if (control)
		control->done += !lru6.delete((struct flow6_key *)key.word);
	return XDP_PASS;
}
