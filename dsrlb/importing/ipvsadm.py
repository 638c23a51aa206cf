# SPDX-License-Identifier: Apache-2.0
"""Read what `ipvsadm --save` writes (ipvsadm(8)): a line for each virtual and real server."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

from dsrlb.config.values import IPAddress
from dsrlb.importing.addresses import address_of, number_of, port_of
from dsrlb.importing.form import Member, Method, Virtual, endpoint
from dsrlb.importing.report import Place, Report, wrong

_LONG = {
    "--add-service": "-A", "--add-server": "-a", "--tcp-service": "-t", "--udp-service": "-u",
    "--fwmark-service": "-f", "--scheduler": "-s", "--persistent": "-p", "--netmask": "-M",
    "--real-server": "-r", "--gatewaying": "-g", "--masquerading": "-m", "--ipip": "-i",
    "--weight": "-w", "--u-threshold": "-x", "--l-threshold": "-y", "--sched-flags": "-b",
    "--ops": "-o", "-O": "-o", "--ipv6": "-6",
}  # fmt: skip
_VALUES = (
    "-t", "-u", "-f", "--sctp-service", "-s", "-M", "-r", "-w", "-x", "-y", "-b", "--pe",
    "--tun-type", "--tun-port",
)  # fmt: skip
_FLAGS = ("-g", "-m", "-i", "-o", "-6", "--tun-csum", "--tun-nocsum", "--tun-remcsum")
_KINDS = ("-t", "-u", "-f", "--sctp-service")
_FLAG_NAMES = {
    "sh-port": "port", "mh-port": "port", "flag-2": "port",
    "sh-fallback": "fallback", "mh-fallback": "fallback", "flag-1": "fallback",
}  # fmt: skip
_DEFAULT_PERSISTENCE = 300
_OTHER = {
    "-C": "clears what was there",
    "--clear": "clears what was there",
    "--set": "timeouts are those of each service: idle_timeout, closing_timeout",
    "--start-daemon": "flows are not copied to another balancer",
    "--stop-daemon": "flows are not copied to another balancer",
}


@dataclass(slots=True)
class _Line:
    """A line by its options."""

    place: Place
    verb: str
    options: dict[str, str]

    @property
    def service(self) -> tuple[str, str]:
        """What names the virtual server: option and value, as they stand."""
        found = [(option, self.options[option]) for option in _KINDS if option in self.options]
        if len(found) != 1:
            raise wrong(
                self.place, self.verb, " ".join(self.options), "one virtual server: -t, -u or -f"
            )
        return found[0]

    def number(self, option: str, low: int, high: int, default: int) -> int:
        """The value of an option, or the default."""
        if option not in self.options:
            return default
        text = self.options[option]
        try:
            return number_of(text, low, high)
        except ValueError as error:
            raise wrong(self.place, option, text, str(error)) from error


def _parse(words: Sequence[str], place: Place) -> _Line:
    verb, *rest = words
    verb = _LONG.get(verb, verb)
    if verb not in ("-A", "-a"):
        message = "a line of `ipvsadm --save` begins with -A or -a"
        raise wrong(place, "line", " ".join(words), message)
    options: dict[str, str] = {}
    waiting = iter(rest)
    pending = next(waiting, None)
    while pending is not None:
        option, pending = _LONG.get(pending, pending), next(waiting, None)
        if option in _VALUES:
            if pending is None:
                raise wrong(place, option, "", "a value is missing")
            options[option], pending = pending, next(waiting, None)
        elif option == "-p":
            has_value = pending is not None and not pending.startswith("-")
            options[option] = pending if has_value and pending else str(_DEFAULT_PERSISTENCE)
            pending = next(waiting, None) if has_value else pending
        elif option in _FLAGS:
            options[option] = ""
        else:
            raise wrong(place, "option", option, "no option of `ipvsadm --save`")
    return _Line(place, verb, options)


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

    def take(self, line: _Line) -> None:
        """Take a line in."""
        kind, value = line.service
        if line.verb == "-A":
            if (kind, value) in self._found:
                raise wrong(line.place, kind, value, "this virtual server stands twice")
            self._found[kind, value] = _Found(self._virtual(line, kind, value))
            return
        found = self._found.get((kind, value))
        if found is None:
            raise wrong(line.place, kind, value, "there is no line -A of this virtual server")
        member = self._member(line)
        if member is not None and found.virtual is not None:
            found.members.append(member)

    def virtuals(self) -> Iterator[Virtual]:
        """Those that can be carried over."""
        for found in self._found.values():
            if found.virtual is not None:
                yield replace(found.virtual, members=tuple(found.members))

    def count(self) -> int:
        """How many there are in all."""
        return len(self._found)

    def _virtual(self, line: _Line, kind: str, value: str) -> Virtual | None:
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
        for option, why in (
            ("-M", "persistence is of single client addresses"),
            ("--pe", "persistence is by client addresses alone"),
        ):
            if option in line.options:
                self._report.lost(place, f"{option} {line.options[option]}", why)
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

    def _flags(self, line: _Line) -> frozenset[str]:
        flags = set()
        for flag in filter(None, line.options.get("-b", "").split(",")):
            if flag not in _FLAG_NAMES:
                self._report.lost(line.place, f"-b {flag}", "no such flag is known")
            flags.add(_FLAG_NAMES.get(flag, flag))
        return frozenset(flags)

    def _member(self, line: _Line) -> Member | None:
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

    def _method(self, line: _Line) -> Method | None:
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
            return Method("gue", line.number("--tun-port", 1, 65535, 6080))
        label = f"real server {options['-r']}"
        self._report.lost(line.place, label, f"no tunnels of type {kind}: ipip or gue")
        return None


def _words(text: str) -> list[str]:
    """Without a comment, and without the program's name."""
    words = text.partition("#")[0].split()
    if words and words[0].rpartition("/")[2] == "ipvsadm":
        del words[0]
    return words


def read(text: str, filename: str, report: Report) -> tuple[Virtual, ...]:
    """The virtual servers of a file; what is left out of them is told. Raises ConfigError for
    what is no such file."""
    reader = _Reader(report)
    for number, raw in enumerate(text.split("\n"), 1):
        words, place = _words(raw), Place(filename, number)
        if not words:
            continue
        if words[0] in _OTHER:
            report.lost(place, " ".join(words), _OTHER[words[0]])
            continue
        reader.take(_parse(words, place))
    start = Place(filename, 1)
    if not reader.count():
        raise wrong(start, "file", filename, "no virtual server: no line begins with -A")
    why = 'nobody is asked whether he serves (type = "none"): rules of ipvsadm have no checks'
    report.near(start, "health", why)
    return tuple(reader.virtuals())
