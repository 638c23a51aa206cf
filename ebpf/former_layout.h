/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the former tables look like: here as the new ones, which are of another size alone. Where they are of a release
 * with other structs, the control plane has these as that release described them, and functions that go from field
 * to field of the same name, in the place of this file (dataplane/converting.py).
 */
#ifndef DSRLB_FORMER_LAYOUT_H
#define DSRLB_FORMER_LAYOUT_H

#define former_set4 flow_set4
#define former_set6 flow_set6
#define former_flow4 flow4
#define former_flow6 flow6
#define former_key4 flow4_key
#define former_key6 flow6_key
#define former_sizes flow_settings
#define FORMER_SPILL_WORDS MAX_SPILL_WORDS

static __always_inline void key4_to_former(struct former_key4 *to, const struct flow4_key *from)
{
	*to = *from;
}

static __always_inline void key4_of_former(struct flow4_key *to, const struct former_key4 *from)
{
	*to = *from;
}

static __always_inline void key6_to_former(struct former_key6 *to, const struct flow6_key *from)
{
	*to = *from;
}

static __always_inline void key6_of_former(struct flow6_key *to, const struct former_key6 *from)
{
	*to = *from;
}

/* What a flow has beside key and value. */
static __always_inline void rest4_of_former(struct flow4 *to, const struct former_flow4 *from)
{
}

static __always_inline void rest6_of_former(struct flow6 *to, const struct former_flow6 *from)
{
}

#endif
