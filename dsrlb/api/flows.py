# SPDX-License-Identifier: Apache-2.0
"""The API's routes for flows: a stream of them, and their removal."""

from __future__ import annotations

from collections.abc import Callable
from http import HTTPStatus
from typing import Annotated, Any, Literal, TypeVar

from fastapi import FastAPI, Query, Request
from fastapi.responses import StreamingResponse
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field
from starlette.exceptions import HTTPException

from dsrlb.api.bodies import MOST_NUMBER, Asking, ErrorBody
from dsrlb.api.peer import author_of
from dsrlb.control.asking import Controller
from dsrlb.control.flows.query import (
    CountBy,
    FlowQuery,
    State,
    address,
    client_prefix,
    endpoint,
    seconds,
)

MEDIA_TYPE = "application/x-ndjson"

T = TypeVar("T")
_STREAM: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "newline-delimited JSON: one object for each flow, or for each count",
        "content": {MEDIA_TYPE: {}},
    }
}

_NO_SERVICE: dict[int | str, dict[str, Any]] = {
    404: {"model": ErrorBody, "description": "there is no such service"}
}


def _checked(parse: Callable[[str], object]) -> BeforeValidator:
    """Refuses what ``parse`` does not take; the text itself stays."""

    def check(text: Any) -> Any:
        if text is not None:
            parse(str(text))
        return text

    return BeforeValidator(check)


class Filters(BaseModel):
    """Which flows are meant; all that are given have to fit."""

    model_config = ConfigDict(extra="forbid")

    client: Annotated[str | None, _checked(client_prefix)] = Field(
        None, description="address or prefix of clients"
    )
    vip: Annotated[str | None, _checked(endpoint)] = Field(
        None, description="ADDRESS, ADDRESS:PORT or [ADDRESS]:PORT"
    )
    real: Annotated[str | None, _checked(address)] = Field(
        None, description="address of the real server"
    )
    service: str | None = Field(None, description="name of the service")
    protocol: Literal["tcp", "udp"] | None = None
    state: list[State] = Field([], description="one of these states")
    older: Annotated[str | None, _checked(seconds)] = Field(
        None, description='no packet was noted for at least this long: "90", "15m"'
    )
    newer: Annotated[str | None, _checked(seconds)] = Field(
        None, description="a packet was noted within this time"
    )

    def query(self) -> FlowQuery:
        """As the controller takes it."""
        return FlowQuery(
            client=_maybe(client_prefix, self.client),
            vip=_maybe(endpoint, self.vip),
            real=_maybe(address, self.real),
            service=self.service,
            protocol=self.protocol,
            states=tuple(self.state),
            older=_maybe(seconds, self.older),
            newer=_maybe(seconds, self.newer),
        )


def _maybe(parse: Callable[[str], T], text: str | None) -> T | None:
    return None if text is None else parse(text)


class FlowsQuery(Filters):
    """What to list, and how."""

    limit: int | None = Field(None, ge=1, le=MOST_NUMBER, description="so many at most")
    count_by: CountBy | None = Field(
        None, description="numbers of flows instead of the flows themselves"
    )


class DropRequest(Filters, Asking):
    """Which flows to remove."""

    every: bool = Field(False, alias="all", description="without any filter: all flows")


class DroppedBody(BaseModel):
    """How many entries were removed."""

    dropped: int


def add_flows(app: FastAPI, controller: Controller) -> None:
    """Add /flows and /flows/drop."""

    @app.get("/flows", responses=_STREAM | _NO_SERVICE, response_class=StreamingResponse)
    async def flows(given: Annotated[FlowsQuery, Query()]) -> StreamingResponse:
        """Flows, or how many there are, as a stream of lines."""
        query = given.query()
        await _require_service(controller, query.service)
        pieces = await controller.flows(query, given.count_by, given.limit)
        return StreamingResponse(pieces, media_type=MEDIA_TYPE)

    @app.post("/flows/drop", responses=_NO_SERVICE)
    async def drop(request: DropRequest, http: Request) -> DroppedBody:
        """Remove flows; their next packets are those of unknown flows."""
        query = request.query()
        if query == FlowQuery() and not request.every:
            raise HTTPException(HTTPStatus.BAD_REQUEST, 'no filter given; "all" means every flow')
        if query != FlowQuery() and request.every:
            raise HTTPException(HTTPStatus.BAD_REQUEST, '"all" takes no filters')
        await _require_service(controller, query.service)
        author = author_of(http, request.behind)
        return DroppedBody(dropped=await controller.drop_flows(query, author))


async def _require_service(controller: Controller, name: str | None) -> None:
    """Refuse (404) the name of a service that is not there."""
    if name is None:
        return
    known = sorted({row["name"] for row in await controller.services()})
    if name not in known:
        raise HTTPException(HTTPStatus.NOT_FOUND, no_service(name, known))


def no_service(name: str, known: list[str]) -> str:
    """The words for a service that is not there."""
    return f"there is no service {name!r}; there are: {', '.join(known) or 'none'}"
