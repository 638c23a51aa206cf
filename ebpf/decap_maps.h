/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Every map of the decapsulation on a real server, and what stands in them.
 *
 * No map is pinned: they live as long as the program is on an interface, and are found by its id.
 */
#ifndef DSRLB_DECAP_MAPS_H
#define DSRLB_DECAP_MAPS_H

#include "headers.h"

/* Raise it when a field changes its meaning: a program of another version is not written to. */
#define DECAP_VERSION 1

#define MAX_DECAP_VIPS 4096
#define MAX_DECAP_REALS 256

#define METHOD_IPIP 1 /* bits of a value of decap_vips[] */
#define METHOD_GUE 2

struct decap_settings {
	u32 version;
	u32 gue_port; /* host order; 0: none */
};

/* What became of encapsulated packets to a VIP. */
enum decap_count { DECAP_IPIP, DECAP_GUE, DECAP_CONGESTED, DECAP_FAILED, DECAP_COUNTS };

BPF_TABLE("array", u32, struct decap_settings, decap_settings, 1);
BPF_TABLE("hash", struct address, u32, decap_vips, MAX_DECAP_VIPS);
BPF_TABLE("hash", struct address, u32, decap_reals, MAX_DECAP_REALS);
BPF_TABLE("percpu_array", u32, u64, decap_counts, DECAP_COUNTS);

#endif
