# SPDX-License-Identifier: Apache-2.0
"""A TCP and a UDP service of both families, in the program and in the model: what may happen to
their real servers, and to how they are chosen."""

from __future__ import annotations

from dataclasses import dataclass, field
from ipaddress import ip_address

from dsrlb.control.desired.contents import RealId, Resolution
from tests.packets.algorithms import HASHED, algorithm
from tests.packets.harness import LINK, MAC, OTHER_LINK, OTHER_MAC, Program, mac_of
from tests.packets.model import Link, Model, Real, Service

NUMBERS = (11, 12, 13, 14, 15)
"""Of the real servers that may be there, in order of configuration."""
PENDING, CLOSING, IDLE = 20, 34, 47
"""Timeouts in seconds: about 150, 250 and 350 ticks, so that every hundred some flows end."""
VIPS = {4: ip_address("192.0.2.10"), 6: ip_address("2001:db8::10")}
PORTS = {6: 80, 17: 53}
PROTOCOLS = {"web": 6, "dns": 17}
"""By service."""
PAIRED = ("nat", "router", "bridge", "one-arm")
FAR = ("nat", "router", "bridge")
"""Modes whose real servers are behind out0 here."""
POOL = {4: ip_address("198.51.100.7"), 6: ip_address("2001:db8:51::7")}
_BRIDGE = '[[bridge]]\nname = "br0"\nports = ["in0", "out0"]\nreals_on = "out0"\n'


@dataclass
class Place:
    """A real server's settings in both services; ``state``: "up", "silent" (it does not answer), or
    "lost" (without MAC address)."""

    weight: int = 1
    max_open: int = 0
    state: str = "up"

    @property
    def low(self) -> int:
        """max_open_low, where nothing is said."""
        return self.max_open * 9 // 10


@dataclass
class Setting:
    """The configuration; ``places``: the real servers that are there."""

    mode: str = "l2dsr"
    name: str = "round-robin"
    on: str = ""
    seed: int = 0
    size: int = 4093
    places: dict[int, Place] = field(default_factory=lambda: {n: Place() for n in NUMBERS[:3]})

    def of(self, protocol: int) -> str:
        """The algorithm; nothing tells how long UDP takes where replies do not come back."""
        unmeasured = protocol == 17 and self.mode not in PAIRED
        return "round-robin" if unmeasured and self.name == "fastest-response-time" else self.name

    def _real(self, number: int, place: Place) -> str:
        limit = f", max_open = {place.max_open}" if place.max_open else ""
        addresses = f'"10.0.0.{number}", "fd00::{number}"'
        return f"{{ address = [{addresses}], weight = {place.weight}{limit} }}"

    def _service(self, protocol: int) -> str:
        name, service = self.of(protocol), "web" if protocol == 6 else "dns"
        lines = ["[[service]]", f'name = "{service}"', f'mode = "{self.mode}"']
        lines.append(f'vip = ["{VIPS[4]}", "{VIPS[6]}"]\nport = {PORTS[protocol]}')
        lines.append(f'protocol = "{"tcp" if protocol == 6 else "udp"}"')
        lines.append(f'idle_timeout = "{IDLE}s"\npending_timeout = "{PENDING}s"')
        lines += [f'closing_timeout = "{CLOSING}s"'] if protocol == 6 else []
        lines.append(f'algorithm = "{name}"')
        if name in HASHED:
            lines.append(f"table_size = {self.size}")
            lines += [f'hash_on = "{self.on}"'] if self.on else []
        listed = ",\n".join(self._real(*one) for one in sorted(self.places.items()))
        lines.append(f"real = [\n{listed}]\n")
        if self.mode == "one-arm":
            lines.append(f'[service.snat]\npool = ["{POOL[4]}", "{POOL[6]}"]\n')
        return "\n".join(lines)

    @property
    def text(self) -> str:
        """As a file has it."""
        head = f'[balancer]\ninterfaces = ["in0", "out0"]\nhash_seed = {self.seed}\n'
        head += _BRIDGE if self.mode == "bridge" else ""
        return head + self._service(6) + self._service(17)

    @property
    def resolutions(self) -> dict[str, Resolution]:
        """Where the real servers are."""
        found, link = {}, OTHER_LINK if self.mode in FAR else LINK
        for number, place in self.places.items():
            for name in (f"10.0.0.{number}", f"fd00::{number}"):
                mac = None if place.state == "lost" else mac_of(name).hex(":")
                found[name] = Resolution(mac, link if mac else None, place.state == "up")
        return found


class Balanced:
    """Program and model with one setting; apply() brings both in line with what it has become."""

    def __init__(self, program: Program, setting: Setting) -> None:
        self.program, self.setting = program, setting
        self.services = {
            (family, protocol): Service((VIPS[family],), protocol, ((port, port),), [])
            for family in (4, 6)
            for protocol, port in PORTS.items()
        }
        if setting.mode == "one-arm":
            for (family, _), service in self.services.items():
                service.pool = (POOL[family],)
        self.model = Model(MAC, list(self.services.values()), others=[Link(2, OTHER_MAC)])
        program.reset()
        self.apply()

    def apply(self) -> None:
        """Real servers that are there no more are removed, and others are new."""
        self.program.configure(self.setting.text, self.setting.resolutions)
        for (family, protocol), service in self.services.items():
            name = self.setting.of(protocol)
            shows, own = self.setting.mode in PAIRED, self.setting
            service.algorithm = algorithm(
                name, shows=shows, on=own.on, seed=own.seed, size=own.size
            )
            self._put_reals(service, family)

    def _real(self, name: str) -> Real:
        far = self.setting.mode in FAR
        made = Real(name, mac_of(name), OTHER_MAC if far else MAC, method=self.setting.mode)
        made.same_link = not far
        return made

    def _put_reals(self, service: Service, family: int) -> None:
        there = {real.name: real for real in service.reals if real.present}
        now = []
        for number, place in sorted(self.setting.places.items()):
            name = f"10.0.0.{number}" if family == 4 else f"fd00::{number}"
            real = there.pop(name, None) or self._real(name)
            real.weight, real.max_open, real.max_open_low = place.weight, place.max_open, place.low
            real.usable, real.away = place.state == "up", place.state != "up"
            real.resolved = place.state != "lost"
            now.append(real)
        for gone in there.values():
            gone.present = gone.usable = False
        service.reals = [*now, *(real for real in service.reals if not real.present)]

    def reals(self) -> dict[RealId, Real]:
        """The model's, by the program's names."""
        found = {}
        for identity in self.program.applier.installed.reals:
            of, name = identity.service, str(identity.address)
            service = self.services[of.family, PROTOCOLS[of.name]]
            found[identity] = next(r for r in service.reals if r.present and r.name == name)
        return found

    def index(self, identity: RealId) -> int:
        """The place of a real server in reals[]."""
        return self.program.applier.installed.reals[identity].index

    def compare_loads(self) -> None:
        """Open and pending flows of each real server."""
        for identity, real in self.reals().items():
            assert self.program.load(identity) == (real.open, real.pending), identity
