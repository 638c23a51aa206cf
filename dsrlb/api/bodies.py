# SPDX-License-Identifier: Apache-2.0
"""What the API is sent, what it answers beside rows, and how large a request may be."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from dsrlb.config.files import LARGEST  # one limit for files and requests

MOST_NUMBER = (1 << 63) - 1
"""SQLite has no larger integers."""

MOST_BYTES = 3 * LARGEST + (64 << 10)
"""The largest request body, in bytes: the largest configuration file and what goes with it.

JSON makes quotes and line ends twice as long, and UTF-8 text three times ("\\u00e9" for two bytes).
"""


MOST_HEAD_BYTES = 16 << 10


class _Request(BaseModel):
    model_config = ConfigDict(extra="forbid")


ConfirmWithin = Annotated[
    int | None,
    Field(ge=1, le=86400, description="seconds; unless POST /confirm comes in time it is reverted"),
]


class Asking(BaseModel):
    """What changes something; who asks for it is known by the kernel (SO_PEERCRED)."""

    model_config = ConfigDict(extra="forbid")

    behind: str = Field(
        "",
        max_length=64,
        pattern=r"^[^\x00-\x1f\x7f]*$",
        description="whom the client acts for (behind sudo); shown beside the user, as its word",
    )


class Changing(Asking):
    """Somebody who changes the configuration."""

    adopt_vip: bool = Field(False, description="take VIPs off the interfaces of this host")
    expected: int | None = Field(
        None,
        ge=1,
        le=MOST_NUMBER,
        description="the revision that runs; 412 when that is another one by now. Default: any",
    )


class Confirmable(Changing):
    """Somebody who may have it taken back."""

    confirm_within: ConfirmWithin = None


class PlanRequest(_Request):
    """A configuration to compare with the running one."""

    toml: str = Field(description="the configuration, as the file has it")
    filename: str = Field("<request>", description="name in error messages; includes start there")


class ApplyRequest(PlanRequest, Confirmable):
    """A configuration to run."""


class EditRequest(Changing):
    """One change of the running configuration."""

    verb: Literal[
        "service-add", "service-set", "service-remove", "real-add", "real-set", "real-remove"
    ]
    service: str = Field(description="name of the service")
    address: str | None = Field(None, description="address of the real (verbs real-*)")
    settings: dict[str, Any] = Field(
        {},
        description="keys and values as in the configuration; of l3dsr, those that change (another "
        "method starts afresh; another mode takes it away)",
    )

    @model_validator(mode="after")
    def _address_with_real(self) -> EditRequest:
        if self.verb.startswith("real-") != (self.address is not None):
            raise ValueError("address belongs to the verbs real-add, real-set and real-remove")
        return self

    def change(self) -> dict[str, Any]:
        """As dsrlb.config.edit() takes it."""
        change: dict[str, Any] = {"verb": self.verb, "service": self.service}
        if self.address is not None:
            change["address"] = self.address
        return {**change, "settings": self.settings}


class StateRequest(Asking):
    """What an operator says of a real server."""

    service: str = Field(description='name of the service; "*": every one that has it')
    address: str = Field(description="address of the real server")
    state: Literal["enabled", "drain", "disabled"] = Field(
        description="drain: no new flows; disabled: nor its old ones, as on_down says"
    )


class RollbackRequest(Confirmable):
    """A way back."""

    revision: int | None = Field(
        None, ge=1, le=MOST_NUMBER, description="default: the one that ran before"
    )


class ConfirmRequest(Asking):
    """Keep the revision that waits for confirmation."""


class ProblemBody(BaseModel):
    """One thing that is wrong in a configuration."""

    file: str
    line: int | None
    key: str
    value: str
    message: str


class ErrorBody(BaseModel):
    """Why a request was refused."""

    error: str = Field(description="what was wrong, with the value")
    hint: str = Field("", description="what to try")
    problems: list[ProblemBody] = Field([], description="of a configuration, every one")


class DetachBody(BaseModel):
    """What was taken off the host."""

    done: list[str]


def refusal(status: int, message: str, hint: str = "") -> JSONResponse:
    """An error answer without problems."""
    return JSONResponse(ErrorBody(error=message, hint=hint).model_dump(), status)


def _head_bytes(scope: Scope) -> int:
    """Of path, query string and header fields."""
    fields = sum(len(name) + len(value) for name, value in scope["headers"])
    return len(scope["path"]) + len(scope.get("query_string", b"")) + fields


class BodyLimit:
    """Refuses (413) bodies over MOST_BYTES, whether their length was announced or not; and (431)
    what has more than MOST_HEAD_BYTES before it: h11 has a limit for heads that come in pieces, and
    takes what comes in one.

    What is over the limit is read and thrown away, so that the client gets to see the answer.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Read the whole body, then hand it on in one piece."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        body = await _read(receive)
        if body is None:
            return
        if _head_bytes(scope) > MOST_HEAD_BYTES:
            message = f"path, query and header fields have more than {MOST_HEAD_BYTES} bytes"
            await refusal(431, message)(scope, receive, send)
            return
        if len(body) > MOST_BYTES:
            too_large = refusal(413, f"the request is larger than {MOST_BYTES} bytes")
            await too_large(scope, receive, send)
            return
        waiting: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

        async def replay() -> Message:
            return waiting.pop() if waiting else await receive()

        await self._app(scope, replay, send)


async def _read(receive: Receive) -> bytes | None:
    """The body, cut one byte after the limit; None when the client went away."""
    body = bytearray()
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            return None
        room = MOST_BYTES + 1 - len(body)
        body += message.get("body", b"")[:room]
        if not message.get("more_body", False):
            return bytes(body)
