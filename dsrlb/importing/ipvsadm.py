# SPDX-License-Identifier: Apache-2.0
"""Read what `ipvsadm --save` writes (ipvsadm(8)): a line for each virtual and real server."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Literal

from dsrlb.config.values import IPAddress
from dsrlb.errors import ConfigError
from dsrlb.importing.addresses import WHOLE_MASKS, address_of, number_of, port_of
from dsrlb.importing.form import Member, Method, Virtual, endpoint
from dsrlb.importing.octets import decoded
from dsrlb.importing.options import Line, parse
from dsrlb.importing.report import Place, Report, nothing, wrong

_FLAG_NAMES = {
    "sh-port": "port", "mh-port": "port", "flag-2": "port",
    "sh-fallback": "fallback", "mh-fallback": "fallback", "flag-1": "fallback",
}  # fmt: skip
_OTHER = {
    "-C": "clears what was there",
    "--clear": "clears what was there",
    "--set": "timeouts are those of each service: idle_timeout, closing_timeout",
    "--start-daemon": "flows are not copied to another balancer",
    "--stop-daemon": "flows are not copied to another balancer",
}


class _Endpoints:
    """Reads addresses with ports."""

    def __init__(self, report: Report) -> None:
        self._report = report

    def read(self, text: str, place: Place) -> tuple[IPAddress, int] | None:
        """An address and a port (0: none); None, and told, for the name of a host."""
        host, port = _split(text)
        try:
            number, named = port_of(port)
        except ValueError as error:
            message = f"a port: {error}; write the file with `ipvsadm -Sn`"
            raise wrong(place, "port", text, message) from error
        try:
            address = address_of(host)
        except ValueError:
            if not host.strip("-._").isascii() or not any(map(str.isalpha, host)) or ":" in host:
                raise wrong(place, "address", text, "an address such as 192.0.2.10:80") from None
            why = "the name of a host; write the file with `ipvsadm -Sn`"
            self._report.lost(place, text, why)
            return None
        if named:
            self._report.near(place, text, f"port {port} is taken as {number}")
        return address, number


def _split(text: str) -> tuple[str, str]:
    """Host and port; [2001:db8::10]:80, 192.0.2.10:80, either without a port ("0")."""
    if text.startswith("["):
        host, _, port = text[1:].partition("]")
        return host, port.removeprefix(":") or "0"
    if text.count(":") > 1:
        return text, "0"
    host, _, port = text.partition(":")
    return host, port or "0"


@dataclass(slots=True)
class _Found:
    """A virtual server and the real servers that came so far; None: it is left out."""

    virtual: Virtual | None
    members: list[Member] = field(default_factory=list)


class _Reader:
    def __init__(self, report: Report) -> None:
        self._report = report
        self._endpoints = _Endpoints(report)
        self._found: dict[tuple[str, str], _Found] = {}

    def take(self, line: Line) -> None:
        """Take a line in. Raises ConfigError for one that is of no use."""
        kind, value = line.service
        if line.verb == "-A":
            if (kind, value) in self._found:
                raise wrong(line.place, kind, value, "this virtual server stands twice")
            self._found[kind, value] = _Found(None)  # lines -a of one that is wrong are told so
            self._found[kind, value].virtual = self._virtual(line, kind, value)
            return
        found = self._found.get((kind, value))
        if found is None:
            raise wrong(line.place, kind, value, "there is no line -A of this virtual server")
        if found.virtual is None:
            label = f"real server {line.options.get('-r', '')}".strip()
            self._report.lost(line.place, label, "its virtual server is not carried over")
            return
        member = self._member(line)
        if member is not None:
            found.members.append(member)

    def virtuals(self) -> Iterator[Virtual]:
        """Those that can be carried over."""
        for found in self._found.values():
            if found.virtual is not None:
                yield replace(found.virtual, members=tuple(found.members))

    def count(self) -> int:
        """How many there are in all."""
        return len(self._found)

    def _virtual(self, line: Line, kind: str, value: str) -> Virtual | None:
        place = line.place
        if kind == "-f":
            why = "packets are not told by firewall marks; give the service its VIPs and ports"
            self._report.lost(place, f"virtual server fwmark {value}", why)
            return None
        if kind == "--sctp-service":
            self._report.lost(place, f"virtual server sctp {value}", "services are tcp or udp")
            return None
        where = self._endpoints.read(value, place)
        if where is None:
            return None
        protocol: Literal["tcp", "udp"] = "tcp" if kind == "-t" else "udp"
        options = line.options
        if options.get("-M", WHOLE_MASKS[0]) not in WHOLE_MASKS:
            why = "persistence is of single client addresses"
            self._report.lost(place, f"-M {options['-M']}", why)
        if "--pe" in options:
            why = "persistence is by client addresses alone"
            self._report.lost(place, f"--pe {options['--pe']}", why)
        address, port = where
        label = f"{protocol} {endpoint(address, port)}"
        return Virtual(
            place=place,
            label=f"virtual server {label}",
            name=label,
            addresses=(address,),
            ports=(port,),
            protocol=protocol,
            scheduler=line.options.get("-s", "wlc"),
            flags=self._flags(line),
            members=(),
            scheduler_place=place,
            persistence=line.number("-p", 0, 1 << 31, 0),
            one_packet="-o" in line.options,
        )

    def _flags(self, line: Line) -> frozenset[str]:
        flags = set()
        for flag in filter(None, line.options.get("-b", "").split(",")):
            if flag not in _FLAG_NAMES:
                self._report.lost(line.place, f"-b {flag}", "no such flag is known")
            flags.add(_FLAG_NAMES.get(flag, flag))
        return frozenset(flags)

    def _member(self, line: Line) -> Member | None:
        if "-r" not in line.options:
            raise wrong(line.place, line.verb, "-r", "the real server is missing")
        weight = line.number("-w", 0, 65535, 1)
        upper, lower = line.number("-x", 0, 1 << 31, 0), line.number("-y", 0, 1 << 31, 0)
        where = self._endpoints.read(line.options["-r"], line.place)
        method = self._method(line)
        if where is None or method is None:
            return None
        address, port = where
        return Member(line.place, address, port, method, weight, upper, lower)

    def _method(self, line: Line) -> Method | None:
        options = line.options
        if "-m" in options:
            return Method("masquerade")
        if "-i" not in options:
            return Method("direct")
        kind = options.get("--tun-type", "ipip")
        for option in ("--tun-csum", "--tun-remcsum"):
            if option in options:
                self._report.lost(line.place, option, "outer UDP packets have no checksum")
        if kind == "ipip":
            return Method("ipip")
        if kind == "gue":
            return Method("gue", _gue_port(line))
        label = f"real server {options['-r']}"
        self._report.lost(line.place, label, f"no tunnels of type {kind}: ipip or gue")
        return None


def _gue_port(line: Line) -> int:
    """Raises ConfigError: no other port than that of the file would do."""
    text = line.options.get("--tun-port", "6080")
    try:
        return number_of(text, 1, 65535)
    except ValueError as error:
        raise wrong(line.place, "--tun-port", text, str(error)) from error


def _words(text: str) -> list[str]:
    """Without the program's name."""
    words = text.split()
    if words and words[0].rpartition("/")[2] == "ipvsadm":
        del words[0]
    return words


def read(text: str, filename: str, report: Report) -> tuple[Virtual, ...]:
    """The virtual servers of a file; what is left out of them is told, with lines that are wrong.
    Raises ConfigError for what is no such file."""
    reader, rules = _Reader(report), False
    for number, raw in enumerate(text.split("\n"), 1):
        place = Place(filename, number)
        words = _words(decoded(raw.partition("#")[0], place, report))
        if not words:
            continue
        if words[0] in _OTHER:
            report.lost(place, " ".join(words), _OTHER[words[0]])
            continue
        try:
            reader.take(parse(words, place, report))
            rules = True
        except ConfigError as error:
            (problem,) = error.problems
            rules = rules or problem.key != "line"
            why = problem.message
            if problem.key != "line":
                why = f"{problem.key} {problem.value}: {why}"
            report.lost(place, " ".join(words), why)
    start = Place(filename, 1)
    if not rules:
        raise wrong(start, "file", filename, "no virtual server: no line begins with -A")
    if not reader.count():
        raise nothing(report, start, "no virtual server could be carried over")
    why = 'nobody is asked whether he serves (type = "none"): rules of ipvsadm have no checks'
    report.near(start, "health", why)
    return tuple(reader.virtuals())
