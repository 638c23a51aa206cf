# SPDX-License-Identifier: Apache-2.0
"""The real program with services in mode one-arm, and clients (pool.c) that say what became of
their packets."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from ipaddress import ip_address

import numpy as np
import numpy.typing as npt

from dsrlb.config import parse
from dsrlb.control.desired.compute import compute
from dsrlb.control.desired.contents import Resolution
from dsrlb.control.macs.targets import targets_of
from dsrlb.control.maps import installed
from dsrlb.control.maps.apply import Applier
from dsrlb.dataplane import bpf
from dsrlb.dataplane.artifact import build
from dsrlb.dataplane.keys import link_bytes
from dsrlb.dataplane.loader import Dataplane, load_program
from tests.packets import generate
from tests.packets.flowtable.drivers import HERE
from tests.packets.flowtable.scan import Entries, Table
from tests.packets.harness import INGRESS, LINK, LINKS, MAC, mac_of
from tests.packets.model import Outcome

SYN, ACK, FIN_ACK = 0x02, 0x10, 0x11
REPLY = 0x80
SYN_ACK = REPLY | 0x12
QUERY, ANSWER = 0, REPLY
"""What packets may be; those of UDP have no flags."""

PORTS = 64_512
"""Of one address."""
_STATE_AT, _TEMPLATE, _FRAME = 96, 80, 384
_COUNTED = ("sent", "forwarded", "replied", "refused", "moved", "wrong")
_STATE = np.dtype(
    [("request", "u1", (_TEMPLATE,)), ("reply", "u1", (_TEMPLATE,)), ("sequence", "u1", (8,))]
    + [(name, "<u4") for name in ("first", "count", "kinds", "turn", "turns", "shared")]
    + [(name, "<u4") for name in ("client", "kind", "ipv6", "tcp", *_COUNTED)]
)

_CONFIG = """
[balancer]
interfaces = ["in0"]
""" + "".join(
    f"""
[[service]]
name = "{protocol}"
vip = ["192.0.2.10", "2001:db8::10"]
protocol = "{protocol}"
port = 80
mode = "one-arm"
pending_timeout = "1h"
real = [{{ address = ["10.0.0.1", "fd00::1"] }}]
[service.snat]
pool = ["198.51.100.7", "2001:db8:51::7"]
"""
    for protocol in ("tcp", "udp")
)


class Pool:
    """One instance of ``capacity`` flows per family, and one address of the pool in each."""

    def __init__(self, capacity: int, family: int, protocol: str) -> None:
        self.family, self.protocol = family, protocol
        self.dataplane = Dataplane.create(None, capacity, build(main=HERE / "pool.c"))
        self.maps = self.dataplane.maps
        self._drive = load_program(self.dataplane.artifact.programs["pool"], self.maps)
        self.maps["links"].set(INGRESS, link_bytes(LINK.mac, LINK.number))
        config = parse(_CONFIG, "test")
        found = {
            identity: Resolution(mac_of(str(identity.address)).hex(":"), LINK, True)
            for identity in targets_of(config)
        }
        self.applier = Applier(self.maps, installed.read(self.maps))
        self.applier.apply(compute(config, {"in0": LINKS["in0"]}, found))
        self.table = Table(self.maps, family)
        self._before: dict[str, int] = {}
        self._exhausted_before = 0
        self._templates = [self.template(request=True), self.template(request=False)]

    def template(self, *, request: bool) -> bytes:
        """A frame; pool.c writes the client's address and ports, and TCP's flags."""
        texts = ("10.0.0.1", "192.0.2.10", "198.51.100.7", "100.64.0.0")
        if self.family == 6:
            texts = ("fd00::1", "2001:db8::10", "2001:db8:51::7", "2001:db8:1::")
        real, vip, pool, client = map(ip_address, texts)
        ends = (client, vip) if request else (real, pool)
        ports = (0, 80) if request else (80, 0)
        number = 6 if self.protocol == "tcp" else 17
        message = generate.tcp(*ports, 0) if number == 6 else generate.udp(*ports, b"12345678")
        make = generate.ipv4 if self.family == 4 else generate.ipv6
        packet = make(*ends, number, message)
        kind = int.from_bytes(self.kind, "big")
        source = generate.CLIENT_MAC if request else mac_of(str(real))
        return generate.frame(packet, kind, to=MAC, source=source).ljust(_TEMPLATE, b"\0")

    def close(self) -> None:
        """Give everything back."""
        os.close(self._drive)
        self.dataplane.close()

    def send(
        self, kinds: Sequence[int], first: int, count: int, *, shared: bool = False, turns: int = 0
    ) -> Mapping[str, int]:
        """Packets of ``kinds`` for each of ``count`` clients (or, ``shared``, ``turns`` of those
        that all senders together send); what became of them."""
        state = np.zeros(1, _STATE)
        for name, template in zip(("request", "reply"), self._templates, strict=True):
            state[name][0] = np.frombuffer(template, np.uint8)
        state["first"], state["count"], state["kinds"] = first, count, len(kinds)
        state["turns"] = turns = turns or count * len(kinds)
        state["shared"], state["ipv6"] = shared, self.family == 6
        state["tcp"] = self.protocol == "tcp"
        state["sequence"][0, : len(kinds)] = kinds
        frame = bytearray(_FRAME)
        frame[:_TEMPLATE] = self._templates[0]
        frame[_STATE_AT : _STATE_AT + _STATE.itemsize] = state.tobytes()
        result = bpf.prog_test_run(self._drive, bytes(frame), INGRESS, turns + 1)
        assert result.code == bpf.XDP_PASS
        left = np.frombuffer(result.frame, _STATE, 1, _STATE_AT)[0]
        return {name: int(left[name]) for name in _COUNTED}

    @property
    def kind(self) -> bytes:
        """EtherType of the family."""
        return b"\x08\x00" if self.family == 4 else b"\x86\xdd"

    def run(self, frame: bytes) -> Outcome:
        """One frame through the program itself; reason: the counters that have grown."""
        before = self.reasons()
        result = bpf.prog_test_run(self.dataplane.program_fd, frame, INGRESS)
        grown = [name for name, n in self.reasons().items() if n != before.get(name, 0)]
        action = {bpf.XDP_DROP: "drop", bpf.XDP_TX: "tx"}[result.code]
        return Outcome(action, " ".join(grown), result.frame)

    def start_shared(self) -> None:
        """The first turn of send(shared=True) is next."""
        self.maps["turns"].array[0] = 0

    def flows(self) -> Entries:
        """The forward halves."""
        found = self.table.entries()
        return found.where(~found.reverse)

    def tuples(self) -> npt.NDArray[np.uint64]:
        """The pool's address and port of each flow."""
        flows = self.flows()
        return flows.value >> np.uint64(32)

    def clients(self) -> npt.NDArray[np.int64]:
        """The numbers of the clients that have flows."""
        flows = self.flows()
        key = flows.key.view("<u4").reshape(len(flows), -1)
        source = key[:, 0 if self.family == 4 else 3].byteswap().astype(np.int64) - 0x64400000
        ports = key[:, 2 if self.family == 4 else 8] & 0xFFFF
        return source * 0x4000 + (ports.astype(np.uint16).byteswap().astype(np.int64) - 1024)

    def clear(self) -> None:
        """No flows, no client has a port yet, and nothing is counted."""
        self.table.clear()
        self.maps["client_ports"].array[:] = 0
        self._before = self._reasons()
        self._exhausted_before = self._exhausted()

    def reasons(self) -> dict[str, int]:
        """Packets by reason since clear()."""
        now = self._reasons()
        grown = {name: count - self._before.get(name, 0) for name, count in now.items()}
        return {name: count for name, count in grown.items() if count}

    def _reasons(self) -> dict[str, int]:
        most = self.dataplane.artifact.constants["MAX_REASONS"]
        total = self.maps["counters"].sum_over_cpus().reshape(-1, most)[LINK.number]
        names = [reason.name for reason in self.dataplane.artifact.reasons]
        return {name: int(n) for name, n in zip(names, total.tolist(), strict=False) if n}

    def exhausted(self) -> int:
        """New flows that there was no port for since clear(), as the service counts them."""
        return self._exhausted() - self._exhausted_before

    def _exhausted(self) -> int:
        services = self.applier.installed.services.items()
        (number,) = (
            entry.id
            for key, entry in services
            if (key.name, key.family) == (self.protocol, self.family)
        )
        total = self.maps["service_traffic"].get(number)
        assert total is not None
        return int(total["exhausted"].sum())
