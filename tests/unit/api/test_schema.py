# SPDX-License-Identifier: Apache-2.0
"""Whatever fits the API's own description is answered as that says, and nothing breaks."""

from __future__ import annotations

from typing import Any

import schemathesis
from hypothesis import HealthCheck, settings
from schemathesis.checks import CHECKS, not_a_server_error

from dsrlb.api.app import create_app
from dsrlb.api.peer import with_uid
from tests.unit.api.fake import FakeController

_CHECKED = (
    "status_code_conformance",
    "content_type_conformance",
    "response_schema_conformance",
)

schema = schemathesis.openapi.from_asgi("/openapi.json", with_uid(create_app(FakeController()), 0))


@schema.parametrize()
@settings(
    max_examples=15,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=list(HealthCheck),
)
def test_what_is_described(case: Any) -> None:
    """Every operation, with what its description allows and what it does not."""
    wanted = [not_a_server_error, *(CHECKS.get_one(name) for name in _CHECKED)]
    case.call_and_validate(checks=wanted)
