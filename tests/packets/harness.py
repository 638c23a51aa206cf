# SPDX-License-Identifier: Apache-2.0
"""The real program, configured as the daemon does it, run on frames by BPF_PROG_TEST_RUN."""

from __future__ import annotations

from collections.abc import Mapping
from ipaddress import ip_address
from typing import Any

import numpy as np
import numpy.typing as npt

from dsrlb.config import parse
from dsrlb.control import installed
from dsrlb.control.apply import Applier
from dsrlb.control.desired import LinkState, RealId, Resolution, compute
from dsrlb.control.mactable import targets_of
from dsrlb.dataplane import bpf
from dsrlb.dataplane.loader import Dataplane
from tests.packets.model import Outcome

MAC = bytes.fromhex("0200000000aa")
OTHER_MAC = bytes.fromhex("0200000000bb")
INGRESS = 1  # loopback, which every namespace has; nothing is attached to it
LINK = LinkState(1, INGRESS, "in0", MAC.hex(":"), 1500)
OTHER_LINK = LinkState(2, 99, "out0", OTHER_MAC.hex(":"), 1500)
LINKS = {"in0": LINK, "out0": OTHER_LINK}
_ACTIONS = {
    bpf.XDP_ABORTED: "aborted",
    bpf.XDP_DROP: "drop",
    bpf.XDP_PASS: "pass",
    bpf.XDP_TX: "tx",
    bpf.XDP_REDIRECT: "redirect",
}
_TABLES = ("flows4", "flows6", "pending4", "pending6")


def mac_of(address: str) -> bytes:
    """The MAC address that a real server has in these tests: 02:01 and its last four bytes."""
    return b"\x02\x01" + ip_address(address).packed[-4:]


class Program:
    """One loaded program; configure() gives it services, run() a frame."""

    def __init__(self) -> None:
        self.dataplane = Dataplane.create(None, capacity=1 << 16)
        self.maps = self.dataplane.maps
        self.reasons = [reason.name for reason in self.dataplane.artifact.reasons]
        self.applier = Applier(self.maps, installed.read(self.maps))
        for link in LINKS.values():
            mac = list(bytes.fromhex(link.mac.replace(":", "")))
            self.maps["links"].set(link.ifindex, (mac, link.number))
            # The kernel wants an interface that exists; a test run redirects nothing.
            self.maps["egress"].set(link.number, INGRESS)
        self._counters = self._read_counters()

    def close(self) -> None:
        """Give everything back."""
        self.dataplane.close()

    def _read_counters(self) -> npt.NDArray[Any]:
        """The ingress interface's counters by reason. One look-up per reason: few, and exact."""
        counters = self.maps["counters"]
        base = LINK.number * 32
        return np.array(
            [
                int(np.sum(np.asarray(counters.get(base + number))))
                for number in range(len(self.reasons))
            ]
        )

    def configure(
        self, text: str, resolutions: Mapping[str, Resolution] | None = None
    ) -> dict[str, RealId]:
        """Apply a configuration; reals are behind in0 unless ``resolutions`` says otherwise."""
        config = parse(text, "test")
        found = {}
        for identity in targets_of(config):
            address = str(identity.address)
            mac = mac_of(address).hex(":")
            given = (resolutions or {}).get(address)
            found[identity] = given or Resolution(mac, LINK, True)
        self.applier.apply(compute(config, LINKS, found))
        return {str(identity.address): identity for identity in found}

    def run(self, frame: bytes) -> Outcome:
        """One frame in on in0."""
        result = self.dataplane.test_run(frame, INGRESS)
        after = self._read_counters()
        grown = np.flatnonzero(after - self._counters).tolist()
        total = int((after - self._counters).sum())
        self._counters = after
        assert total == 1, f"counted {[self.reasons[n] for n in grown]}, {total} in all"
        return Outcome(_ACTIONS[result.code], self.reasons[grown[0]], result.frame)

    def code_and_frame(self, frame: bytes) -> tuple[str, bytes]:
        """As run(), without looking at the counters."""
        result = self.dataplane.test_run(frame, INGRESS)
        return _ACTIONS[result.code], result.frame

    def reason_counts(self) -> dict[str, int]:
        """Packets by reason so far."""
        self._counters = self._read_counters()
        return dict(zip(self.reasons, self._counters.tolist(), strict=True))

    def flows(self) -> dict[str, int]:
        """Entries in each flow table."""
        return {name: sum(len(keys) for keys, _ in self.maps[name].items()) for name in _TABLES}

    def forget_flows(self) -> None:
        """Empty the flow tables."""
        for name in _TABLES:
            for keys, _ in list(self.maps[name].items()):
                for key in keys:
                    self.maps[name].delete(key.tobytes())

    def rewind(self) -> None:
        """As just configured: no flows, every schedule at its beginning."""
        self.forget_flows()
        for service in self.applier.installed.services.values():
            self.maps["cursors"].set(service.id, 0)

    def expire_flows(self) -> None:
        """Make every flow one that has been idle too long."""
        for name in _TABLES:
            for keys, values in list(self.maps[name].items()):
                for key, value in zip(keys, values[:, 0].copy(), strict=True):
                    value["expires"] = (int(value["expires"]) - (1 << 30)) & 0xFFFFFFFF
                    self.maps[name].set(key.tobytes(), value.tobytes())

    def reset(self) -> None:
        """No services, no flows."""
        self.configure('[balancer]\ninterfaces = ["in0", "out0"]\n')
        self.forget_flows()

    def traffic(self, identity: RealId) -> tuple[int, int, int]:
        """(packets, bytes, flows) of a real server."""
        index = self.applier.installed.reals[identity].index
        total = self.maps["real_traffic"].get(index)
        assert total is not None
        packets, size, flows = (int(total[name].sum()) for name in ("packets", "bytes", "flows"))
        return packets, size, flows
