# SPDX-License-Identifier: Apache-2.0
"""The comparison's own rules: a colour per real server, cards beside each other."""

from __future__ import annotations

from lablib.pages.styles import DARK

COLOURS = (
    # (light, dark)
    ("#1d5fd1", "#6aa8ff"),
    ("#c2371f", "#ff8f78"),
    ("#15704a", "#59c795"),
    ("#8447b0", "#cb9df0"),
    ("#8a6100", "#e3b34d"),
    ("#4d5966", "#b6c1cc"),
)


def _colours(which: int) -> str:
    return "".join(f"--real{number}:{pair[which]};" for number, pair in enumerate(COLOURS))


_RULES = """
.cases{min-width:1050px}
.cases thead th{white-space:normal;vertical-align:bottom}
.cases td,.cases th{padding:5px 7px}
.cases td,.cases tbody th{vertical-align:middle}
.cases tbody th{min-width:12em}
.cases tbody th small,.choose small{display:block;font-weight:400;color:var(--quiet);font-size:12px}
.cases .choose{min-width:18em;font-size:13px}
.cases .good{color:var(--good);font-weight:700}
.cases .bad{color:var(--bad);font-weight:700}
.cases svg{margin:0}
.cards{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,460px),1fr));gap:16px;
  margin-top:12px}
.cards h3{margin:0 0 2px;font-size:16px}
.cards p{font-size:13.5px;margin:4px 0}
.cards svg{width:100%;height:auto;margin:8px 0}
.took b{font-size:15px}
svg .slow{fill:var(--bar)}
svg .base{stroke:var(--edge)}
svg .scale{stroke:var(--edge);stroke-dasharray:2 3}
svg .quiet{fill:var(--quiet)}
svg .middle{text-anchor:middle}
svg .due{stroke:var(--ink);stroke-width:2}
svg .track{fill:var(--track)}
svg .range{stroke:var(--request);stroke-width:5;stroke-linecap:round;opacity:.35}
svg .p50{fill:var(--card);stroke:var(--request);stroke-width:2.5}
svg .p99{fill:var(--request)}
"""

STYLE = f":root{{{_colours(0)}}}@media {DARK}{{:root{{{_colours(1)}}}}}{_RULES}" + "".join(
    f"svg .real{n}{{fill:var(--real{n})}}svg .line{n}{{stroke:var(--real{n});fill:none}}"
    for n in range(len(COLOURS))
)
