# SPDX-License-Identifier: Apache-2.0
"""The real program with services, and clients (drive.c) that say where each packet must go."""

from __future__ import annotations

import os
import struct
from collections.abc import Mapping, Sequence
from enum import IntEnum
from typing import Any

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
from tests.packets.flowtable.drivers import HERE
from tests.packets.flowtable.scan import Table
from tests.packets.harness import INGRESS, LINK, LINKS, MAC, mac_of

REALS = 4
_STATE_AT = 96
_FRAME = 192
_STATE = np.dtype(
    [(name, "<u4") for name in ("first", "count", "kinds", "turn", "turns", "shared", "check")]
    + [(name, "<u4") for name in ("flow", "kind", "sent", "forwarded", "refused", "moved")]
    + [(name, "<u4") for name in ("trouble_flow", "trouble_kind", "ipv6")]
    + [("sequence", "u1", (8,))]
)


class Kind(IntEnum):
    """enum kind of drive.c."""

    SYN = 0
    ACK = 1
    DATA = 2
    FIN = 3
    RST = 4
    UDP = 5


def _config(more: str, weights: Sequence[int]) -> str:
    reals = "\n".join(
        f'[[group.real]]\naddress = ["10.0.0.{n}", "fd00::{n}"]\nweight = {weight}'
        for n, weight in enumerate(weights, 1)
    )
    services = "\n".join(
        f'[[service]]\nname = "{name}"\nvip = ["192.0.2.10", "2001:db8::10"]\n'
        f'protocol = "{protocol}"\nport = {port}\nmode = "l2dsr"\ngroup = "all"\n{more}'
        for name, protocol, port in (("web", "tcp", 80), ("dns", "udp", 53))
    )
    return f'[balancer]\ninterfaces = ["in0"]\n[[group]]\nname = "all"\n{reals}\n{services}\n'


def _frame(family: int) -> bytes:
    """What drive.c does not write."""
    ethernet = MAC + b"\x02\0\0\0\0\x01" + (b"\x08\0" if family == 4 else b"\x86\xdd")
    if family == 4:
        head = struct.pack("!BBHHHBBH", 0x45, 0, 0, 0, 0x4000, 64, 0, 0)
        addresses = bytes(4) + bytes((192, 0, 2, 10))
    else:
        head = struct.pack("!IHBB", 6 << 28, 0, 0, 64)
        addresses = bytes.fromhex("20010db8000100000000000000000000") + bytes.fromhex(
            "20010db8000000000000000000000010"
        )
    return (ethernet + head + addresses).ljust(_FRAME, b"\0")


class Balancer:
    """One instance of ``capacity`` flows per family, with a TCP and a UDP service."""

    def __init__(self, capacity: int, family: int = 4, more: str = "") -> None:
        """``more``: see configure()."""
        self.family = family
        self.dataplane = Dataplane.create(None, capacity, build(main=HERE / "drive.c"))
        self.maps = self.dataplane.maps
        self._drive = load_program(self.dataplane.artifact.programs["drive"], self.maps)
        self.maps["links"].set(INGRESS, link_bytes(LINK.mac, LINK.number))
        self._applier = Applier(self.maps, installed.read(self.maps))
        self.configure(more)
        self.table = Table(self.maps, family)

    def configure(self, more: str = "", weights: Sequence[int] = (1,) * REALS) -> None:
        """``more``: keys of both services; ``weights``: of their real servers."""
        config = parse(_config(more, weights), "test")
        found = {
            identity: Resolution(mac_of(str(identity.address)).hex(":"), LINK, True)
            for identity in targets_of(config)
        }
        self._applier.apply(compute(config, {"in0": LINKS["in0"]}, found))

    def close(self) -> None:
        """Give everything back."""
        os.close(self._drive)
        self.dataplane.close()

    @property
    def verified(self) -> int:
        """Instructions that the verifier walked for drive()."""
        return bpf.prog_info(self._drive).verified_instructions

    def clear(self) -> None:
        """No flows; clients have forgotten where theirs went."""
        self.table.clear()
        self.maps["flow_homes"].array[:] = 0

    def forget(self, first: int, count: int) -> None:
        """These clients' ports are used again: their flows may go elsewhere."""
        self.maps["flow_homes"].array[first : first + count] = 0

    def homes(self, first: int, count: int) -> npt.NDArray[Any]:
        """Where each client's flow goes: last four bytes of the MAC address, or 0."""
        return self.maps["flow_homes"].array[first : first + count].copy()

    def send(
        self,
        kinds: Sequence[Kind],
        first: int,
        count: int,
        *,
        check: bool = True,
        shared: bool = False,
        turns: int | None = None,
    ) -> Mapping[str, int]:
        """Packets of ``kinds`` for each of ``count`` flows (or, ``shared``, ``turns`` of those that
        all senders together send); what became of them."""
        state = np.zeros(1, _STATE)
        state["first"], state["count"], state["kinds"] = first, count, len(kinds)
        state["turns"] = turns = count * len(kinds) if turns is None else turns
        state["check"], state["shared"] = check, shared
        state["ipv6"] = self.family == 6
        state["sequence"][0, : len(kinds)] = kinds
        frame = bytearray(_frame(self.family))
        frame[_STATE_AT : _STATE_AT + _STATE.itemsize] = state.tobytes()
        result = bpf.prog_test_run(self._drive, bytes(frame), INGRESS, turns + 1)
        assert result.code == bpf.XDP_PASS
        left = np.frombuffer(result.frame, _STATE, 1, _STATE_AT)[0]
        names = ("sent", "forwarded", "refused", "moved")
        found = {name: int(left[name]) for name in names}
        if found["refused"] + found["moved"]:
            found["trouble_flow"], found["trouble_kind"] = (
                int(left["trouble_flow"]),
                int(left["trouble_kind"]),
            )
        return found

    def start_shared(self) -> None:
        """The first turn of send(shared=True) is next."""
        self.maps["turns"].array[0] = 0

    def events(self) -> dict[str, dict[str, int]]:
        """flow_counters[] by table and event, those that are not 0."""
        events = [event.name for event in self.dataplane.artifact.flow_events]
        total = self.maps["flow_counters"].sum_over_cpus().reshape(4, -1)
        tables = ("flows4", "flows6", "pending4", "pending6")
        return {
            table: {name: int(n) for name, n in zip(events, row, strict=False) if n}
            for table, row in zip(tables, total.tolist(), strict=True)
            if any(row)
        }

    def reasons(self) -> dict[str, int]:
        """Packets by reason."""
        most = self.dataplane.artifact.constants["MAX_REASONS"]
        total = self.maps["counters"].sum_over_cpus().reshape(-1, most)[LINK.number]
        names = [reason.name for reason in self.dataplane.artifact.reasons]
        return {name: int(n) for name, n in zip(names, total.tolist(), strict=False) if n}
