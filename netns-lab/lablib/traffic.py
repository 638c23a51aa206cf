# SPDX-License-Identifier: Apache-2.0
"""Real clients: curl and dig."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from lablib.daemons import large_file
from lablib.lab import Lab
from lablib.topology import IP

_KEPT_ALIVE = 30  # requests on one connection


@dataclass(slots=True)
class Result:
    """What clients saw: sent, answered, and by whom."""

    sent: int = 0
    answered: int = 0
    by_real: Counter[str] = field(default_factory=Counter)
    connections: Counter[str] = field(default_factory=Counter)


def _host(vip: IP) -> str:
    return f"[{vip}]" if vip.version == 6 else str(vip)


def _ask(lab: Lab, argv: list[str], asking: str = "client") -> list[str]:
    """Run a client; its answers: the lines that are a server's name. What else it prints are its
    own words (";; no servers could be reached") or an error page."""
    role = "real" if asking == "client" else "client"
    servers = {node.name for node in lab.topology.role(role)}
    said = lab.exec(asking, argv, check=False).stdout.splitlines()
    names = [line.strip('"') for line in said]  # dig quotes what is a TXT
    return [name for name in names if name in servers]


def _curl(lab: Lab, urls: list[str]) -> list[str]:
    """The answers of one curl process, which keeps its connection between the requests."""
    return _ask(lab, ["curl", "--silent", "--globoff", "--max-time", "20", *urls])


def http(lab: Lab, vip: IP, requests: int) -> Result:
    """Half of the requests on connections of their own, half on kept-alive ones."""
    result = Result()
    url = f"http://{_host(vip)}/name"
    fresh = requests // 2
    for _ in range(fresh):
        answers = _curl(lab, [url])
        result.connections.update(answers)
        result.by_real.update(answers)
    left = requests - fresh
    while left:
        batch = min(left, _KEPT_ALIVE)
        answers = _curl(lab, [url] * batch)
        result.connections.update(answers[:1])
        result.by_real.update(answers)
        left -= batch
    result.sent = requests
    result.answered = result.by_real.total()
    return result


def download(lab: Lab, vip: IP, size: int) -> tuple[bool, int]:
    """Fetch the first bytes of the 50 MB file: (complete and unchanged, bytes received)."""
    target = lab.folder / "download.bin"
    url = f"http://{_host(vip)}/large"
    argv = ["curl", "--silent", "--globoff", "--max-time", "60", "-o", str(target)]
    argv += ["--range", f"0-{size - 1}", url]
    lab.exec("client", argv, check=False)
    data = target.read_bytes() if target.exists() else b""
    target.unlink(missing_ok=True)
    with large_file().open("rb") as file:
        return data == file.read(size), len(data)


def dns(lab: Lab, vip: IP, queries: int) -> Result:
    """TXT queries over UDP, each from a port of its own."""
    found = Counter(_ask(lab, _dig(lab, vip, queries)))
    return Result(queries, found.total(), found, Counter(found))


def _dig(lab: Lab, server: IP, queries: int) -> list[str]:
    names: Path = lab.folder / "queries"
    names.write_text("whoami.lab TXT\n" * queries)
    return ["dig", f"@{server}", "+short", "+tries=1", "+timeout=2", "-f", str(names)]


def outbound(lab: Lab, version: int, requests: int) -> tuple[int, int]:
    """Let each real server ask the client so often, over HTTP (connections of their own) and DNS;
    returns (requests, answers)."""
    server = lab.topology.client.address(version)
    assert server is not None, f"the client has no IPv{version} address"
    reals, answers = [node.name for node in lab.topology.role("real")], 0
    for real in reals:
        options = ["--silent", "--globoff", "--max-time", "20", "--header", "Connection: close"]
        urls = [f"http://{_host(server)}/name"] * requests
        answers += len(_ask(lab, ["curl", *options, *urls], real))
        answers += len(_ask(lab, _dig(lab, server, requests), real))
    return 2 * requests * len(reals), answers
