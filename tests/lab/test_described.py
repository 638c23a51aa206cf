# SPDX-License-Identifier: Apache-2.0
"""A real daemon answers as its own description of the API says, whatever fits that is asked."""

from __future__ import annotations

from typing import Any

import httpx
import schemathesis
from hypothesis import HealthCheck, given, settings
from schemathesis.checks import CHECKS, not_a_server_error
from schemathesis.core.result import Ok

from dsrlb.paths import for_instance
from tests.lab.instance import Instance, config

_NEVER = "/detach"
"""It would be the end."""
_FIELDS = ("params", "headers", "json", "content", "data")
_CHECKED = ("status_code_conformance", "content_type_conformance", "response_schema_conformance")


def test_what_is_described(balancer: Instance) -> None:
    """Every operation but one; traffic is none of its business, and the daemon goes on."""
    balancer.start(config())
    path = for_instance(balancer.name).socket
    with httpx.Client(
        transport=httpx.HTTPTransport(uds=str(path)), base_url="http://dsrlb", timeout=30
    ) as client:
        schema = schemathesis.openapi.from_dict(client.get("/openapi.json").json())
        wanted = [not_a_server_error, *(CHECKS.get_one(name) for name in _CHECKED)]
        asked = 0
        for found in schema.get_all_operations():
            assert isinstance(found, Ok)
            operation = found.ok()
            if operation.path == _NEVER:
                continue

            @settings(
                max_examples=5,
                deadline=None,
                derandomize=True,
                database=None,
                suppress_health_check=list(HealthCheck),
            )
            @given(operation.as_strategy())
            def ask(case: Any) -> None:
                given_ = case.as_transport_kwargs(base_url="http://dsrlb")
                fields = {key: given_[key] for key in _FIELDS if given_.get(key) is not None}
                answer = client.request(given_["method"], given_["url"], **fields)
                case.validate_response(answer, checks=wanted)

            ask()
            asked += 1
        assert asked > 10
        assert client.get("/status").json()["pid"] == balancer.pid
