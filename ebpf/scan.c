// SPDX-License-Identifier: GPL-2.0-only
/*
 * STAGE_SCAN: an algorithm that compares all real servers of a service chooses, or any that is not full is looked
 * for; back to STAGE_UNKNOWN.
 */
#include "scan.h"
#include "verdict.h"

static __always_inline s32 serve_scan(struct packet *pkt, struct scratch *with)
{
	struct service_record *record = records.lookup(&with->record);

	if (!record)
		return R_NO_SERVICE;
	if (with->search != SEARCH_WANTED && with->search != SEARCH_BEGUN)
		scan(record, with);
	if (with->search == SEARCH_WANTED)
		search_begin(record, with);
	forget(pkt, with);
	if (with->search == SEARCH_BEGUN ? !search(record, with) : with->search)
		return go_on(pkt, with, STAGE_SCAN);
	with->scanned = SCANNED;
	return go_on(pkt, with, STAGE_UNKNOWN);
}

int dsrlb_scan(struct xdp_md *ctx)
{
	struct packet packet;
	struct scratch *with = resume(&packet, ctx);

	if (!with)
		return XDP_ABORTED;
	return verdict(&packet, serve_scan(&packet, with));
}
