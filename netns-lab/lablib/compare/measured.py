# SPDX-License-Identifier: Apache-2.0
"""What the page says of the load, the real servers, and what was measured how."""

from __future__ import annotations

from lablib.compare import reals
from lablib.compare.comparison import Comparison, Part
from lablib.compare.load import CLIENTS, MEAN_BYTES, PAUSE
from lablib.compare.scenarios import DISTANCE, SLOW_FACTOR
from lablib.pages.markup import Markup, join, tag


def about(part: Part) -> str:
    """The scenario in a sentence or two."""
    scenario = part.scenario
    text = f"{len(part.load):,} connections in {part.seconds:g} s. "
    if scenario.slow is not None:
        slow = part.phases[1]
        text += (
            "Shared by weight, real servers can carry them; in equal parts, the small ones cannot. "
            f"From second {slow.start:.3g} to {slow.end:.3g} the application of {scenario.slow} is "
            "slow, while its kernel and its link are as fast as ever."
        )
    if scenario.far:
        text += (
            f"{', '.join(scenario.far)} are {1000 * DISTANCE:g} ms away, the others are near. What "
            "decides is the way, not who has most to do."
        )
    return text


def real_servers(made: Comparison) -> Markup:
    """How fast each is."""
    weights = made.parts[0].weights
    total = sum(weights.values())
    names = ("real", "weight", "link", "of all that they can send")
    rows = [
        (
            name,
            f"{weight}",
            f"{reals.link(weight) / 1e6:g} Mbit/s",
            f"{100 * weight / total:.0f} %",
        )
        for name, weight in weights.items()
    ]
    heads = tag("tr", [tag("th", name) for name in names])
    body = [tag("tr", [tag("td", cell) for cell in row]) for row in rows]
    table = tag("table", tag("thead", heads), tag("tbody", body))
    return join(tag("h2", "The real servers"), tag("div", table, class_="scroll"))


def measured(made: Comparison) -> Markup:
    """How, and what is not."""
    seed = made.parts[0].seed
    late = max((one.late for part in made.parts for one in part.results), default=0.0)
    texts = (
        "Each algorithm gets the same connections: the same times (a Poisson process, seed "
        f"{seed}), clients, sizes and durations, whatever answers do. A short connection asks "
        f"once; a long one asks again every {PAUSE:g} s. An answer has {MEAN_BYTES / 1000:g} kB on "
        f"average. Some of the {CLIENTS} client addresses ask much more often than others.",
        "What a real server sends waits its turn on a link that is as fast as its weight says (tc "
        "tbf on its interface): weights are true, where an algorithm has them. Its application has "
        f"{reals.WORKERS} workers and one queue in front of them, and takes 4 ms for a request on "
        f"average, {SLOW_FACTOR:g} times as long while it is slow; workers wait, and do not "
        "compute, so that it is not this machine that is measured. A far real server is one from "
        "which every frame leaves later.",
        "fastest-response-time goes by the time from a SYN to its SYN-ACK, which the balancer "
        "measures on the wire. It sees the distance, and a link that is busy, since the SYN-ACK "
        "waits behind answers there. It does not see the application: the kernel answers a SYN by "
        "itself as long as the listen queue has room. So a real server whose application is slow "
        "is its favourite: nothing is on its link. Nor does it see what it has begun a moment ago: "
        "many new connections are on their way to the fastest before the first of them is slow.",
        "Algorithms are changed on the running balancer by `dsrlb service set web algorithm=...`; "
        "the series are what `dsrlb reals` says, four times a second. Mode one-arm, IPv4.",
        "All on one machine, a few seconds each, with a fixed seed: look at what differs by a "
        "multiple, not by a few per cent. That machine's own part: 99 of 100 connections began no "
        f"more than {1000 * late:.0f} ms after their time.",
    )
    return join(tag("h2", "How it was measured"), [tag("p", text) for text in texts])
