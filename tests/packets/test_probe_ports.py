# SPDX-License-Identifier: Apache-2.0
"""Ports of probes: who gets which, and until when."""

from __future__ import annotations

import random

import numpy as np
import pytest

from dsrlb.dataplane.keys import address_bytes
from tests.packets.harness import PROBER, Program
from tests.packets.probing import (
    ACK,
    FIN,
    OWN,
    PORTS,
    RST,
    SYN_ACK,
    VIP,
    answers,
    dropped,
    index_of,
    known,
    passed,
    port_of,
    probe,
    reply,
)
from tests.packets.steps import Family, tick


def take_ports(program: Program, v: Family, ports: list[int], used: int) -> None:
    """Other probes of the VIP's port 80 have these; ``used``: the tick of their last answers."""
    flows = program.maps["probe_flows"]
    for port in ports:
        own, vip = OWN[v.version], VIP[v.version]
        assert own is not None
        ends = address_bytes(vip) + address_bytes(own)
        key = ends + (80).to_bytes(2, "big") + port.to_bytes(2, "big") + bytes([6, 1, 0, 0])
        value = np.zeros(1, flows.value_type)
        value["used"] = used
        flows.set(key, value.tobytes())


def test_a_port_of_each_probe(probed: Program, v: Family) -> None:
    index = index_of(probed, v)
    ports = {
        port_of(v.version, probed.probe(probe(v.version, index, port=port)))
        for port in range(40000, 40050)
    }
    assert len(ports) == 50 and ports <= set(PORTS)


def test_ports_that_others_have(probed: Program, v: Family) -> None:
    """Three in four are free, and a free one is found; when none is, the probe has to wait.

    The program tries 16 ports at random: all of them are taken once in 4^16 probes, at one in
    200 once in 2e7 runs. Of programs that take what others have, or try one port only, 100 probes
    find all but one in 3e12; of those that try two, all but one in 600.
    """
    index = index_of(probed, v)
    shuffled = random.Random(5).sample(PORTS, len(PORTS))
    taken, free = shuffled[: len(PORTS) // 4], shuffled[len(PORTS) // 4 :]
    take_ports(probed, v, taken, tick())
    found = {
        port_of(v.version, probed.probe(probe(v.version, index, port=port)))
        for port in range(40000, 40100)
    }
    assert found <= set(free)
    take_ports(probed, v, free, tick())
    dropped(probed, probe(v.version, index, port=41000), "flow-busy")


def test_ports_that_nobody_uses_any_more(probed: Program, v: Family) -> None:
    """Ten seconds without an answer: another one gets it, and its answers."""
    index = index_of(probed, v)
    take_ports(probed, v, list(PORTS), tick() - 50)
    dropped(probed, probe(v.version, index), "flow-busy")
    take_ports(probed, v, list(PORTS), tick() - 80)
    port = port_of(v.version, probed.probe(probe(v.version, index)))
    got = probed.run(reply(v.version, port))
    assert got.reason == "probe-answer"
    assert got.frame[:12] == PROBER + PROBER
    assert got.frame[-20:-16] == (80).to_bytes(2, "big") + (40000).to_bytes(2, "big")


def test_a_port_that_is_answered_is_in_use(probed: Program, v: Family) -> None:
    """Also when its first packet left long ago: ten seconds begin again."""
    index, flows = index_of(probed, v), probed.maps["probe_flows"]
    port = port_of(v.version, probed.probe(probe(v.version, index)))
    ((key, _),) = answers(probed)
    value = np.array([flows.get(key)], flows.value_type)
    value["used"] = tick() - 80
    flows.set(key, value.tobytes())
    assert probed.run(reply(v.version, port)).reason == "probe-answer"
    (now,) = np.array([flows.get(key)], flows.value_type)["used"]
    assert tick() - int(now) < 10


@pytest.mark.parametrize("changed", ["source", "source_port_be", "destination_port_be"])
def test_answers_that_another_probe_has_by_now(probed: Program, v: Family, changed: str) -> None:
    """What goes on is nobody's, and what begins anew has other answers."""
    index, flows = index_of(probed, v), probed.maps["probe_flows"]
    port = port_of(v.version, probed.probe(probe(v.version, index)))
    assert port_of(v.version, probed.probe(probe(v.version, index, ACK))) == port
    ((key, _),) = answers(probed)
    value = np.array([flows.get(key)], flows.value_type)
    if changed == "source":
        value["source"]["word_be"][0, 3] ^= 1
    else:
        value[changed] ^= 1
    flows.set(key, value.tobytes())
    dropped(probed, probe(v.version, index, ACK), "no-flow")
    new = port_of(v.version, probed.probe(probe(v.version, index)))
    assert new != port
    assert port_of(v.version, probed.probe(probe(v.version, index, ACK))) == new
    assert np.array([flows.get(key)], flows.value_type) == value


def test_a_repeated_syn_is_the_same_probe(probed: Program, v: Family) -> None:
    index = index_of(probed, v)
    first = probed.probe(probe(v.version, index))
    ((_, sent),) = answers(probed)
    assert probed.probe(probe(v.version, index)) == first
    assert answers(probed)[0][1] == sent
    assert known(probed) == 2


def test_a_new_connection_from_the_same_port(probed: Program, v: Family) -> None:
    """The real server may still have the old one: it gets another port."""
    index = index_of(probed, v)
    old = port_of(v.version, probed.probe(probe(v.version, index)))
    new = port_of(v.version, probed.probe(probe(v.version, index, sequence=9)))
    assert old != new
    assert probed.run(reply(v.version, new, acknowledged=10)).reason == "probe-answer"
    assert port_of(v.version, probed.probe(probe(v.version, index, ACK, sequence=10))) == new


def test_a_reset_ends_it(probed: Program, v: Family) -> None:
    """It gets to the real server, and what comes behind it is nobody's."""
    index = index_of(probed, v)
    port = port_of(v.version, probed.probe(probe(v.version, index)))
    assert port_of(v.version, probed.probe(probe(v.version, index, FIN))) == port
    assert known(probed) == 2
    assert port_of(v.version, probed.probe(probe(v.version, index, RST))) == port
    assert known(probed) == 0
    passed(probed, reply(v.version, port, ACK))
    for flags in (ACK, FIN, RST, SYN_ACK):
        dropped(probed, probe(v.version, index, flags), "no-flow")
