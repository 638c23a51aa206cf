# SPDX-License-Identifier: Apache-2.0
"""What programs read: the keys of every noun's JSON are a promise."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from datetime import datetime
from typing import Any

import pytest

from dsrlb.config import parse
from tests.lab.instance import Instance, config
from tests.lab.plain import VIPS, Plain
from tests.lab.traffic import connect, request
from tests.waiting import wait_until

KEYS = {
    "services": "name vip protocol port mode algorithm family reals_up reals open pending packets "
    "bytes new reply_packets reply_bytes pool all_down",
    "reals": "service address port weight state reason since open pending packets bytes new "
    "reply_packets reply_bytes mac interface response_ms response_age verdict share sorry",
    "macs": "address via mac interface vlan mtu path_mtu hops state source reason since",
    "stats": "interface ifindex driver xdp_mode attached reasons",
    "status": "instance pid version started config_hash file file_differs interfaces services "
    "reals flows flow_events attach_seconds headers bytecode revisions checks",
}
FLOWS = "open pending closing capacity used pending_capacity pending_used"
INTERFACE = "name state driver xdp_mode reason"
REASONS = (
    "pass other-host vip-conflict forwarded answered-arp answered-nd answered-echo malformed "
    "martian fragment extension-depth bad-flags icmp-error no-service no-flow no-real unresolved "
    "mtu-exceeded no-egress answered-reset denied service-rate source-rate reals-full flow-busy "
    "incomplete fragment-early answered-too-big answered-time-exceeded ttl-exceeded tunnel-error "
    "no-headroom forwarded-reply forwarded-outbound outbound-kernel pool-exhausted tuple-taken "
    "hairpin last-hop bridge-same-side bridge-blocked probe-answer answered-down real-down "
    "no-real-passed silent probe-returned"
)


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Plain]:
    """The network, for all tests here."""
    network = Plain(f"{os.getpid()}-views", tmp_path_factory.mktemp("plain"))
    try:
        network.up()
        yield network
    finally:
        network.down()


@pytest.fixture(scope="module")
def balancer(plain: Plain, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Instance]:
    """A balancer that runs, for all tests here: one of them makes traffic, one applies what shows
    in nothing that another one asks for."""
    made = Instance(f"t-{os.getpid()}-views", plain.lb, tmp_path_factory.mktemp("balancer"))
    try:
        made.start(config())
        yield made
    finally:
        made.remove()


def _json(balancer: Instance, *command: str) -> Any:
    return json.loads(balancer.done(*command, "--json"))


def test_json_has_exactly_the_promised_keys(plain: Plain, balancer: Instance) -> None:
    for noun, keys in KEYS.items():
        shown = _json(balancer, noun)
        for row in [shown] if noun == "status" else shown:
            assert set(row) == set(keys.split()), noun
    status = _json(balancer, "status")
    for interface in status["interfaces"]:
        assert set(interface) == set(INTERFACE.split())
    assert set(status["flows"]) == {"ipv4", "ipv6"}
    for counts in status["flows"].values():
        assert set(counts) == set(FLOWS.split())
        assert (counts["capacity"], counts["pending_capacity"]) == (10000, 2500)
    assert set(status["flow_events"]) == {"flows4", "flows6", "pending4", "pending6"}
    for row in _json(balancer, "stats"):
        assert set(row["reasons"]) == set(REASONS.split())
    for row in _json(balancer, "reals"):
        assert datetime.fromisoformat(row["since"]).tzinfo is not None
        assert row["port"] is None


def test_rows_say_what_happened(plain: Plain, balancer: Instance) -> None:
    with connect(plain.client, VIPS[0]):
        request(plain.client, VIPS[0], "udp")
        wait_until("flows are counted", lambda: balancer.get("/services")[0]["open"])
        web4, web6, dns4, _ = _json(balancer, "services")
        assert (web4["name"], web4["family"], web4["vip"]) == ("web", "ipv4", [VIPS[0]])
        assert (web6["family"], web6["vip"], web6["new"]) == ("ipv6", [VIPS[1]], 0)
        assert (web4["open"], web4["pending"], web4["new"], web4["packets"]) == (1, 0, 1, 2)
        assert web4["bytes"] == (14 + 20 + 40) + (14 + 20 + 32)  # SYN and ACK with options
        assert (dns4["open"], dns4["pending"], dns4["packets"]) == (0, 1, 1)
        (open_at,) = [row for row in _json(balancer, "reals", "web") if row["open"]]
        assert open_at["packets"] == 2
    assert {row["service"] for row in _json(balancer, "reals", "dns")} == {"dns"}
    wrong = balancer.dsrlb("reals", "nothing")
    assert wrong.returncode == 1
    assert "nothing" in wrong.stderr


def test_status_compares_the_file(balancer: Instance) -> None:
    status = _json(balancer, "status")
    assert (status["file"], status["file_differs"]) == (str(balancer.file), False)
    balancer.write(config(balancer="announce = false"))
    assert _json(balancer, "status")["file_differs"] is True
    plan = _json(balancer, "plan", str(balancer.file))
    assert plan["hash_before"] == status["config_hash"]
    applied = _json(balancer, "apply", str(balancer.file))
    assert applied["hash_after"] == plan["hash_after"]
    after = _json(balancer, "status")
    assert (after["config_hash"], after["file_differs"]) == (plan["hash_after"], False)


def test_config_show_is_loadable(balancer: Instance) -> None:
    shown = balancer.done("config", "show")
    assert parse(shown, "shown.toml") == parse(balancer.file.read_text(), str(balancer.file))


def test_tables_are_readable(balancer: Instance) -> None:
    """Every noun without --json prints something for people, and no trace."""
    for noun in (*KEYS, "events"):
        shown = balancer.done(noun)
        assert shown.strip(), noun
        assert "Traceback" not in shown
