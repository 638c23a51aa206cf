/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The algorithms: how the real server of a new flow is chosen. A row here gives an algorithm its number and
 * says how it goes about it (schedule.h, scan.h). The control plane reads the rows out of this text.
 */
#ifndef DSRLB_ALGORITHMS_H
#define DSRLB_ALGORITHMS_H

#include "abi.h"

/*
 * ALGORITHM(name, text, kind): TURN takes the next of the members or of the table, by a cursor; SCAN
 * compares all members; HASH takes the table's entry that the flow's hash names.
 */
#define ALGORITHMS(ALGORITHM)                                                                      \
	ALGORITHM(ROUND_ROBIN, "round-robin", TURN)                                                \
	ALGORITHM(WEIGHTED_ROUND_ROBIN, "weighted-round-robin", TURN)                              \
	ALGORITHM(LEAST_CONNECTION, "least-connection", SCAN)                                      \
	ALGORITHM(WEIGHTED_LEAST_CONNECTION, "weighted-least-connection", SCAN)                    \
	ALGORITHM(FASTEST_RESPONSE_TIME, "fastest-response-time", SCAN)                            \
	ALGORITHM(ADAPTIVE, "adaptive", SCAN)                                                      \
	ALGORITHM(HASH, "hash", HASH)                                                              \
	ALGORITHM(MAGLEV, "maglev", HASH)

#define ALGORITHM_ENUM(name, text, kind) ALGORITHM_##name,
enum algorithm { ALGORITHM_NONE, ALGORITHMS(ALGORITHM_ENUM) ALGORITHM_COUNT };

enum algorithm_kind { KIND_TURN, KIND_SCAN, KIND_HASH };

#define ALGORITHM_KIND(name, text, kind)                                                           \
	case ALGORITHM_##name:                                                                     \
		return KIND_##kind;

static __always_inline enum algorithm_kind algorithm_kind(u32 algorithm)
{
	switch (algorithm) {
		ALGORITHMS(ALGORITHM_KIND)
	default:
		return KIND_TURN;
	}
}

#endif
