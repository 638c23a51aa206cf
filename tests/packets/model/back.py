# SPDX-License-Identifier: Apache-2.0
"""What comes for no VIP: replies to clients and pool addresses, and errors about requests."""

from __future__ import annotations

from dataclasses import dataclass, field

from tests.packets.model import answers, icmp, pairs
from tests.packets.model.deliver import Deliverer
from tests.packets.model.forward import Forward
from tests.packets.model.fragments import First, Fragments
from tests.packets.model.parse import ICMP, ICMPV6
from tests.packets.model.replies import Returner
from tests.packets.model.types import Flow, Outcome, Packet


@dataclass
class Back:
    """The way back."""

    forward: Forward
    fragments: Fragments
    deliverer: Deliverer
    returner: Returner = field(init=False)

    def __post_init__(self) -> None:
        self.returner = Returner(self.deliverer)

    def to_pool(self, frame: bytes, packet: Packet) -> Outcome:
        """To an address of a pool, where everything else ends."""
        if frame[:6] != self.deliverer.ingress.mac:
            return Outcome("pass", "other-host", frame)
        if packet.irregular:
            return Outcome("drop", packet.irregular, frame)
        if packet.protocol in (ICMP, ICMPV6) and packet.fragment != "later":
            return self._icmp(frame, packet)
        answer = self._reply(frame, packet)
        if answer is not None:
            return answer
        reason = "fragment-early" if packet.fragment == "later" else "no-flow"
        return Outcome("drop", reason, frame)

    def to_client(self, frame: bytes, packet: Packet) -> Outcome | None:
        """To anybody; None if it is not ours."""
        if packet.irregular:
            return None
        if packet.protocol in (ICMP, ICMPV6) and packet.fragment != "later":
            if self._is_hidden(packet):
                return None
            found = self._error(frame, packet)
            return found if isinstance(found, Outcome) else None
        return self._reply(frame, packet)

    def _is_hidden(self, packet: Packet) -> bool:
        """Nobody looks for an ICMP error behind a router's own extension headers."""
        behind = packet.source.version == 6 and packet.l4 - packet.start > 40
        return behind and packet.source not in pairs.natted(self.forward.services)

    def _is_for(self, frame: bytes, flow: Flow) -> bool:
        """Is it the right MAC address? In mode bridge that of any other station."""
        ours = frame[:6] == self.deliverer.ingress.mac
        if flow.real.method == "bridge":
            return not frame[0] & 1 and not ours
        return ours

    def _icmp(self, frame: bytes, packet: Packet) -> Outcome:
        if icmp.is_error(packet):
            found = self._error(frame, packet)
            return Outcome("drop", found, frame) if isinstance(found, str) else found
        request = 128 if packet.destination.version == 6 else 8
        if (packet.icmp_type, packet.icmp_code) == (request, 0):
            return answers.echo(frame, packet.start, packet, self.deliverer.ingress.mac)
        return Outcome("drop", "no-service", frame)

    def _error(self, frame: bytes, packet: Packet) -> Outcome | str:
        """About a request; or why it is about none."""
        if not icmp.is_error(packet):
            return "icmp-error"
        quoted = icmp.quoted_of(frame, packet)
        if isinstance(quoted, str):
            return quoted
        flow = self.forward.reply_of(quoted.reverse)
        if flow is None or not flow.real.present or not self._is_for(frame, flow):
            return "icmp-error"
        return self.returner.reply(frame, packet, flow, quoted.place)

    def _reply(self, frame: bytes, packet: Packet) -> Outcome | None:
        if packet.fragment == "later":
            first = self.fragments.first_of(packet)
            if first is None or first.pair is None or not self._lives(first, frame):
                return None
            return self.returner.reply(frame, packet, first.pair)
        flow = self.forward.reply_of(packet.key)
        if flow is None or not self._is_for(frame, flow):
            return None
        if not flow.real.present:
            return Outcome("drop", "no-flow", frame)
        assert flow.pair is not None
        self.forward.advance(packet, flow, pairs.after_reply(packet, flow))
        outcome = self.returner.reply(frame, packet, flow)
        if packet.fragment == "first" and outcome.reason == "forwarded-reply":
            pending = flow.state == "pending"
            first = First(flow.real, flow.pair.key, flow, reply=True, pending=pending)
            self.fragments.remember(packet, first)
        return outcome

    def _lives(self, first: First, frame: bytes) -> bool:
        """Is it of a reply, that still is one, and the frame for us?"""
        flow = first.pair
        if not first.reply or flow is None or flow.pair is None:
            return False
        if self.forward.flows.get(flow.pair.key) is not flow:
            return False
        return (flow.state == "pending") == first.pending and self._is_for(frame, flow)
