# SPDX-License-Identifier: Apache-2.0
"""The API's routes for configuration revisions."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import FastAPI, Path, Query, Request
from fastapi.responses import PlainTextResponse, Response

from dsrlb.api.bodies import MOST_NUMBER, ConfirmRequest, ErrorBody, RollbackRequest
from dsrlb.api.peer import author_of, wanted_by
from dsrlb.api.piecewise import answer
from dsrlb.control.asking import Controller
from dsrlb.control.views import AppliedView, DiffView, PreparedView, RevisionRow

_NOT_FOUND: dict[int | str, dict[str, Any]] = {
    404: {"model": ErrorBody, "description": "there is no such revision"}
}
_Number = Annotated[int, Path(ge=1, le=MOST_NUMBER, description="a revision")]


def add_revisions(app: FastAPI, controller: Controller) -> None:
    """Add /revisions, /diff, /rollback and /confirm."""

    @app.get("/revisions", response_model=list[RevisionRow])
    async def revisions(
        limit: Annotated[
            int | None, Query(ge=1, le=MOST_NUMBER, description="so many at most")
        ] = None,
    ) -> Response:
        """Configuration revisions, newest first."""
        return answer(await controller.history(limit))

    @app.get("/revisions/{number}/config", response_class=PlainTextResponse, responses=_NOT_FOUND)
    async def config(number: _Number) -> str:
        """The configuration of a revision as TOML."""
        return await controller.revision_toml(number)

    @app.get("/diff", response_model=DiffView, responses=_NOT_FOUND)
    async def diff(
        before: Annotated[int, Query(ge=1, le=MOST_NUMBER, description="a revision")],
        after: Annotated[
            int | None, Query(ge=1, le=MOST_NUMBER, description="default: what runs")
        ] = None,
        text: Annotated[bool, Query(description="with a unified diff of the TOML")] = False,
    ) -> Response:
        """What leads from one revision to another."""
        return answer(await controller.diff(before, after, text))

    @app.post("/rollback/prepare", response_model=PreparedView, responses=_NOT_FOUND)
    async def prepare(request: RollbackRequest, http: Request) -> Response:
        """What /rollback would change, checked like that; and the way back from it."""
        wanted = wanted_by(http, request)
        return answer(await controller.prepare_rollback(request.revision, wanted))

    @app.post("/rollback", response_model=AppliedView, responses=_NOT_FOUND)
    async def rollback(request: RollbackRequest, http: Request) -> Response:
        """Run a revision again, as a new one; returns what that changed."""
        return answer(await controller.rollback(request.revision, wanted_by(http, request)))

    @app.post("/confirm")
    async def confirm(request: ConfirmRequest, http: Request) -> RevisionRow:
        """Keep the revision that waits for confirmation; returns it."""
        return await controller.confirm(author_of(http, request.behind))
