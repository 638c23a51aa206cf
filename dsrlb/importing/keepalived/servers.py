# SPDX-License-Identifier: Apache-2.0
"""virtual_server, virtual_server_group and real_server of keepalived.conf(5)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from dsrlb.config.values import IPAddress
from dsrlb.importing.addresses import WHOLE_MASKS
from dsrlb.importing.form import Member, Method, Virtual, endpoint
from dsrlb.importing.keepalived.blocks import Statement
from dsrlb.importing.keepalived.checks import CHECKERS, TIMING, Check, Checks, Timing, alpha
from dsrlb.importing.keepalived.groups import Group, read_groups
from dsrlb.importing.keepalived.health import Checked, common
from dsrlb.importing.keepalived.values import Values
from dsrlb.importing.report import Place, Report, wrong

_DEFAULT_PERSISTENCE = 360
_FLAGS = {
    "sh-port": "port", "mh-port": "port", "flag-2": "port",
    "sh-fallback": "fallback", "mh-fallback": "fallback", "flag-1": "fallback",
}  # fmt: skip
_WHOLE = [[mask] for mask in WHOLE_MASKS]
_NAT = Method("masquerade")
_UNREACHED = "it is reached in a way that no mode has"
_SCRIPTS = "no scripts are run when something changes; `dsrlb events` tells it"
_LOST = {
    "persistence_engine": "persistence is by client addresses alone",
    "quorum_up": _SCRIPTS,
    "quorum_down": _SCRIPTS,
    "notify_up": _SCRIPTS,
    "notify_down": _SCRIPTS,
    "smtp_alert": "no mail is sent; `dsrlb events` tells changes",
    "hysteresis": "a service is down when nobody is up",
    "ha_suspend": "real servers are asked whether or not this host has the VIP",
    "omega": "real servers stay as they are when the daemon stops",
    "warmup": "checks are spread by jitter",
    "sorry_server_inhibit": "the sorry server is not asked whether it serves",
    "snmp_name": "there is no SNMP",
    "ip_family": "the addresses say it",
    "nat_mask": "keepalived has no use for it any more",
    "flag-3": "no scheduler has it",
    "hashed": "no scheduler has it",
}
_VRRP = "no VRRP: keepalived may go on with it, and the standby has balancer.announce = false"
_ELSEWHERE = "stays in this host's own network configuration"
_BLOCKS = {
    "global_defs": "settings of keepalived itself",
    "static_ipaddress": _ELSEWHERE,
    "static_routes": _ELSEWHERE,
    "static_rules": _ELSEWHERE,
    "static_track_group": _ELSEWHERE,
    "SSL": "checks have no certificates of their own",
    "bfd_instance": "no BFD",
}


@dataclass(slots=True)
class _Settings:
    """What a virtual server says for itself and as the default of its real servers."""

    protocol: str = "tcp"
    scheduler: str = "wlc"
    scheduler_place: Place | None = None
    flags: set[str] = field(default_factory=set)
    method: Method | None = _NAT  # None: one that is told
    persistence: int = 0
    one_packet: bool = False
    inhibit: bool = False
    weight: int = 1
    """Of real servers that say none."""
    virtualhost: str = ""
    timing: Timing = field(default_factory=Timing)
    sorry: Statement | None = None
    sorry_method: Method | None = None
    reals: list[Statement] = field(default_factory=list)


class _Servers:
    """Reads virtual servers."""

    def __init__(self, report: Report, groups: Mapping[str, Group]) -> None:
        self._report = report
        self._values = Values(report)
        self._checks = Checks(self._values)
        self._groups = groups

    def read(self, block: Statement) -> Iterator[Virtual]:
        """The virtual servers of a block: one for each set of ports."""
        where = self._where(block)
        settings = self._settings(block)
        if not where:
            return
        if settings.protocol not in ("tcp", "udp"):
            why = f"services are tcp or udp, and this one is {settings.protocol}"
            self._report.lost(block.place, block.text, why)
            return
        protocol: Literal["tcp", "udp"] = "tcp" if settings.protocol == "tcp" else "udp"
        checked = [one for real in settings.reals if (one := self._real(real, settings))]
        sorry = self._sorry(settings)
        for addresses, ports in where:
            name = f"{protocol} {endpoint(addresses[0], ports[0])}"
            if block.values[0] == "group":
                name = block.values[1] if len(where) == 1 else f"{block.values[1]}-{ports[0]}"
            yield Virtual(
                place=block.place,
                label=block.text,
                name=name,
                addresses=addresses,
                ports=ports,
                protocol=protocol,
                scheduler=settings.scheduler,
                flags=frozenset(settings.flags),
                members=tuple(one.member for one in checked),
                scheduler_place=settings.scheduler_place or block.place,
                persistence=settings.persistence,
                one_packet=settings.one_packet,
                sorry=sorry,
                keep_down=settings.inhibit,
                health=common(checked, ports, protocol, self._report),
            )

    def _where(self, block: Statement) -> Sequence[tuple[tuple[IPAddress, ...], tuple[int, ...]]]:
        """The addresses of a virtual server and the ports that they have; nothing, and told, where
        there are none."""
        values = block.values
        if values[:1] == ["fwmark"]:
            why = "packets are not told by firewall marks; give the service its VIPs and ports"
            self._values.lost(block, why)
            return ()
        if values[:1] == ["group"] and len(values) == 2:
            group = self._groups.get(values[1])
            if group is None:
                self._values.lost(block, f"there is no virtual_server_group {values[1]}")
                return ()
            return group.services()
        where = self._values.endpoint(block)
        return () if where is None else [((where[0],), (where[1],))]

    def _settings(self, block: Statement) -> _Settings:
        settings = _Settings()
        for statement in block.inner:
            self._setting(settings, statement)
        return settings

    def _setting(self, settings: _Settings, statement: Statement) -> None:
        values, keyword = self._values, statement.keyword
        if keyword == "real_server":
            settings.reals.append(statement)
        elif keyword in ("lvs_sched", "lb_algo"):
            settings.scheduler = (values.one(statement) or settings.scheduler).lower()
            settings.scheduler_place = statement.place
        elif keyword in ("lvs_method", "lb_kind"):
            settings.method = values.method(statement)
        elif keyword in _FLAGS:
            settings.flags.add(_FLAGS[keyword])
        elif keyword == "protocol":
            settings.protocol = (values.one(statement) or "tcp").lower()
        elif keyword == "persistence_timeout":
            settings.persistence = _DEFAULT_PERSISTENCE
            if statement.values:  # a wrong one is none to keepalived
                settings.persistence = values.number(statement, 0, 1 << 31) or 0
        elif keyword == "ops":
            settings.one_packet = True
        elif keyword == "virtualhost":
            settings.virtualhost = values.one(statement) or ""
        elif keyword == "sorry_server":
            settings.sorry = statement
        elif keyword == "sorry_server_lvs_method":
            settings.sorry_method = values.method(statement)
        elif keyword == "quorum":
            self._quorum(statement)
        elif keyword == "persistence_granularity":
            settings.persistence = settings.persistence or _DEFAULT_PERSISTENCE
            if statement.values not in _WHOLE:  # else it is what persistence does
                values.lost(statement, "persistence is of single client addresses")
        elif keyword == "weight":
            settings.weight = values.number(statement, 1, 65535) or settings.weight
        else:
            self._common(settings, statement)

    def _common(self, settings: _Settings, statement: Statement) -> None:
        """What a virtual server may say for its real servers."""
        keyword = statement.keyword
        if keyword in TIMING:
            settings.timing = settings.timing.take(statement, self._values)
        elif keyword == "inhibit_on_failure":
            settings.inhibit = self._values.flag(statement)
        elif keyword == "alpha":
            alpha(statement, self._values)
        elif keyword in _LOST:
            self._values.lost(statement, _LOST[keyword])
        else:
            self._values.unknown(statement)

    def _quorum(self, statement: Statement) -> None:
        if self._values.number(statement, 1, 1 << 31) not in (None, 1):
            self._values.lost(statement, "a service is down when nobody is up, which is quorum 1")

    def _sorry(self, settings: _Settings) -> Member | None:
        if settings.sorry is None:
            return None
        where = self._values.endpoint(settings.sorry)
        if where is None:
            return None
        method = settings.sorry_method or settings.method
        if method is None:
            self._values.lost(settings.sorry, _UNREACHED)
            return None
        return Member(settings.sorry.place, *where, method)

    def _real(self, block: Statement, settings: _Settings) -> Checked | None:
        """A real server with its checkers."""
        where = self._values.endpoint(block)
        if where is None:
            return None
        given = {"weight": settings.weight, "uthreshold": 0, "lthreshold": 0}
        own = _Settings(
            method=settings.method, timing=settings.timing, virtualhost=settings.virtualhost
        )
        checkers = []
        for statement in block.inner:
            keyword = statement.keyword
            if keyword in CHECKERS:
                checkers.append(statement)
            elif keyword in given:
                most = 65535 if keyword == "weight" else 16_000_000
                number = self._values.number(statement, 0, most)
                given[keyword] = given[keyword] if number is None else number
            elif keyword in ("lvs_method", "lb_kind", "virtualhost"):
                self._setting(own, statement)
            else:
                self._common(own, statement)
        if own.method is None:
            self._values.lost(block, _UNREACHED)
            return None
        if own.inhibit and not settings.inhibit:
            self._inhibit(block, settings)
        member = Member(
            block.place,
            *where,
            own.method,
            given["weight"],
            given["uthreshold"],
            given["lthreshold"],
        )
        found = (self._checks.read(one, where[0], own.timing, own.virtualhost) for one in checkers)
        return Checked(member, tuple(check for check in found if isinstance(check, Check)))

    def _inhibit(self, block: Statement, settings: _Settings) -> None:
        """Of a real server in the file, of the whole service here."""
        settings.inhibit = True
        if len(settings.reals) > 1:
            why = 'on_down = "keep" is of all real servers of a service'
            self._report.near(block.place, f"inhibit_on_failure of {block.text}", why)


def _other(block: Statement, values: Values) -> None:
    """A block that is no virtual server's, told once."""
    keyword = block.keyword
    why = _BLOCKS.get(
        keyword, _VRRP if keyword.startswith("vrrp_") else "nothing that services are made of"
    )
    values.lost(block, why)


def virtuals(statements: Sequence[Statement], filename: str, report: Report) -> tuple[Virtual, ...]:
    """The virtual servers of a file. Raises ConfigError when there is none."""
    values = Values(report)
    servers = _Servers(report, read_groups(statements, values))
    found: list[Virtual] = []
    count = 0
    for statement in statements:
        if statement.keyword == "virtual_server" and statement.body is not None:
            count += 1
            found += servers.read(statement)
        elif statement.keyword != "virtual_server_group":
            _other(statement, values)
    if not count:
        raise wrong(Place(filename, 1), "file", filename, "no virtual_server { ... } in it")
    return tuple(found)
