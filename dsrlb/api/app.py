# SPDX-License-Identifier: Apache-2.0
"""The API's routes: each asks the controller and returns its rows."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from http import HTTPStatus
from typing import Annotated, Any, cast

from fastapi import FastAPI, Query, Request
from fastapi.encoders import jsonable_encoder
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, PlainTextResponse, Response
from starlette.exceptions import HTTPException

from dsrlb import __version__
from dsrlb.api.bodies import (
    ApplyRequest,
    BodyLimit,
    DetachBody,
    EditRequest,
    ErrorBody,
    PlanRequest,
    StateRequest,
    refusal,
)
from dsrlb.api.description import described
from dsrlb.api.flows import add_flows, no_service
from dsrlb.api.parsing import ParsingRoute
from dsrlb.api.peer import author_of, wanted_by
from dsrlb.api.piecewise import answer
from dsrlb.api.revisions import add_revisions
from dsrlb.control.asking import Controller
from dsrlb.control.statusviews import StatusView
from dsrlb.control.threads import to_its_end
from dsrlb.control.views import (
    AppliedView,
    EventRow,
    MacRow,
    PlanView,
    PreparedView,
    RealRow,
    ServiceRow,
    StateRow,
    StatsRow,
)
from dsrlb.errors import ConfigError, DsrlbError, Overtaken, UnknownRevision

_REFUSALS: dict[int | str, dict[str, Any]] = {
    400: {"model": ErrorBody, "description": "the request or its configuration is wrong"},
    409: {"model": ErrorBody, "description": "it could not be done"},
    412: {"model": ErrorBody, "description": "another revision runs than was expected"},
}
_STATUSES: dict[type[DsrlbError], HTTPStatus] = {
    UnknownRevision: HTTPStatus.NOT_FOUND,
    Overtaken: HTTPStatus.PRECONDITION_FAILED,
}
_NOT_FOUND: dict[int | str, dict[str, Any]] = {
    404: {"model": ErrorBody, "description": "there is no such name"}
}


def create_app(controller: Controller) -> FastAPI:
    """Return the ASGI application that answers for ``controller``."""
    app = FastAPI(
        title="dsrlb",
        version=__version__,
        description="What a running dsrlb balancer shows and does.",
        docs_url=None,
        redoc_url=None,
        responses=_REFUSALS,
    )
    app.router.route_class = ParsingRoute
    app.add_middleware(BodyLimit)
    _add_errors(app)
    _add_nouns(app, controller)
    _add_verbs(app, controller)
    add_flows(app, controller)
    add_revisions(app, controller)
    app.openapi = described(app)  # type: ignore[method-assign]  # as FastAPI says to
    return app


def _add_nouns(app: FastAPI, controller: Controller) -> None:
    """Routes that change nothing."""

    @app.get("/status")
    async def status() -> StatusView:
        """The balancer at a glance."""
        return await controller.status()

    @app.get("/services", response_model=list[ServiceRow])
    async def services() -> Response:
        """One row per service and address family."""
        return answer(await controller.services())

    @app.get("/reals", response_model=list[RealRow], responses=_NOT_FOUND)
    async def reals(
        service: Annotated[str | None, Query(description="only this service's")] = None,
    ) -> Response:
        """One row per service and real server."""
        rows = await controller.reals(service)
        if service is not None and not rows:  # a service always has reals
            raise HTTPException(HTTPStatus.NOT_FOUND, await _no_service(controller, service))
        return answer(rows)

    @app.get("/macs", response_model=list[MacRow])
    async def macs() -> Response:
        """Where frames are sent to."""
        return answer(await controller.macs())

    @app.get("/stats")
    async def stats() -> list[StatsRow]:
        """Packets by interface and reason."""
        return await controller.stats()

    @app.get("/events")
    async def events(
        since: Annotated[int, Query(ge=0, description="only events with a greater id")] = 0,
    ) -> list[EventRow]:
        """The last events, oldest first."""
        return controller.events(since)

    @app.get("/config", response_class=PlainTextResponse)
    async def config() -> str:
        """The running configuration as loadable TOML."""
        return await to_its_end(controller.config_toml)


def _add_verbs(app: FastAPI, controller: Controller) -> None:
    """Routes that change something, and plan."""

    @app.post("/plan", response_model=PlanView)
    async def plan(request: PlanRequest) -> Response:
        """What applying a configuration would change."""
        return answer(await controller.plan(request.toml, request.filename))

    @app.post("/apply/prepare", response_model=PreparedView)
    async def prepare_apply(request: ApplyRequest, http: Request) -> Response:
        """What /apply would change, checked like that; and the way back from it."""
        wanted = wanted_by(http, request)
        return answer(await controller.prepare_apply(request.toml, request.filename, wanted))

    @app.post("/apply", response_model=AppliedView)
    async def apply(request: ApplyRequest, http: Request) -> Response:
        """Run a configuration; returns what it changed."""
        wanted = wanted_by(http, request)
        return answer(await controller.apply(request.toml, request.filename, wanted))

    @app.post("/edit/prepare", response_model=PreparedView)
    async def prepare_edit(request: EditRequest, http: Request) -> Response:
        """What /edit would change, checked like that; and the way back from it."""
        return answer(await controller.prepare_edit(request.change(), wanted_by(http, request)))

    @app.post("/edit", response_model=AppliedView)
    async def edit(request: EditRequest, http: Request) -> Response:
        """Change one service or real; returns what it changed."""
        return answer(await controller.edit(request.change(), wanted_by(http, request)))

    @app.post("/real/state", response_model=list[StateRow])
    async def set_state(request: StateRequest, http: Request) -> Response:
        """Drain, disable or enable a real server; returns whom it is about."""
        author, of = author_of(http, request.behind), (request.service, request.address)
        return answer(await controller.set_state(*of, request.state, author))

    @app.post("/detach")
    async def detach() -> DetachBody:
        """Take everything off this host and end the daemon."""
        return DetachBody(done=await controller.detach())


async def _no_service(controller: Controller, name: str) -> str:
    known = sorted({row["name"] for row in await controller.services()})
    return no_service(name, known)


def _add_errors(app: FastAPI) -> None:
    """Every refusal has the shape of ErrorBody."""

    @app.exception_handler(DsrlbError)
    async def refused(_: Request, error: Exception) -> Response:
        body, status = error_body(cast(DsrlbError, error))
        return JSONResponse(body, status)

    @app.exception_handler(HTTPException)
    async def http(_: Request, error: Exception) -> Response:
        wrong = cast(HTTPException, error)
        return refusal(wrong.status_code, str(wrong.detail))

    @app.exception_handler(RequestValidationError)
    async def invalid(_: Request, error: Exception) -> Response:
        details = cast(RequestValidationError, error).errors()
        return refusal(HTTPStatus.BAD_REQUEST, "; ".join(map(_detail_text, details)))

    @app.exception_handler(Exception)  # starlette raises it again after the answer: it is logged
    async def defect(_: Request, error: Exception) -> Response:
        message = f"internal error: {type(error).__name__}: {error}"
        return refusal(
            HTTPStatus.INTERNAL_SERVER_ERROR, message, hint="the daemon's log has the trace"
        )


def _detail_text(detail: Mapping[str, Any]) -> str:
    place = ".".join(str(part) for part in detail["loc"])
    return f"{place}: {detail['msg'].removeprefix('Value error, ')}"


def error_body(error: DsrlbError) -> tuple[dict[str, Any], int]:
    """The JSON body and the HTTP status of an error: 400 for a configuration, 404 for a
    revision that is not there, 412 where another one runs than was expected, else 409."""
    if isinstance(error, ConfigError):
        problems = [dataclasses.asdict(problem) for problem in error.problems]
        body = {"error": "invalid configuration", "hint": error.hint, "problems": problems}
        return jsonable_encoder(body), HTTPStatus.BAD_REQUEST
    body = {"error": error.message, "hint": error.hint, "problems": []}
    for kind, status in _STATUSES.items():
        if isinstance(error, kind):
            return body, status
    return body, HTTPStatus.CONFLICT
