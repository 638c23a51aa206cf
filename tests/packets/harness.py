# SPDX-License-Identifier: Apache-2.0
"""The real program, configured as the daemon does it, run on frames by BPF_PROG_TEST_RUN."""

from __future__ import annotations

import os
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from ipaddress import IPv4Address, IPv6Address, ip_address
from pathlib import Path

import numpy as np

from dsrlb.config import parse
from dsrlb.control.desired.compute import compute
from dsrlb.control.desired.contents import Desired, LinkState, RealId, Resolution
from dsrlb.control.health.condition import WELL, Condition
from dsrlb.control.macs.targets import targets_of
from dsrlb.control.maps import installed
from dsrlb.control.maps.apply import Applier
from dsrlb.dataplane import bpf
from dsrlb.dataplane.keys import link_bytes
from dsrlb.dataplane.loader import Dataplane
from tests.packets.counted import Counters
from tests.packets.headroom import TAKEN, Headroom
from tests.packets.model import FlowKey, Outcome
from tests.packets.tables import REVERSE, Tables

MAC = bytes.fromhex("0200000000aa")
OTHER_MAC = bytes.fromhex("0200000000bb")
INGRESS = 1  # loopback, which every namespace has; nothing is attached to it
LINK = LinkState(
    *(1, INGRESS, "in0", MAC.hex(":"), 1500), IPv4Address("10.0.0.1"), IPv6Address("fd00::1")
)
OTHER_LINK = LinkState(2, 99, "out0", OTHER_MAC.hex(":"), 1500)
LINKS = {"in0": LINK, "out0": OTHER_LINK}
PROBES = 0
"""What probes are counted as."""
PROBER = bytes.fromhex("0200000000d5")
"""MAC address of who probes."""
_ACTIONS = {
    bpf.XDP_ABORTED: "aborted",
    bpf.XDP_DROP: "drop",
    bpf.XDP_PASS: "pass",
    bpf.XDP_TX: "tx",
    bpf.XDP_REDIRECT: "redirect",
}


def mac_of(address: str) -> bytes:
    """The MAC address that a real server has in these tests: 02:01 and its last four bytes."""
    return b"\x02\x01" + ip_address(address).packed[-4:]


class Program:
    """One loaded program; configure() gives it services, run() a frame."""

    def __init__(self, capacity: int = 1 << 16, pins: Path | None = None) -> None:
        """``capacity``: flows per family that the tables are rated for; ``pins``: the folder of the
        maps, which are taken over where they are there."""
        self.dataplane = Dataplane.create(pins, capacity=capacity)
        self.maps = self.dataplane.maps
        self.maps.pin()
        self.reasons = [reason.name for reason in self.dataplane.artifact.reasons]
        self.applier = Applier(self.maps, installed.read(self.maps))
        self._headroom = Headroom(self.dataplane.program_fd)
        assert self.dataplane.probe_fd is not None
        self._probe_headroom = Headroom(self.dataplane.probe_fd)
        self._seen: dict[tuple[FlowKey, str], tuple[int, int]] = {}
        self._told = 0
        self._ingress = LINK.number
        self._links: dict[int, LinkState] = {}
        for link in LINKS.values():
            self.link(link)
            # The kernel wants an interface that exists; a test run redirects nothing.
            self.maps["egress"].set(link.number, INGRESS)
        self.tables = Tables(self.maps)
        fragments = self.maps["fragments"].array
        self.fragments = fragments.view(np.uint64).reshape(len(fragments), -1, 3)
        """Check, value and hash of each, by set."""
        stride = self.dataplane.artifact.constants["MAX_REASONS"]
        numbers = (PROBES, OTHER_LINK.number)
        self._counters = Counters(self.maps["counters"].fd, self.reasons, stride, *numbers)

    def close(self) -> None:
        """Give everything back."""
        self._headroom.close()
        self._probe_headroom.close()
        self.dataplane.close()

    def link(self, link: LinkState) -> None:
        """What the program knows of an interface."""
        self._links[link.number] = link
        self._come_in(link, link.ifindex)
        if link.number == self._ingress:
            self._come_in(link)
        leaving = self.maps["own_links"].array[link.number]
        leaving["mac"] = tuple(bytes.fromhex(link.mac.replace(":", "")))
        leaving["mtu"], leaving["flags"] = link.mtu, link.forwarding

    def _come_in_on(self, number: int) -> None:
        """A test run has no other interface than loopback: it becomes the one or the other."""
        if number != self._ingress:
            self._come_in(self._links[number])
            self._ingress = number

    def _come_in(self, link: LinkState, ifindex: int = INGRESS) -> None:
        own = link_bytes(link.mac, link.number, link.address4, link.address6, link.ifindex)
        self.maps["links"].set(ifindex, own)

    def configure(
        self,
        text: str,
        resolutions: Mapping[str, Resolution] | None = None,
        *,
        probes: bool = False,
        change: Callable[[Desired], None] | None = None,
        condition_of: Callable[[RealId], Condition] = lambda _: WELL,
    ) -> dict[str, RealId]:
        """Apply a configuration; reals are behind in0 unless ``resolutions`` says otherwise. Ports
        of bridges forward. ``probes``: PROBER probes; ``change``: see health.py."""
        config = parse(text, "test")
        ports = {port for bridge in config.bridge for port in bridge.ports}
        for link in list(self._links.values()):
            self.link(replace(link, forwarding=link.name in ports))
        found = {}
        for identity in targets_of(config):
            address = str(identity.address)
            mac = mac_of(address).hex(":")
            given = (resolutions or {}).get(address)
            found[identity] = given or Resolution(mac, LINK, True)
        links = {link.name: link for link in self._links.values()}
        desired = compute(config, links, found, condition_of)
        desired.probe = (INGRESS, PROBER) if probes else None
        if change is not None:
            change(desired)
        self.applier.apply(desired)
        return {str(identity.address): identity for identity in found}

    def take_turns(self) -> None:
        """Another program with the same maps has been run meanwhile."""
        self._come_in(self._links[self._ingress])
        self._counters.skip()

    def run(self, frame: bytes, link: int = LINK.number) -> Outcome:
        """One frame in on in0, or another. Headroom is full of 0xff, and nobody has been sent an
        ICMP error."""
        self._come_in_on(link)
        return self._counted(*self.code_and_frame(frame))

    def run_without_headroom(self, frame: bytes) -> Outcome:
        """As run(), but nothing fits in front of the frame."""
        self._come_in_on(LINK.number)
        result = bpf.prog_test_run(self._headroom.taken, frame, INGRESS)
        return self._counted(_ACTIONS[result.code], result.frame[TAKEN:])

    def probe(self, frame: bytes) -> Outcome:
        """One frame of PROBER's through the program for probes."""
        result = bpf.prog_test_run(self._probe_headroom.poisoned, frame, INGRESS)
        return self._counted(_ACTIONS[result.code], result.frame, PROBES)

    def _counted(self, action: str, frame: bytes, number: int | None = None) -> Outcome:
        """With the reason, which is the one counter that has grown. ``number``: the interface's;
        None: of the one that frames come in on."""
        grown = self._counters.grown()
        assert list(grown.values()) == [1], f"counted {grown}"
        ((link, reason),) = grown
        expected = self._ingress if number is None else number
        assert link == expected, f"counted {grown} of a frame that came in on {expected}"
        if reason in ("answered-too-big", "answered-time-exceeded"):
            self._told += 1
            if self._told % 8 == 0:  # a source is told ten times at once
                self.forget_errors()
        return Outcome(action, reason, frame, seen=self._seen)

    def code_and_frame(self, frame: bytes) -> tuple[str, bytes]:
        """As run(), without looking at the counters."""
        result = bpf.prog_test_run(self._headroom.poisoned, frame, INGRESS)
        return _ACTIONS[result.code], result.frame

    def forget_errors(self) -> None:
        """No source has been sent an ICMP error."""
        self._told = 0
        for keys, values in self.maps["error_rates"].items():
            for index in keys[np.flatnonzero(values)].tolist():
                self.maps["error_rates"].set(index, 0)

    def reason_counts(self) -> dict[str, int]:
        """Packets by reason so far."""
        return self._counters.of(LINK.number)

    def states(self) -> dict[str, list[str]]:
        """The states of the flows in each table that has some."""
        return self.tables.states()

    def forget_flows(self) -> None:
        """Empty the flow tables, and what is counted of them; no rate has been used, no fragment
        seen, no error told."""
        self.tables.clear()
        self.fragments[:] = 0
        self.maps["last_hops"].array[:] = 0
        self.maps["paths"].array["lowered"] = 0
        loads = self.maps["loads"].array
        for field in ("open", "pending", "full"):  # what removed real servers left as well
            loads[field] = 0
        self.maps["pressure"].array[:] = 0
        self.pass_time(1 << 20)

    def pass_time(self, seconds: int) -> None:
        """Let time go by for the rates of new flows alone."""
        for service in self.applier.installed.services.values():
            self._earlier("service_rates", service.id, seconds)
        for key in list(self.maps["source_rates"].hash_keys()):
            self._earlier("source_rates", key.tobytes(), seconds)

    def _earlier(self, name: str, key: int | bytes, seconds: int) -> None:
        due = self.maps[name].get(key)
        if due is not None:
            self.maps[name].set(key, max(0, int(due) - seconds * 1_000_000_000))

    def load(self, identity: RealId) -> tuple[int, int]:
        """(open, pending) flows of a real server, as the program counts them."""
        load = self.maps["loads"].array[self.applier.installed.reals[identity].index]
        return int(load["open"]), int(load["pending"])

    def loads(self) -> dict[RealId, tuple[int, int]]:
        """load() of every real server that has flows."""
        found = {identity: self.load(identity) for identity in self.applier.installed.reals}
        return {identity: load for identity, load in found.items() if load != (0, 0)}

    def counted(self) -> dict[RealId, tuple[int, int]]:
        """What loads() must be: the entries of the flow tables, but for those of removed reals."""
        generations = self.maps["reals"].array["generation"]
        names = {real.index: name for name, real in self.applier.installed.reals.items()}
        found: Counter[tuple[RealId, bool]] = Counter()
        for entry in self.tables.entries():
            if entry.meta & REVERSE:
                continue
            index, generation = entry.value & 0xFFFF, entry.value >> 16 & 0xFFFF
            pending = entry.state in ("pending", "unverified")
            of_now = index in names and generation == int(generations[index]) & 0xFFFF
            if of_now and (pending or entry.state in ("udp", "open", "data")):
                found[names[index], pending] += 1
        reals = {name for name, _ in found}
        return {name: (found[name, False], found[name, True]) for name in reals}

    def flow_events(self, table: str) -> dict[str, int]:
        """What happened to the entries of a table ("flows4", "pending6" ...) so far, by name."""
        number = ("flows4", "flows6", "pending4", "pending6").index(table)
        counters = self.maps["flow_counters"]
        return {
            event.name: int(np.sum(np.asarray(counters.get(number * 16 + at))))
            for at, event in enumerate(self.dataplane.artifact.flow_events)
        }

    @contextmanager
    def without_stages(self) -> Iterator[None]:
        """The program cannot go on to those for packets without an open flow."""
        stages, kept = self.maps["stages"].fd, {}
        for name in ("new_plain", "unknown"):
            place = self.dataplane.artifact.stages[name].to_bytes(4, "little")
            number = bpf.map_lookup(stages, place, 4)
            assert number is not None
            kept[place] = bpf.prog_fd_by_id(int.from_bytes(number, "little"))
            assert bpf.map_delete(stages, place)
        try:
            yield
        finally:
            for place, fd in kept.items():
                bpf.map_update(stages, place, fd.to_bytes(4, "little"))
                os.close(fd)

    def age_fragments(self, ticks: int) -> None:
        """Let so many ticks (of 2^27 ns) go by for what is known of fragments."""
        known = self.fragments[:, :, 0] != 0
        self.fragments[:, :, 1][known] -= np.uint64(ticks << 32)

    def keep_fragments(self) -> None:
        """Let what is known of fragments end in half a minute, in the order in which it did."""
        ends = self.fragments[:, :, 1] >> np.uint64(32)
        places = ends.argsort(axis=1).argsort(axis=1).astype(np.uint64)
        kept = (places + np.uint64((time.monotonic_ns() >> 27) + 200)) << np.uint64(32)
        known = self.fragments[:, :, 0] != 0
        values = self.fragments[:, :, 1] & np.uint64(0xFFFFFFFF)
        self.fragments[:, :, 1][known] = (values | kept)[known]

    def rewind(self) -> None:
        """As just configured: no flows, every schedule at its beginning."""
        self.forget_flows()
        for service in self.applier.installed.services.values():
            self.maps["cursors"].set(service.id, 0)

    def expire_flows(self) -> None:
        """Make every flow one that has been idle too long."""
        self.tables.age(1 << 30)

    def reply_traffic(self, identity: RealId) -> tuple[int, int]:
        """(packets, bytes) that came back from a real server."""
        total = self.maps["real_traffic"].get(self.applier.installed.reals[identity].index)
        assert total is not None
        return int(total["reply_packets"].sum()), int(total["reply_bytes"].sum())

    def reset(self) -> None:
        """No services, no flows, nobody told of an error; interfaces as they were."""
        self._ingress = LINK.number
        for link in LINKS.values():
            self.link(link)
        self.configure('[balancer]\ninterfaces = ["in0", "out0"]\n')
        self.forget_flows()
        self.forget_errors()
        self._counters.skip()

    def traffic(self, identity: RealId) -> tuple[int, int, int]:
        """(packets, bytes, flows) of a real server."""
        index = self.applier.installed.reals[identity].index
        total = self.maps["real_traffic"].get(index)
        assert total is not None
        packets, size, flows = (int(total[name].sum()) for name in ("packets", "bytes", "flows"))
        return packets, size, flows
