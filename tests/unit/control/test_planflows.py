# SPDX-License-Identifier: Apache-2.0
"""What a plan says of flows, case by case; the packet tests hold it against the program."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from dsrlb.config import Service, parse
from dsrlb.config.values import IPAddress
from dsrlb.control.health.condition import State
from dsrlb.control.plan import view

SERVICE = """
[[service]]
name = "{}"
protocol = "tcp"
{}
"""
WEB = """\
vip = "192.0.2.10"
port = 80
mode = "l2dsr"
real = [{ address = "10.0.0.11" }, { address = "10.0.0.12" }]
"""


def said(
    before: Mapping[str, str], after: Mapping[str, str], states: Mapping[str, State | None]
) -> str:
    """Of services by name, with real servers that are up unless it is told otherwise."""

    def standing(_: Service, address: IPAddress) -> State | None:
        return states.get(str(address), "up")

    one, other = (
        parse(
            '[balancer]\ninterfaces = ["eth0"]\n'
            + "".join(SERVICE.format(*each) for each in services.items()),
            "f",
        )
        for services in (before, after)
    )
    changes = view(one, other, standing)["changes"]
    return "; ".join(change["detail"] for change in changes if change["affects_flows"])


def down(on_down: str, all_down: str = "drop", weight: int = 1) -> Mapping[str, str]:
    second = f'"10.0.0.12", weight = {weight}'
    web = WEB.replace('"10.0.0.12"', second)
    return {"web": f'{web}on_down = "{on_down}"\nall_down = "{all_down}"'}


ONE: Mapping[str, State | None] = {"10.0.0.11": "down"}
NOBODY: Mapping[str, State | None] = {"10.0.0.11": "down", "10.0.0.12": "down"}
OUT: Mapping[str, State | None] = {"10.0.0.11": "disabled"}
UNKNOWN: Mapping[str, State | None] = {"10.0.0.11": None, "10.0.0.12": None}
RESET = "flows of 10.0.0.11 are reset"
MOVED = "flows of 10.0.0.11 go to other reals"


@pytest.mark.parametrize(
    ("before", "after", "states", "wanted"),
    [
        (down("keep"), down("reset"), ONE, RESET),
        (down("keep"), down("rehash"), ONE, MOVED),
        (down("keep"), down("rehash"), OUT, MOVED),
        (down("rehash"), down("reset"), OUT, RESET),
        (down("reset"), down("keep"), ONE, ""),
        (down("keep"), down("reset"), {"10.0.0.11": "drain"}, ""),
        (down("keep"), down("reset"), UNKNOWN, "real servers that are down or disabled are reset"),
        (down("reset"), down("reset", "pass"), UNKNOWN, ""),
        # those that count as up while nobody is
        (down("rehash", "all-up"), down("rehash"), NOBODY, "go to other reals"),
        (down("rehash", "all-up"), down("rehash"), ONE, ""),
        (down("rehash", "all-up", 0), down("rehash", "drop", 0), ONE, MOVED),
        (down("rehash"), down("rehash", "all-up"), NOBODY, ""),
        (down("reset"), down("reset", "all-up"), NOBODY, ""),
        (down("keep"), down("reset", "all-up"), NOBODY, ""),
        (down("keep"), down("reset", "all-up"), OUT, RESET),
    ],
)
def test_of_who_is_out(
    before: Mapping[str, str],
    after: Mapping[str, str],
    states: Mapping[str, State | None],
    wanted: str,
) -> None:
    told = said(before, after, states)
    assert told.endswith(wanted) if wanted else told == ""


def test_it_is_said_once() -> None:
    """Where both keys are others."""
    assert said(down("keep", "all-up"), down("reset"), NOBODY).count("are reset") == 1


def test_a_vip_that_another_service_has_by_then() -> None:
    """Its flows end where their real servers of that family have gone with it."""
    pair = WEB.replace('"192.0.2.10"', '["192.0.2.10", "2001:db8::10"]')
    for number in (11, 12):
        pair = pair.replace(f'"10.0.0.{number}"', f'["10.0.0.{number}", "fd00::{number}"]')
    alone = pair.replace('["192.0.2.10", "2001:db8::10"]', '"192.0.2.10"')
    other = pair.replace('["192.0.2.10", "2001:db8::10"]', '"2001:db8::10"')
    told = said({"web": pair}, {"web": alone, "other": other}, {})
    assert told.endswith("flows to 2001:db8::10 end")


def port(text: str) -> str:
    return WEB.replace("port = 80", f"port = {text}")


@pytest.mark.parametrize(
    ("ports", "other", "taken"),
    [
        ("80", "80", True),
        ("80", "81", False),
        ("81", '"80-90"', True),
        ('"85-95"', '"80-90"', True),
        ('"91-95"', '"80-90"', False),
        ('"any"', "81", True),
        ("81", '"any"', True),
    ],
)
def test_a_service_that_goes(ports: str, other: str, taken: bool) -> None:
    """Those that have its VIP and a port of it get its flows."""
    told = said({"web": port(ports)}, {"other": port(other)}, {})
    assert ("its flows go to real servers of other, chosen anew" in told) is taken
    assert ("its flows end" in told) is not taken


def test_one_of_another_protocol_takes_nothing() -> None:
    after = {"other": port("80").replace("vip", 'health.type = "none"\nvip')}
    told = said({"web": port("80")}, after, {})
    assert "chosen anew" in told
    udp = SERVICE.replace("tcp", "udp").format("other", port("80"))
    one = parse('[balancer]\ninterfaces = ["eth0"]\n' + SERVICE.format("web", port("80")), "f")
    two = parse('[balancer]\ninterfaces = ["eth0"]\n' + udp, "f")
    details = [change["detail"] for change in view(one, two)["changes"]]
    assert any("its flows end" in detail for detail in details)


def sorry(address: str, more: str = "", mode: str = "nat") -> Mapping[str, str]:
    web = WEB.replace("l2dsr", mode)
    return {"web": f'{web}all_down = "sorry"\nsorry = {{ address = ["{address}"]{more} }}'}


@pytest.mark.parametrize(
    ("before", "after", "wanted"),
    [
        (sorry("10.0.0.8"), sorry("10.0.0.9"), "flows of 10.0.0.8 go to other reals"),
        (sorry("10.0.0.8"), sorry("10.0.0.8", ", port = 8080"), "its flows end"),
        (sorry("10.0.0.8"), sorry('10.0.0.8", "fd00::8'), ""),
        (
            sorry('10.0.0.8", "fd00::8'),
            sorry("10.0.0.8"),
            "flows of 10.0.0.8, fd00::8 go to other reals",
        ),
    ],
)
def test_a_sorry_server(before: Mapping[str, str], after: Mapping[str, str], wanted: str) -> None:
    told = said(before, after, {})
    assert told.endswith(wanted) if wanted else told == ""
