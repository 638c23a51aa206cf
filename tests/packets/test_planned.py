# SPDX-License-Identifier: Apache-2.0
"""What a plan says of the flows that are there is what becomes of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from ipaddress import ip_address

import pytest

from dsrlb.config import Service, parse
from dsrlb.config.values import IPAddress
from dsrlb.control.desired.contents import RealId
from dsrlb.control.health.condition import WELL, Condition, State
from dsrlb.control.plan import view
from tests.packets import generate
from tests.packets.cases.paired_services import CONFIG, RESOLUTIONS
from tests.packets.harness import Program
from tests.packets.pair_steps import ACK, DATA, SYN, SYN_ACK, TCP, Connection
from tests.packets.steps import A, B, C, config

CLIENT = ip_address("10.1.0.1")
TEXT = config(A, B, keys="# web", more="# dns")
ALONE = config(A)


@dataclass(frozen=True)
class Flow:
    """A client's, to the TCP or the UDP service, opened or of one more packet."""

    port: int
    protocol: str = "tcp"

    def packet(self, flags: int = DATA) -> bytes:
        if self.protocol == "tcp":
            number, message = 6, generate.tcp(self.port, 80, flags, b"!" if flags == DATA else b"")
        else:
            number, message = 17, generate.udp(self.port, 53, b"?")
        vip = ip_address("192.0.2.10")
        return generate.frame(generate.ipv4(CLIENT, vip, number, message), 0x0800)


FLOWS = [Flow(port, protocol) for port in range(1000, 1004) for protocol in ("tcp", "udp")]


def went(program: Program, packet: bytes) -> str:
    """To which real server, or what else became of it."""
    got = program.run(packet)
    return f"10.0.0.{got.frame[5]}" if got.reason == "forwarded" else got.reason


def opened(program: Program) -> dict[Flow, str]:
    """Where all of them go."""
    for flow in FLOWS:
        for flags in (SYN, ACK):
            went(program, flow.packet(flags))
    return {flow: went(program, flow.packet()) for flow in FLOWS}


def later(program: Program) -> dict[Flow, str]:
    """Where they go now, in another order."""
    found = {flow: went(program, flow.packet()) for flow in [*FLOWS[2:], *FLOWS[:2]]}
    return {flow: found[flow] for flow in FLOWS}


REALS = ("10.0.0.11", "fd00::11", "10.0.0.12", "fd00::12")


def planned(before: str, after: str, states: Mapping[str, State]) -> tuple[bool, str]:
    """Are flows affected, and all that is said."""

    def state_of(_: Service, address: IPAddress) -> State | None:
        return states.get(str(address), "up")

    told = view(parse(before, "before"), parse(after, "after"), state_of)
    return told["affects_flows"], "\n".join(change["detail"] for change in told["changes"])


def web(keys: str, text: str = TEXT) -> str:
    return text.replace("# web", keys)


def both(keys: str, text: str = TEXT) -> str:
    return text.replace("# web", keys).replace("# dns", keys)


CHANGES = {
    "renamed": TEXT.replace('"web"', '"www"').replace('"dns"', '"names"'),
    "renamed group": TEXT.replace('"all"', '"most"'),
    "removed": ALONE[: ALONE.index("[[service]]")],
    "other ports": TEXT.replace("port = 80", "port = 81").replace("port = 53", "port = 54"),
    "any port": TEXT.replace("port = 80", 'port = "any"').replace("port = 53", 'port = "any"'),
    "interfaces": both('interfaces = ["out0"]'),
    "no vip of the family": TEXT.replace('"192.0.2.10", ', ""),
    "another vip": TEXT.replace("192.0.2.10", "192.0.2.11"),
    "vip of another service": web("", TEXT.replace("192.0.2.10", "192.0.2.11", 1)),
    "protocol": TEXT.replace('"tcp"', '"udp"'),
    "real removed": config(A),
    "real added": config(A, B, C),
    "weight": config(A + "\nweight = 0", B),
    "max_open": config(A + "\nmax_open = 1", B),
    "mac": config(A + '\nmac = "02:01:0a:00:00:0b"', B),
    "order": config(B, A),
    "router": TEXT.replace('"l2dsr"', '"router"'),
    "l3dsr": TEXT.replace('"l2dsr"', '"l3dsr"\nl3dsr = { method = "dscp", dscp = 9 }'),
    "algorithm": both('algorithm = "maglev"'),
    "deny": both('deny = ["0.0.0.0/0"]'),
    "rates": both("new_flow_rate = 1\nsource_flow_rate = 1"),
    "timeouts": both("idle_timeout = 1\npending_timeout = 1\nclosing_timeout = 1"),
    "persistence": both('persistence = "1h"'),
    "unknown": web('on_unknown = "reset"'),
    "one packet": TEXT.replace("# dns", "one_packet = true"),
    "all down": both('all_down = "pass"'),
    "slow start": both("slow_start = 60"),
    "checks": both('health.type = "none"'),
    "on_down, and nobody is": web('on_down = "reset"'),
}


@pytest.mark.parametrize("what", CHANGES)
def test_what_becomes_of_flows(program: Program, what: str) -> None:
    program.configure(TEXT)
    before = opened(program)
    assert set(before.values()) == {"10.0.0.11", "10.0.0.12"}
    affected, said = planned(TEXT, CHANGES[what], {})
    program.configure(CHANGES[what])
    assert (later(program) != before) == affected, said


def test_what_is_said_of_a_new_name(program: Program) -> None:
    _, said = planned(TEXT, CHANGES["renamed"], {})
    assert "its flows go to real servers of www, chosen anew" in said
    program.configure(TEXT)
    opened(program)
    program.configure(CHANGES["renamed"])
    assert set(later(program).values()) == {"10.0.0.11", "10.0.0.12"}


POLICIES = ("keep", "rehash", "reset")


def policy(of: str) -> str:
    """UDP knows no reset."""
    return TEXT.replace("# web", f'on_down = "{of}"').replace(
        "# dns", f'on_down = "{"keep" if of == "keep" else "rehash"}"'
    )


@pytest.mark.parametrize("state", ["down", "disabled", "drain"])
@pytest.mark.parametrize("after", POLICIES)
@pytest.mark.parametrize("before", POLICIES)
def test_on_down(program: Program, before: str, after: str, state: State) -> None:
    """Of flows that have sent nothing since their real server is out."""

    def condition_of(real: RealId) -> Condition:
        return Condition(state) if str(real.address) == "10.0.0.11" else WELL

    now: list[dict[Flow, str]] = []
    for text in (policy(before), policy(after)):
        program.forget_flows()
        program.configure(policy(before))
        where = opened(program)
        program.configure(policy(before), condition_of=condition_of)
        program.configure(text, condition_of=condition_of)
        now.append(later(program))
    affected, said = planned(policy(before), policy(after), {"10.0.0.11": state})
    if after == "keep":  # they stay, whatever would have become of them
        assert (now[1], affected) == (where, False)
    else:
        assert (now[1] != now[0]) == affected, said
    assert ("are reset" in said) == (affected and "answered-down" in now[1].values())


def test_all_up_no_more(program: Program) -> None:
    """They counted as up while nobody was."""
    before, after = both('all_down = "all-up"'), both("")
    states: dict[str, State] = dict.fromkeys(REALS, "down")
    affected, said = planned(before, after, states)
    assert (affected, said.count("flows of 10.0.0.11, fd00::11, 10.0.0.12, fd00::12 go to")) == (
        True,
        2,
    )
    program.configure(before, condition_of=lambda _: Condition("down"))
    where = opened(program)
    assert set(where.values()) == {"10.0.0.11", "10.0.0.12"}
    program.configure(after, condition_of=lambda _: Condition("down"))
    assert later(program) != where
    kept = both('all_down = "all-up"\non_down = "keep"')
    assert planned(kept, before, states)[0] is False
    assert planned(kept, before, {"10.0.0.12": "down"})[0] is True


def test_all_up_from_now_on(program: Program) -> None:
    """Who is down counts as up while nobody is, so flows that were there before stay."""
    before, after = both(""), both('all_down = "all-up"')
    states: dict[str, State] = dict.fromkeys(REALS, "down")
    affected, said = planned(before, after, states)
    program.configure(before)
    where = opened(program)
    program.configure(before, condition_of=lambda _: Condition("down"))
    program.configure(after, condition_of=lambda _: Condition("down"))
    assert (later(program) != where, affected) == (False, False), said


SORRY = 'all_down = "sorry"\nsorry = {{ address = "10.0.0.{}" }}'


@pytest.mark.parametrize(("after", "other"), [(77, False), (78, True)])
def test_a_sorry_server(program: Program, after: int, other: bool) -> None:
    text = config(A + "\nweight = 0", keys="# web", more="# dns").replace(', "2001:db8::10"', "")
    before, then = both(SORRY.format(77), text), both(SORRY.format(after), text)
    affected, said = planned(before, then, {})
    program.configure(before)
    where = opened(program)
    assert set(where.values()) == {"10.0.0.77"}
    program.configure(then)
    assert (later(program) != where, affected) == (other, other), said


PAIRED: dict[str, Callable[[str], str]] = {
    "renamed": lambda text: text.replace('-tcp"', '-TCP"'),
    "other ports": lambda text: text.replace("\nport = 13", "\nport = 16"),
    "another vip": lambda text: text.replace('"192.0.2.10"', '"192.0.2.11"'),
    "real's port": lambda text: text.replace("port = 8080", "port = 8081"),
    "more in the pool": lambda text: text.replace('"198.51.100.7"', '"198.51.100.6-198.51.100.7"'),
    "another pool": lambda text: text.replace('"198.51.100.7"', '"198.51.100.8"'),
    "mss": lambda text: text.replace("mss_clamp = 1200", "mss_clamp = 1000"),
    "bridge is router": lambda text: text.replace('mode = "bridge"', 'mode = "router"'),
    "nat is router": lambda text: text.replace('mode = "nat"', 'mode = "router"'),
}
"""Where replies come back."""


@pytest.mark.parametrize("mode", TCP)
@pytest.mark.parametrize("what", PAIRED)
def test_where_replies_come_back(program: Program, what: str, mode: str) -> None:
    """A flow goes on when both ends still see it as they did. A new name may leave it so, too."""
    after = PAIRED[what](CONFIG)
    program.configure(CONFIG, RESOLUTIONS)
    connection = Connection(program, TCP[mode], 4, 6)
    for step, flags in ((connection.request, SYN), (connection.reply, SYN_ACK)):
        step(flags)
    assert (connection.request(ACK), connection.reply(DATA)) == ("forwarded", "forwarded-reply")
    seen_as = connection.seen_as
    told = view(parse(CONFIG, "before"), parse(after, "after"), lambda *_: "up")["changes"]
    names = f"{mode}-{TCP[mode].port}-tcp"
    affected = any(
        change["affects_flows"] for change in told if names in (change["what"].split()[1:2])
    )
    program.configure(after, RESOLUTIONS)
    request, same = connection.request(DATA), connection.seen_as == seen_as
    went_on = (request, same, connection.reply(DATA)) == ("forwarded", True, "forwarded-reply")
    if what == "renamed":
        assert affected
    else:
        assert went_on != affected, told
