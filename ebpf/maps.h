/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Every map of the fast path. All are pinned; the loader gives the flow tables their sizes.
 *
 * Mapped (BPF_F_MMAPABLE) arrays of the configuration are written by the control plane with aligned
 * 8-byte stores, and never by the program. The flow tables and what belongs to them are the other
 * way round: the program writes (also for the control plane, reaper.h), user space reads.
 */
#ifndef DSRLB_MAPS_H
#define DSRLB_MAPS_H

#include "abi.h"

BPF_TABLE("array", u32, struct settings, settings, 1);
BPF_TABLE("array", u32, struct link, links, LINK_SLOTS);

/* By the daemon: tick at which it was there (0-31), after how many without it it counts as silent (32-62; 0: never),
 * and whether new flows are dropped then (63). */
BPF_F_TABLE("array", u32, u64, heard, 1, BPF_F_MMAPABLE);

BPF_F_TABLE("array", u32, struct own_link, own_links, MAX_LINKS, BPF_F_MMAPABLE);
BPF_TABLE("array", u32, struct interest, interest, 1);
BPF_TABLE("array", u32, struct interest, answers, 1);
BPF_TABLE("hash", struct address, struct vip, vips, MAX_VIPS);
BPF_TABLE("hash", struct service_key, u32, services, MAX_SERVICE_KEYS);

BPF_TABLE("percpu_array", u32, struct known_service, known_services, KNOWN_SERVICES);
BPF_F_TABLE("array", u32, u64, service_epoch, 1, BPF_F_MMAPABLE);

BPF_F_TABLE("array", u32, u64, slots, MAX_SERVICES, BPF_F_MMAPABLE);
BPF_F_TABLE("array", u32, struct service_record, records, MAX_RECORDS, BPF_F_MMAPABLE);
BPF_F_TABLE("array", u32, u64, members, MAX_MEMBERS, BPF_F_MMAPABLE);
BPF_F_TABLE("array", u32, struct real, reals, MAX_REALS, BPF_F_MMAPABLE);
BPF_F_TABLE("array", u32, struct service_name, names, MAX_SERVICES, BPF_F_MMAPABLE);
BPF_TABLE("array", u32, u64, cursors, MAX_SERVICES);
BPF_F_TABLE("array", u32, struct table_line, tables, MAX_TABLE_LINES, BPF_F_MMAPABLE);
BPF_F_TABLE("array", u32, struct response, responses, MAX_REALS, BPF_F_MMAPABLE);
BPF_TABLE("array", u32, struct timing, timings, TIMINGS);

BPF_F_TABLE("array", u32, struct flow_set4, flows4, FLOW_SETS, BPF_F_MMAPABLE);
BPF_F_TABLE("array", u32, struct flow_set6, flows6, FLOW_SETS, BPF_F_MMAPABLE);
BPF_F_TABLE("array", u32, struct cached_set4, cache4, CACHE_SETS4, BPF_F_MMAPABLE);
BPF_F_TABLE("array", u32, struct cached_set6, cache6, CACHE_SETS6, BPF_F_MMAPABLE);
BPF_F_TABLE("array", u32, struct flow_changes, flow_changes, 1, BPF_F_MMAPABLE);
BPF_F_TABLE("array", u32, struct flow_settings, flow_settings, 1, BPF_F_MMAPABLE);
BPF_F_TABLE("array", u32, u64, spills, 4 * MAX_SPILL_WORDS, BPF_F_MMAPABLE);
BPF_F_TABLE("array", u32, u64, traces, TRACE_WORDS, BPF_F_MMAPABLE);
BPF_TABLE("array", u32, u64, inserts, 2 * INSERT_STRIPES);
BPF_F_TABLE("array", u32, u64, pressure, TABLE_COUNT * 8, BPF_F_MMAPABLE);
BPF_TABLE("percpu_array", u32, u64, flow_counters, TABLE_COUNT *MAX_FLOW_EVENTS);
BPF_F_TABLE("array", u32, struct load, loads, MAX_REALS, BPF_F_MMAPABLE);

BPF_F_TABLE("lpm_trie", struct source_key, u32, sources, MAX_SOURCES, BPF_F_NO_PREALLOC);
BPF_TABLE("hash", struct home_key, u32, homes, MAX_HOMES);
BPF_TABLE("array", u32, u64, service_rates, MAX_SERVICES);
BPF_TABLE("lru_hash", struct source_rate_key, u64, source_rates, MAX_SOURCE_RATES);

BPF_F_TABLE("array", u32, struct path, paths, MAX_PATHS, BPF_F_MMAPABLE);
BPF_TABLE("hash", struct address, u32, path_ends, MAX_PATHS);
BPF_F_TABLE("array", u32, struct fragment_set, fragments, FRAGMENT_SETS, BPF_F_MMAPABLE);
BPF_TABLE("array", u32, u64, error_rates, ERROR_BUCKETS);

BPF_F_TABLE("array", u32, struct address, pools, MAX_POOL_ADDRESSES, BPF_F_MMAPABLE);
BPF_F_TABLE("array", u32, struct last_hop, last_hops, MAX_LAST_HOPS, BPF_F_MMAPABLE);
BPF_TABLE("hash", struct address, u32, natted, MAX_REALS);

BPF_F_TABLE("array", u32, struct probe_target, probe_targets, MAX_REALS, BPF_F_MMAPABLE);
BPF_TABLE("lru_hash", struct probe_key, struct probe_flow, probe_flows, MAX_PROBE_FLOWS);

BPF_TABLE("percpu_array", u32, struct traffic, service_traffic, MAX_SERVICES);
BPF_TABLE("percpu_array", u32, struct traffic, real_traffic, MAX_REALS);
BPF_TABLE("percpu_array", u32, u64, counters, MAX_LINKS *MAX_REASONS);

BPF_DEVMAP(egress, MAX_LINKS);
BPF_PROG_ARRAY(stages, STAGE_COUNT);

#endif
