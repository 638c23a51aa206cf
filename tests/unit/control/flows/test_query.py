# SPDX-License-Identifier: Apache-2.0
"""Filters as they are written."""

from __future__ import annotations

from collections.abc import Callable
from ipaddress import ip_address, ip_network

import pytest

from dsrlb.control.flows.query import (
    STATES,
    FlowQuery,
    address,
    client_prefix,
    endpoint,
    endpoint_text,
    seconds,
)
from tests.unit.control.flowmaps import Flows


@pytest.mark.parametrize(
    ("text", "host", "port"),
    [
        ("192.0.2.10", "192.0.2.10", None),
        ("192.0.2.10:80", "192.0.2.10", 80),
        ("2001:db8::1", "2001:db8::1", None),
        ("[2001:db8::1]", "2001:db8::1", None),
        ("[2001:db8::1]:65535", "2001:db8::1", 65535),
    ],
)
def test_endpoints(text: str, host: str, port: int | None) -> None:
    assert endpoint(text) == (ip_address(host), port)
    assert endpoint(endpoint_text(host, port)) == (ip_address(host), port)


@pytest.mark.parametrize(
    ("text", "number"), [("90", 90), ("90s", 90), ("15m", 900), ("2 h", 7200), ("1d", 86400)]
)
def test_times(text: str, number: int) -> None:
    assert seconds(text) == number


@pytest.mark.parametrize(
    ("parse", "text", "says"),
    [
        (endpoint, "192.0.2.10:0", "'0' is no port"),
        (endpoint, "192.0.2.10:http", "'http' is no port"),
        (endpoint, "192.0.2.10:70000", "'70000' is no port"),
        (endpoint, "web:80", "'web' is no address"),
        (endpoint, "[192.0.2.10", "is no address"),
        (address, "10.0.0.300", "'10.0.0.300' is no address"),
        (client_prefix, "10.0.0.1/8", "has host bits set"),
        (client_prefix, "10.0.0.0/33", "is no address or prefix"),
        (seconds, "-1", "is no time such as"),
        (seconds, "1w", "is no time such as"),
        (seconds, "", "is no time such as"),
    ],
)
def test_what_is_refused(parse: Callable[[str], object], text: str, says: str) -> None:
    with pytest.raises(ValueError, match=says.replace("(", r"\(")):
        parse(text)


def test_the_text_of_a_query() -> None:
    query = FlowQuery(
        client=ip_network("10.0.0.0/8"),
        vip=(ip_address("2001:db8::1"), 80),
        states=("open", "data"),
        older=90,
    )
    assert query.text() == (
        "--client 10.0.0.0/8 --vip [2001:db8::1]:80 --older 90 --state open --state data"
    )
    assert FlowQuery().text() == ""


def test_states_are_those_of_the_program() -> None:
    assert set(STATES) == set(Flows().abi.states) - {"empty", "busy"}
