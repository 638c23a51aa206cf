# SPDX-License-Identifier: Apache-2.0
"""The API's description of itself, where FastAPI's is not what is done."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from fastapi import FastAPI

_JSON = "application/json"
_NEVER = "422"
"""What does not fit is a 400, as every other refusal."""


def described(app: FastAPI) -> Callable[[], dict[str, Any]]:
    """For app.openapi: refusals are JSON, also where the answer is text, and none is a 422."""
    made = app.openapi

    def openapi() -> dict[str, Any]:
        if app.openapi_schema is None:
            whole = made()
            for path in whole["paths"].values():
                for operation in path.values():
                    _mend(operation["responses"])
            for name in ("HTTPValidationError", "ValidationError"):
                whole["components"]["schemas"].pop(name, None)
        return made()

    return openapi


def _mend(responses: dict[str, Any]) -> None:
    responses.pop(_NEVER, None)
    for status, response in responses.items():
        content = response.get("content", {})
        if status >= "400" and _JSON not in content and content:
            response["content"] = {_JSON: next(iter(content.values()))}
