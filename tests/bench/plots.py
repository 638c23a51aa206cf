# SPDX-License-Identifier: Apache-2.0
"""Plots of the rows, as SVG and PNG. They need matplotlib, which `make bench` installs."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from tests.bench.cases import FLOWS, MODES

Row = Mapping[str, Any]
Rows = Sequence[Row]

_MET, _MISSED, _OTHER = "#2f6f9f", "#c8553d", "#9a9a9a"
_KINDS = ("svg", "png")
_DPI = 150
_FAMILIES = {"ipv4": "-", "ipv6": "--"}


def available() -> bool:
    """Is matplotlib there?"""
    return find_spec("matplotlib") is not None


def label(row: Row) -> str:
    """What a row is of, in a few words."""
    count = "1 flow" if row["flows"] == 1 else f"{row['flows']:,} flows"
    flows = count if row["case"] == "established" else row["algorithm"]
    words = [row["case"], row["method"] or row["mode"], row["family"], row["protocol"], flows]
    if row["mode"] != "l2dsr" and row["mode"] != "l3dsr":
        words.append(row["direction"])
    return " ".join(words)


def _ratios(axes: Any, rows: Rows) -> bool:
    shown = [row for row in rows if row["bar"] is not None]
    if not shown:
        return False
    places = range(len(shown))
    ratios = [row["ratio"] for row in shown]
    spread = [
        [row["ratio"] - row["ratio_low"] for row in shown],
        [row["ratio_high"] - row["ratio"] for row in shown],
    ]
    colours = [_MET if row["met"] else _MISSED for row in shown]
    axes.barh(places, ratios, xerr=spread, color=colours, height=0.65, ecolor="#444444")
    bars = [row["bar"] for row in shown]
    axes.plot(bars, places, "|", color="black", markersize=16, markeredgewidth=2, label="bar")
    axes.set_yticks(list(places), [label(row) for row in shown])
    axes.invert_yaxis()
    axes.set_xlabel("net time of a packet, as a multiple of the floor program's (quartiles)")
    axes.legend(frameon=False)
    return True


def _flows(axes: Any, rows: Rows, *, replies: bool) -> bool:
    lines: dict[tuple[str, str], list[tuple[int, float]]] = defaultdict(list)
    for row in rows:
        if row["case"] != "established" or row["protocol"] != "tcp":
            continue
        if (row["mode"] in MODES) == replies:
            name = f"{row['method'] or row['mode']} {row['direction'] if replies else ''}"
            lines[name.strip(), row["family"]].append((row["flows"], row["median_ns"]))
    if not lines:
        return False
    for number, ((name, family), points) in enumerate(sorted(lines.items())):
        flows, times = zip(*sorted(points), strict=True)
        style = {"linestyle": _FAMILIES[family], "color": f"C{number // len(_FAMILIES)}"}
        axes.plot(flows, times, marker="o", label=f"{name} {family}", **style)
    axes.set_xscale("log")
    axes.set_xticks(FLOWS, [f"{flows:,}" for flows in FLOWS])
    axes.set_xlabel("flows")
    axes.set_ylabel("net ns per packet of an established flow (median)")
    axes.set_ylim(bottom=0)
    axes.legend(frameon=False, fontsize="small", loc="center left", bbox_to_anchor=(1, 0.5))
    return True


def _choices(axes: Any, rows: Rows) -> bool:
    lines: dict[str, list[tuple[int, float]]] = defaultdict(list)
    for row in rows:
        if row["case"] == "choose":
            lines[row["algorithm"]].append((row["reals"], row["median_ns"]))
    if not lines:
        return False
    for name, points in lines.items():
        reals, times = zip(*sorted(points), strict=True)
        axes.plot(reals, times, marker="o", label=name)
    axes.set_xscale("log", base=2)
    axes.xaxis.set_major_formatter("{x:,.0f}")
    axes.set_xlabel("real servers")
    axes.set_ylabel("net ns per recorded SYN (median)")
    axes.set_ylim(bottom=0)
    axes.legend(frameon=False, fontsize="small")
    return True


def _scaling(axes: Any, rows: Rows) -> bool:
    if not rows:
        return False
    places = range(len(rows))
    ours = [row["scaling"] for row in rows]
    floors = [row["floor_scaling"] for row in rows]
    axes.barh([at - 0.2 for at in places], ours, height=0.4, color=_MET, label="fast path")
    axes.barh([at + 0.2 for at in places], floors, height=0.4, color=_OTHER, label="floor program")
    axes.axvline(2, color="black", linewidth=1)
    axes.set_yticks(list(places), [label(row) for row in rows])
    axes.invert_yaxis()
    axes.set_xlabel("packets of two CPUs, as a multiple of one's")
    axes.legend(frameon=False, loc="upper left", bbox_to_anchor=(0, 1.08), ncols=2)
    return True


def _end_to_end(axes: Any, rows: Rows) -> bool:
    found: dict[str, dict[str, float]] = defaultdict(dict)
    for row in rows:
        if row["what"] in ("packets", "connections"):
            found[row["variant"]][row["what"]] = row["median"] / 1e6
    places = range(len(found))
    for what, shift, colour in (("packets", -0.2, _MET), ("connections", 0.2, _OTHER)):
        values = [figures.get(what, 0.0) for figures in found.values()]
        axes.barh([at + shift for at in places], values, height=0.4, color=colour, label=what)
    axes.set_yticks(list(places), list(found))
    axes.invert_yaxis()
    axes.set_xlabel("millions per second")
    axes.legend(frameon=False)
    return bool(found)


_PLOTS: dict[str, tuple[str, tuple[float, float], Callable[[Any, Rows], bool]]] = {
    "ratios-and-bars": ("rows", (10, 7), _ratios),
    "time-by-flows": ("rows", (9, 5), partial(_flows, replies=False)),
    "time-by-flows-with-replies": ("rows", (9, 5), partial(_flows, replies=True)),
    "new-flows-by-algorithm": ("rows", (9, 5), _choices),
    "scaling-to-two-cpus": ("scaling", (10, 7), _scaling),
    "end-to-end": ("endtoend", (9, 5), _end_to_end),
}
"""By file name: the section whose rows are shown, inches, and what draws; False: there are none."""


def draw(content: Mapping[str, Any], folder: Path) -> Iterator[Path]:
    """Draw those for which there are rows in results.json's content; yields the SVG files."""
    import matplotlib

    matplotlib.use("agg")
    from matplotlib import pyplot

    for name, (section, inches, fill) in _PLOTS.items():
        figure, axes = pyplot.subplots(figsize=inches, layout="constrained")
        axes.spines[["top", "right"]].set_visible(False)
        if fill(axes, content.get(section, ())):
            for kind in _KINDS:
                figure.savefig(folder / f"{name}.{kind}", dpi=_DPI)
            yield folder / f"{name}.svg"
        pyplot.close(figure)
