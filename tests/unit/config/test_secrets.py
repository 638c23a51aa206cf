# SPDX-License-Identifier: Apache-2.0
"""What events tell of a configuration that is wrong."""

from __future__ import annotations

import pytest

from dsrlb.config import parse
from dsrlb.config.secrets import told
from dsrlb.errors import ConfigError, StateError

TEXT = """
[balancer]
interfaces = ["eth0"]
[[service]]
name = "web"
vip = "192.0.2.10"
protocol = "tcp"
port = 80
mode = "l2dsr"
real = [{ address = "10.0.0.11" }]
"""


@pytest.mark.parametrize(
    "line",
    [
        'health = { type = "command", command = ["relative", "--password=s3cret"] }',
        'health = { type = "http", send = "s3cret" }',
        'health = { type = "http", host = "s3cret host" }',
        'health = { type = "command", command = [7, "s3cret"] }',
    ],
)
def test_no_secret_is_told(line: str) -> None:
    with pytest.raises(ConfigError) as refused:
        parse(TEXT + line, "test.toml")
    text = told(refused.value)
    assert "s3cret" not in text
    assert text.startswith("test.toml:11: service[0].health")


def test_everything_else_is() -> None:
    with pytest.raises(ConfigError) as refused:
        parse(TEXT + "on_down = 7", "test.toml")
    assert told(refused.value) == refused.value.message
    assert told(StateError("no room")) == "no room"
