// SPDX-License-Identifier: GPL-2.0-only
/* STAGE_DELIVER: to a real server that another stage found (scratch[].index). */
#include "deliver.h"
#include "fragments.h"
#include "mss.h"
#include "pairing.h"
#include "toa.h"
#include "verdict.h"

/*
 * A request's flow, now and then: keep the reverse half fresh. A flow that has none any more could never be
 * answered: let it go, so that its next packet makes another.
 */
static __always_inline void keep_reverse(struct packet *pkt, struct scratch *with,
					 const struct real *real)
{
	bool pending = with->due == DUE_PENDING;
	struct flow_ref found;

	if (!reverse_key_of(&with->reverse, pkt, real))
		return;
	if (flow_find_any(pending, &with->reverse, &found)) {
		flow_touch(&found, pending ? pkt->now + real->pending_ticks :
					     reverse_expires(real, pkt->now));
		return;
	}
	key_of_packet(&with->forward, pkt);
	if (flow_find_any(pending, &with->forward, &found) && !(found.seen & META_REVERSE))
		flow_remove(&found);
}

/* A first fragment that is the kernel's: so are the others. */
static __always_inline s32 leave_to_kernel(const struct packet *pkt, struct scratch *with)
{
	fragment_place_of(pkt, with);
	fragment_keep(pkt, with, with->fragment.check, 0, 0);
	return R_NO_REAL_PASSED;
}

static __always_inline s32 serve_deliver(struct packet *pkt, struct scratch *with)
{
	struct real *real = reals.lookup(&with->index);
	u32 bytes = frame_bytes(pkt), fragment = pkt->fragment, network = pkt->l3, toa;
	struct way way;
	s32 reason;
	u16 limit;

	if (!real)
		return R_NO_REAL;
	if (!with->index)
		return leave_to_kernel(pkt, with);
	if (pkt->other_mac && real->method != METHOD_BRIDGE)
		return R_OTHER_HOST;
	if (with->due && method_replies(real->method)) {
		keep_reverse(pkt, with, real);
		with->due = DUE_NONE;
		forget(pkt, with);
	}
	limit = unknown(pkt, method_replies(real->method) ? clamps(pkt, real) : 0);
	if (limit) { /* a SYN; once more in deliver(), which it costs less than the verifier */
		reason = set_out_to(pkt, real, &way);
		if (reason != R_CONTINUE)
			return reason;
		forget(pkt, with);
		mss_lower(pkt, limit);
		forget(pkt, with);
	}
	if (fragment == FRAGMENT_FIRST)
		fragment_place_of(pkt, with);
	fragment = unknown(pkt, fragment);
	toa = unknown(pkt, toa_wanted(pkt, with, real));
	reason = deliver(pkt, with->index, real, bytes);
	if (toa && reason == R_FORWARDED) {
		pkt->l4 += pkt->l3 - network;
		forget(pkt, with);
		reason = toa_insert(pkt, real, toa);
	}
	if (reason == R_FORWARDED && fragment == FRAGMENT_FIRST)
		fragment_note(pkt, with, real);
	return reason;
}

int dsrlb_deliver(struct xdp_md *ctx)
{
	struct packet packet;
	struct scratch *with = resume(&packet, ctx);

	if (!with)
		return XDP_ABORTED;
	return verdict(&packet, serve_deliver(&packet, with));
}
