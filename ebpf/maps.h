/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Every map of the fast path. All are pinned; the loader gives flow tables their capacity.
 *
 * Mapped (BPF_F_MMAPABLE) arrays are written by the control plane with aligned 8-byte stores;
 * nothing in them is written by the program.
 */
#ifndef DSRLB_MAPS_H
#define DSRLB_MAPS_H

#include "abi.h"

BPF_TABLE("array", u32, struct settings, settings, 1);
BPF_TABLE("array", u32, struct link, links, LINK_SLOTS);
BPF_TABLE("array", u32, struct interest, interest, 1);
BPF_TABLE("hash", struct address, struct vip, vips, MAX_VIPS);
BPF_TABLE("hash", struct service_key, u32, services, MAX_SERVICE_KEYS);

BPF_F_TABLE("array", u32, u64, slots, MAX_SERVICES, BPF_F_MMAPABLE);
BPF_F_TABLE("array", u32, struct service_record, records, MAX_RECORDS, BPF_F_MMAPABLE);
BPF_F_TABLE("array", u32, u64, members, MAX_MEMBERS, BPF_F_MMAPABLE);
BPF_F_TABLE("array", u32, struct real, reals, MAX_REALS, BPF_F_MMAPABLE);
BPF_F_TABLE("array", u32, struct service_name, names, MAX_SERVICES, BPF_F_MMAPABLE);
BPF_TABLE("array", u32, u64, cursors, MAX_SERVICES);

BPF_TABLE("lru_hash", struct flow4_key, struct flow, flows4, MAX_FLOWS);
BPF_TABLE("lru_hash", struct flow6_key, struct flow, flows6, MAX_FLOWS);
BPF_TABLE("lru_hash", struct flow4_key, struct flow, pending4, MAX_FLOWS);
BPF_TABLE("lru_hash", struct flow6_key, struct flow, pending6, MAX_FLOWS);

BPF_TABLE("percpu_array", u32, struct traffic, service_traffic, MAX_SERVICES);
BPF_TABLE("percpu_array", u32, struct traffic, real_traffic, MAX_REALS);
BPF_TABLE("percpu_array", u32, u64, counters, MAX_LINKS *MAX_REASONS);

BPF_DEVMAP(egress, MAX_LINKS);

#endif
