# SPDX-License-Identifier: Apache-2.0
"""The style sheet of all pages: light, dark, narrow, on paper."""

from __future__ import annotations

_COLOURS = {
    # name: (light, dark)
    "paper": ("#fbfbfa", "#15181c"),
    "card": ("#ffffff", "#1c2026"),
    "ink": ("#1c2128", "#e4e7eb"),
    "quiet": ("#5d6673", "#9aa4b1"),
    "edge": ("#d9dde2", "#343b45"),
    "bar": ("#e9edf1", "#272d35"),
    "cable": ("#e9edf1", "#272d35"),
    "request": ("#1d5fd1", "#6aa8ff"),
    "reply": ("#b4500b", "#f5a05a"),
    "good": ("#15704a", "#59c795"),
    "good-back": ("#e2f4ea", "#163527"),
    "bad": ("#b3261e", "#ff8a80"),
    "bad-back": ("#fdeae8", "#43201d"),
    "changed": ("#ffe28a", "#6b5200"),
    "added": ("#cfe6ff", "#173f6b"),
    "track": ("#e9edf1", "#272d35"),
}


def _colours(which: int) -> str:
    return "".join(f"--{name}:{pair[which]};" for name, pair in _COLOURS.items())


_RULES = """
*{box-sizing:border-box}
body{margin:0;background:var(--paper);color:var(--ink);
  font:15px/1.5 system-ui,-apple-system,"Segoe UI",Roboto,"DejaVu Sans",sans-serif}
main{max-width:1256px;margin:0 auto;padding:28px 20px 60px}
h1{font-size:26px;line-height:1.25;margin:0 0 4px;display:flex;flex-wrap:wrap;gap:6px 14px;
  align-items:center}
h2{font-size:18px;margin:40px 0 10px;padding-top:14px;border-top:1px solid var(--edge)}
h3{font-size:15px;margin:22px 0 8px}
p{margin:6px 0;max-width:76ch}
a{color:var(--request)}
.quiet,.about{color:var(--quiet)}
.about{font-size:16px;margin-bottom:14px}
.verdict{font-size:13px;font-weight:700;letter-spacing:.04em;padding:3px 10px;border-radius:99px}
.pass{color:var(--good);background:var(--good-back)}
.fail{color:var(--bad);background:var(--bad-back)}
.facts{display:grid;grid-template-columns:repeat(auto-fit,minmax(150px,1fr));gap:10px;
  margin:20px 0 0;padding:0}
.facts div{background:var(--card);border:1px solid var(--edge);border-radius:8px;padding:9px 13px}
.facts dt{color:var(--quiet);font-size:12.5px}
.facts dd{margin:0;font-size:17px;font-weight:600;overflow-wrap:anywhere}
.facts small{font-weight:400;font-size:12.5px;color:var(--quiet)}
.scroll{overflow-x:auto;max-width:100%}
.card{background:var(--card);border:1px solid var(--edge);border-radius:10px;padding:12px}
table{border-collapse:collapse;font-size:13.5px}
th,td{text-align:left;padding:5px 10px;border-bottom:1px solid var(--edge);vertical-align:top}
thead th{color:var(--quiet);font-weight:600;font-size:12.5px;white-space:nowrap}
.number{text-align:right;font-variant-numeric:tabular-nums;white-space:nowrap}
.wide{width:100%}
.demos td:first-child{min-width:15em}
.demos a{font-weight:600}
.hops{font:11px/1.5 ui-monospace,SFMono-Regular,Menlo,Consolas,"DejaVu Sans Mono",monospace}
.hops td,.hops th{white-space:nowrap;padding:4px 5px}
.hops tbody th{position:sticky;left:0;background:var(--paper);
  font:600 12px/1.4 system-ui,"DejaVu Sans",sans-serif}
.hops .group{text-align:left;border-bottom:0;padding-bottom:0}
mark{color:inherit;background:none;border-radius:3px}
mark.changed{background:var(--changed)}
mark.added{background:var(--added)}
td mark{padding:1px 4px;margin:0 -4px}
.key{display:flex;flex-wrap:wrap;gap:4px 18px;font-size:13px;color:var(--quiet);margin:8px 0}
.key mark{padding:1px 6px}
.swatch{display:inline-block;width:22px;height:3px;border-radius:2px;vertical-align:middle;
  margin-right:6px}
.swatch.request{background:var(--request)}
.swatch.reply{background:var(--reply)}
details{border:1px solid var(--edge);border-radius:8px;margin:5px 0;background:var(--card)}
summary{cursor:pointer;padding:5px 12px;font-size:13.5px;color:var(--quiet)}
summary b{color:var(--ink)}
.hex{padding:0 12px 10px}
.layer{border-left:3px solid var(--edge);padding:1px 0 1px 10px;margin:5px 0;width:600px}
.layer.added{border-color:var(--request);background:var(--added);border-radius:0 6px 6px 0;
  padding-right:10px}
h4{margin:0;font-size:12px;font-weight:600;color:var(--quiet)}
.added h4{color:var(--ink)}
pre{margin:0;font:12px/1.45 ui-monospace,SFMono-Regular,Menlo,Consolas,"DejaVu Sans Mono",monospace}
pre i{font-style:normal;color:var(--quiet)}
.share td{vertical-align:middle}
.track{position:relative;background:var(--track);border-radius:4px;height:16px;min-width:220px}
.fill{height:100%;border-radius:4px;background:var(--request)}
.due{position:absolute;top:-4px;bottom:-4px;width:2px;background:var(--ink)}
.promises td:first-child{width:1%}
.promises .detail{color:var(--bad);font:12px/1.5 ui-monospace,"DejaVu Sans Mono",monospace;
  overflow-wrap:anywhere}
.badge{font-size:11.5px;font-weight:700;padding:2px 8px;border-radius:99px}
.files{columns:4 170px;padding-left:20px;margin:8px 0}
svg{display:block;margin:0 auto}
svg text{font:11px ui-monospace,SFMono-Regular,Menlo,Consolas,"DejaVu Sans Mono",monospace;
  fill:var(--ink);white-space:pre}
svg .name{font:700 14px system-ui,"DejaVu Sans",sans-serif}
svg .segment{font:700 13px system-ui,"DejaVu Sans",sans-serif}
svg .role{font:11px system-ui,"DejaVu Sans",sans-serif;fill:var(--quiet)}
svg .end{text-anchor:end}
svg .mac,svg .route{fill:var(--quiet)}
svg .vip{font-weight:700}
svg .node{fill:var(--card);stroke:var(--edge);stroke-width:1.5}
svg .balancer{stroke:var(--request);stroke-width:2}
svg .bar{fill:var(--bar)}
svg .cable{fill:var(--cable)}
svg .way{fill:none;stroke-width:2;stroke-linejoin:round}
svg .request .way{stroke:var(--request)}
svg .reply .way{stroke:var(--reply)}
svg .request .head{fill:var(--request)}
svg .reply .head{fill:var(--reply)}
svg .pill{fill:var(--bar)}
svg .label{font:11px system-ui,"DejaVu Sans",sans-serif}
svg .request .label{fill:var(--request)}
svg .reply .label{fill:var(--reply)}
@media(max-width:600px){main{padding:18px 14px 40px}h1{font-size:21px}
  .facts{grid-template-columns:1fr 1fr}.track{min-width:140px}}
@page{size:A4 landscape;margin:12mm}
@media print{body{background:#fff;font-size:10pt;-webkit-print-color-adjust:exact;
  print-color-adjust:exact}main{padding:0;max-width:none}.scroll{overflow:visible}
  svg{min-width:0!important;max-width:190mm!important}
  .hops{font-size:6.5pt}.hops th,.hops tbody th{font-size:7pt}.hops td,.hops th{padding:2px 3px}
  details,tr,.card,.layer{break-inside:avoid}h2,h3,thead{break-after:avoid}}
"""

DARK = "screen and (prefers-color-scheme:dark)"
"""When the page is dark: never on paper."""

SHEET = (
    f":root{{color-scheme:light dark;{_colours(0)}}}@media {DARK}{{:root{{{_colours(1)}}}}}{_RULES}"
)
