# SPDX-License-Identifier: Apache-2.0
"""Flows and schedules: the real server of a TCP segment or UDP datagram, or why there is none."""

from __future__ import annotations

from collections.abc import Callable

from tests.packets.algorithms import NewFlow
from tests.packets.model import pairs
from tests.packets.model.parse import ACK, RST, SYN, TCP, UDP
from tests.packets.model.types import IP, Flow, FlowKey, Homes, Packet, Pair, Real, Service


class Forward:
    """Services, and the flows that they have."""

    def __init__(self, services: list[Service]) -> None:
        self.services = services
        self.flows: dict[FlowKey, Flow] = {}
        self.homes = Homes()
        self.replies = pairs.Replies()
        self.clock: Callable[[], int] = lambda: 0
        """The tick that it is: fastest-response-time asks."""

    def pair_of(self, key: FlowKey) -> Flow | None:
        """The flow of a request, if its replies come back."""
        flow = self.flows.get(key)
        return flow if flow and flow.pair else None

    def reply_of(self, key: FlowKey) -> Flow | None:
        """The flow that a packet with these ends is a reply of."""
        return self.replies.flows.get(key)

    def real_of_flow(self, key: FlowKey) -> Real | None:
        """The real server that a known flow is on; the flow is not touched."""
        flow = self.flows.get(key)
        return flow.real if flow and flow.real.present else None

    def real_of(self, packet: Packet) -> Real | str:
        """The real server, or the reason to drop."""
        flow = self.flows.get(packet.key)
        syn = pure_syn(packet)
        if flow is None or (syn and flow.state in ("closing", "reset")):
            return self._new_flow(packet, first=syn or packet.protocol == UDP)
        if flow.real.present and flow.real.down:
            return self._leave(packet, flow)
        if flow.pair is not None:
            return self._go_on(packet, flow, syn or packet.protocol == UDP)
        if not flow.real.present:
            return self._new_flow(packet, first=syn or packet.protocol == UDP, known=True)
        was_pending = flow.state == "pending"
        can_go_on = packet.protocol == UDP or syn or (was_pending and not packet.flags & RST)
        if flow.real.away and can_go_on:
            other = self._new_flow(packet, first=syn, known=True)
            if not isinstance(other, str):
                return other
        flow.become(next_state(packet, flow.state))
        if was_pending and flow.state != "pending":
            self._settle(packet.source, self._service_of(flow.real), flow.real, first=False)
        return flow.real

    def _leave(self, packet: Packet, flow: Flow) -> Real | str:
        """A request of a flow whose real server is down, and gets no packet."""
        tcp, rst, syn = packet.protocol == TCP, bool(packet.flags & RST), pure_syn(packet)
        pending = flow.state == "pending"
        if flow.real.down == "reset" and tcp and not syn and (rst or not pending):
            self.end(packet.key)
            return "real-down" if rst else "answered-down"
        other: Real | str = "real-down"
        if not rst:
            other = self._new_flow(packet, first=syn, known=True)
        if isinstance(other, str) and not pending and self.flows.get(packet.key) is flow:
            flow.become(pairs.further(packet, flow.state))
        return other

    def _go_on(self, packet: Packet, flow: Flow, first: bool) -> Real | str:
        """A request of a flow whose replies come back."""
        if not flow.real.present:
            return self._new_flow(packet, first=first, known=True)
        syn = pure_syn(packet)
        pending = flow.state == "pending" and not packet.flags & RST
        if flow.real.away and (packet.protocol == UDP or syn or pending):
            other = self._new_flow(packet, first=syn, known=True)
            if not isinstance(other, str) or other in ("tuple-taken", "bridge-same-side"):
                return other
        self.advance(packet, flow, pairs.after_request(packet, flow))
        return flow.real

    def advance(self, packet: Packet, flow: Flow, state: str) -> None:
        """A packet of either direction makes ``state`` of it."""
        assert flow.pair is not None
        opened = flow.state == "pending" and state != "pending"
        flow.become(state)
        if opened:
            self._settle(flow.pair.key[0], self._service_of(flow.real), flow.real, first=False)

    def _service_of(self, real: Real) -> Service | None:
        return next((s for s in self.services if any(r is real for r in s.reals)), None)

    def service_of(self, packet: Packet) -> Service | None:
        """Of a request."""
        return self.service_at(packet.destination, packet.destination_port, packet.protocol)

    def service_at(self, vip: IP, port: int, protocol: int) -> Service | None:
        """Exact port before range before any."""
        best: tuple[int, Service] | None = None
        for service in self.services:
            if vip not in service.vips or service.protocol != protocol:
                continue
            for first, last in service.ports:
                if not first <= port <= last:
                    continue
                rank = 0 if first == last else 2 if (first, last) == (0, 65535) else 1
                if best is None or rank < best[0]:
                    best = rank, service
        return best[1] if best else None

    def _new_flow(self, packet: Packet, *, first: bool, known: bool = False) -> Real | str:
        """Schedule it. ``known``: a flow that moves; ``first``: as its first packet."""
        service = self.service_of(packet)
        if service is None:
            return "no-service"
        if service.passes:
            return "no-real-passed" if known or service.admits(packet.source) else "denied"
        if not first and packet.flags & (SYN | RST):
            return "no-flow"
        if not first and not known and not service.takes_up:
            return "answered-reset" if service.on_unknown == "reset" else "no-flow"
        if service.routed and packet.ttl <= 1:
            return "expired"
        if not known and not service.admits(packet.source):
            return "denied"
        if pairs.is_paired(service):
            return self._new_pair(packet, service, first=first)
        real = self._choose(packet, service)
        if isinstance(real, str):
            return real
        real.new += 1
        if service.one_packet:
            return real
        state = "pending"
        if not first:
            state = next_state(packet, "open")
            if not known and state != "closing":
                state = "unverified"
        self.end(packet.key)
        self.flows[packet.key] = Flow(real, state)
        if first or known:
            self._settle(packet.source, service, real, first)
        return real

    def end(self, key: FlowKey) -> None:
        """The flow, if there is one, is over."""
        if key in self.flows:
            flow = self.flows.pop(key)
            flow.end()
            self.replies.give_back(flow)

    def _new_pair(self, packet: Packet, service: Service, *, first: bool) -> Real | str:
        """A new flow whose replies come back, or (not ``first``) one that moves."""
        if service.method != "one-arm" and packet.source in pairs.natted(self.services):
            return "hairpin"
        hop = packet.arrival
        if packet.two_tags and service.routed:
            return "last-hop"
        real = self._choose(packet, service)
        if isinstance(real, str):
            return real
        if real.method == "bridge" and real.link == hop.link:
            return "bridge-same-side"
        if service.method == "one-arm":
            pair = Pair(packet.key, hop, None, service.mss_clamp, service.pool)
        else:
            pair = Pair(packet.key, hop, (packet.source, packet.source_port), service.mss_clamp)
            holder = self.replies.holder(real, packet.key)
            if holder and holder.pair and holder.pair.key != packet.key:
                if holder.state not in ("closing", "reset"):
                    return "tuple-taken"
                self.end(holder.pair.key)
        real.new += 1
        self.end(packet.key)
        state = "pending" if first else next_state(packet, "open")
        flow = self.flows[packet.key] = Flow(real, state, pair)
        self.replies.take(flow)
        self._settle(packet.source, service, real, first)
        return real

    def _home(self, source: IP, service: Service) -> Real | None:
        """The source's real server, if it may have another flow."""
        for homes in (self.homes.open, self.homes.pending) if service.group else ():
            home = homes.get((source, service.group))
            for real in service.reals:
                if home is None or not home.present or real.name != home.name:
                    continue
                if real.usable and real.weight and real.has_room():
                    return real
        return None

    def _choose(self, packet: Packet, service: Service) -> Real | str:
        """The source's real server, or else the algorithm's choice; or the reason why none."""
        home = self._home(packet.source, service)
        if home is not None:
            return home
        configured = [real for real in service.reals if real.present]
        if not any(real.usable and real.weight for real in configured):
            return "no-real"
        flow = NewFlow(*packet.key, self.clock())
        return service.algorithm.choose(configured, service.turn, flow) or "reals-full"

    def _settle(self, source: IP, service: Service | None, real: Real, first: bool) -> None:
        """The source is at home at this real server now; for a first packet, for the time being."""
        if service is None or not service.group:
            return
        key = (source, service.group)
        home = self.homes.open.get(key)
        if home is None or not home.present or home.name != real.name:
            (self.homes.pending if first else self.homes.open)[key] = real


def pure_syn(packet: Packet) -> bool:
    """SYN without ACK."""
    return packet.protocol == TCP and packet.flags & (SYN | ACK) == SYN


def next_state(packet: Packet, state: str) -> str:
    """The table in docs/FLOWS.md, but for SYNs on closing and reset flows, which are new ones."""
    if packet.protocol == UDP:
        return "udp"
    if state == "pending":
        if pure_syn(packet) or packet.flags & RST:
            return state
        state = "open"
    return pairs.further(packet, state)
