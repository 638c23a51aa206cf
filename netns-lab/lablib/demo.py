# SPDX-License-Identifier: Apache-2.0
"""A demo: real clients through a mode, every frame captured and checked."""

from __future__ import annotations

import json
import shutil
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from lablib import pages, promises, traffic
from lablib.capture import Capture
from lablib.daemons import LARGE_BYTES
from lablib.evidence import Evidence
from lablib.frames import TCP, UDP
from lablib.lab import Lab
from lablib.report import Report
from lablib.shell import BUILD, LabError, wait_until

REQUESTS = 300
DEMOS = BUILD / "demo"
_PROTOCOLS = {"web": TCP, "dns": UDP}  # the services of every topology
Say = Callable[[str], None]


def _counted(lab: Lab, version: int) -> Counter[str]:
    """Packets by service, and of replies that come back ("web replies"), as dsrlb counts them, once
    they have stopped coming."""
    last = Counter[str]()

    def settled() -> bool:
        rows = json.loads(lab.dsrlb("services", "--json"))
        now = Counter[str]()
        for row in rows:
            if row["family"] == f"ipv{version}":
                now[row["name"]] = int(row["packets"])
                if lab.topology.translates:
                    now[f"{row['name']} replies"] = int(row["reply_packets"])
        same = now == last
        last.clear()
        last.update(now)
        return same

    wait_until("the last packets have come", settled)
    return last


def _arrived(seen: Evidence) -> dict[str, int]:
    """The same, as tcpdump saw them."""
    directions = {"": seen.into_balancer()}
    if seen.topology.translates:
        directions[" replies"] = seen.replies_in()
    return {
        name + direction: sum(found.protocol == number for found in frames)
        for name, number in _PROTOCOLS.items()
        for direction, frames in directions.items()
    }


def _forget_neighbours(lab: Lab) -> None:
    """Let everybody but the balancer ask for MAC addresses anew."""
    for node in lab.topology.nodes:
        if node.role != "balancer":
            for interface in node.interfaces:
                lab.exec(node.name, ["ip", "neigh", "flush", "dev", interface.name])


def _outbound(lab: Lab, version: int, requests: int, say: Say) -> list[promises.Promise]:
    """Traffic of connections that real servers open, where they can."""
    if not lab.topology.outbound:
        return []
    each = max(1, requests // 10)
    say(f"IPv{version}: {each} HTTP requests and DNS queries of each real server to the client")
    sent, answered = traffic.outbound(lab, version, each)
    return [promises.answered("outbound, HTTP and DNS", sent, answered)]


def _family(lab: Lab, version: int, requests: int, download: int, folder: Path, say: Say) -> Report:
    """Traffic and checks of one family; the captures go into ``folder``."""
    topology = lab.topology
    vip = topology.vip(version)
    shutil.rmtree(folder, ignore_errors=True)
    capture = Capture(lab, folder)
    before = _counted(lab, version)
    _forget_neighbours(lab)
    capture.start()
    try:
        say(f"IPv{version}: {requests} HTTP requests to {vip}")
        web = traffic.http(lab, vip, requests)
        say(f"IPv{version}: a download of {download >> 20} MB")
        complete, size = traffic.download(lab, vip, download)
        say(f"IPv{version}: {requests} DNS queries to {vip}")
        dns = traffic.dns(lab, vip, requests)
        outbound = _outbound(lab, version, requests, say)
        after = _counted(lab, version)
    finally:
        capture.stop()
    say(f"IPv{version}: checking every frame")
    seen = Evidence(topology, vip, {name: capture.frames(name) for name, _, _ in capture.points})
    flows = {name: promises.flows_by_real(seen, number) for name, number in _PROTOCOLS.items()}
    arrived = _arrived(seen)
    held = [
        promises.answered("HTTP", web.sent, web.answered),
        promises.answered("DNS", dns.sent, dns.answered),
        *outbound,
        promises.complete(complete, size, download),
        *(promises.shares(name, flows[name], topology.shares[name]) for name in flows),
        *promises.METHODS[topology.kind](seen),
        *(promises.counters(name, after[name] - before[name], arrived[name]) for name in arrived),
    ]
    pcaps = [capture.path(name) for name, _, _ in capture.points]
    date = datetime.now(UTC).isoformat(timespec="seconds")
    return Report(topology, version, held, {"web": web, "dns": dns}, flows, seen, date, pcaps)


def run(
    lab: Lab,
    say: Say,
    *,
    requests: int = REQUESTS,
    download: int = LARGE_BYTES,
    output: Path | None = None,
) -> bool:
    """Run the demo of a lab that is up, in both families; True when every promise held.

    ``requests``: per family and service; ``download``: bytes, per family.
    """
    topology = lab.topology
    if topology.kind not in promises.METHODS:
        raise LabError(f"there is no demo of {topology.kind}")
    verified = True
    for version in sorted({vip.version for vip in topology.vips}):
        folder = (output or DEMOS) / f"{topology.kind}-ipv{version}"
        report = _family(lab, version, requests, download, folder, say)
        report.write(folder)
        (folder / "report.html").write_text(pages.report(report))
        pages.write_index(folder.parent)
        for line in report.text():
            say(line)
        say(f"\nIPv{version}: {'VERIFIED' if report.verified else 'NOT VERIFIED'}")
        say(f"captures, report.html and report.json: {folder}")
        verified = verified and report.verified
    return verified
