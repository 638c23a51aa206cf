# SPDX-License-Identifier: Apache-2.0
"""What is compared: every algorithm, and when to choose it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Case:
    """A row of the comparison."""

    algorithm: str
    looks_at: str
    choose: str  # "Choose it when ..."
    beware: str
    equal: bool = False  # weights are set to 1, all of them: which is wrong here

    @property
    def name(self) -> str:
        """The algorithm, and what is different about the case."""
        return f"{self.algorithm}, equal weights" if self.equal else self.algorithm


CASES = (
    Case(
        "round-robin",
        "nothing: each real server in turn",
        "all real servers are alike and connections are short and alike.",
        "A slow real server gets as much as a fast one.",
    ),
    Case(
        "weighted-round-robin",
        "weights",
        "real servers differ, you know by how much, and it does not change.",
        "It does not notice when a real server becomes slow: it goes on sending it its share.",
    ),
    Case(
        "least-connection",
        "open connections",
        "connections last very differently (some short, some for hours) and real servers are "
        "alike.",
        "It gives a small real server as many connections at a time as a large one.",
    ),
    Case(
        "weighted-least-connection",
        "open connections, weights",
        "you are in doubt: real servers differ, connections differ, and a real server may become "
        "slow at any time.",
        "It evens out connections, not the work that each of them makes.",
    ),
    Case(
        "fastest-response-time",
        "time from SYN to SYN-ACK",
        "what differs is the way to the real servers: distance, or links that fill up.",
        "A kernel answers a SYN at once, however slow the application behind it is: a real "
        "server whose application hangs looks as fast as ever, and its idle link even faster. And "
        "where there is much to do, too many are on their way to the fastest before it shows.",
    ),
    Case(
        "adaptive",
        "open and pending connections",
        "least-connection would do, but handshakes take a while or are not answered: ways are "
        "long, many connect at the same moment, listen queues are full.",
        "It knows no weights, as least-connection.",
    ),
    Case(
        "hash",
        "the client's address, weights",
        "a client is to meet the same real server again (caches, sessions) without any memory of "
        "it, and there are many clients.",
        "A few busy clients make a busy real server; it notices nothing of load.",
    ),
    Case(
        "maglev",
        "addresses and ports, weights",
        "several balancers are to choose alike without talking to each other, or connections are "
        "to go on when one has lost its tables (in the DSR modes).",
        "It notices nothing of load; shares are those of the weights, but by chance, not in turn.",
    ),
    Case(
        "maglev",
        "addresses and ports",
        "never on purpose: this row shows what weights that were forgotten do.",
        "Weights are all that an algorithm that looks at no load knows of real servers.",
        equal=True,
    ),
)


def chosen(names: str | None) -> tuple[Case, ...]:
    """The cases of a list "a,b" of algorithms, or all; ValueError when there is no such one."""
    if names is None:
        return CASES
    wanted = [name.strip() for name in names.split(",")]
    known = {case.name: case for case in CASES if not case.equal}
    for name in wanted:
        if name not in known:
            raise ValueError(f"no algorithm {name!r}; there are: {', '.join(known)}")
    return tuple(known[name] for name in wanted)
