"""The addresses of the dashboard, and what is answered at each."""

from collections.abc import Callable
from datetime import datetime
from functools import partial
from pathlib import Path

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import FileResponse, PlainTextResponse, RedirectResponse, Response, StreamingResponse
from starlette.routing import Route
from starlette.types import ASGIApp

from springback.errors import SpringbackError
from springback.web import acts, cells, drawing, entrance, events, kill
from springback.web.access import Access
from springback.web.contents import PAGES
from springback.web.dashboard import Dashboard, lost
from springback.web.door import STUDY_POLICY, Door
from springback.web.pages.built import built
from springback.web.visit import NOBODY, Desks
from springback.workflow.studies import studies
from springback.workflow.web_settings import Web

FOREVER = "public, max-age=31536000, immutable"
FULL = PlainTextResponse("Too many follow the events already.\n", 503, {"retry-after": "30"})


def dashboard_of(folders: tuple[Path, ...], web: Web, access: Access, now: Callable[[], datetime]) -> Dashboard:
    """The dashboard over the accounts in `folders`."""
    return Dashboard(Desks(folders, now), access, web)


def application(dashboard: Dashboard) -> ASGIApp:
    """What a server runs: the pages behind their door. No page tells of its own interface, since there is none but these."""
    get, post = ["GET"], ["POST"]
    routes = [
        Route("/", partial(first, dashboard), methods=get),
        Route("/static/{name:path}", asset, methods=get),
        Route("/begin", partial(entrance.begin, dashboard), methods=get),
        Route("/begin", partial(entrance.begun, dashboard), methods=post),
        Route("/sign-in", partial(entrance.sign_in, dashboard), methods=get),
        Route("/sign-in", partial(entrance.signed_in, dashboard), methods=post),
        Route("/sign-out", partial(entrance.signed_out, dashboard), methods=post),
        Route("/events/{account}", partial(follow, dashboard), methods=get),
        Route("/study/{kind}/{name}", partial(study, dashboard), methods=get),
        Route("/a/{account}/kill", partial(kill.ask, dashboard), methods=get),
        Route("/a/{account}/kill", partial(kill.pull, dashboard), methods=post),
        Route("/a/{account}/act/{name}", partial(acts.act, dashboard), methods=post),
        Route("/a/{account}/{page}", partial(page, dashboard), methods=get),
        Route("/a/{account}/{page}/{key}.csv", partial(table, dashboard), methods=get),
    ]
    return Door(Starlette(routes=routes, exception_handlers={404: _lost, Exception: _broken}), dashboard.place)


def first(dashboard: Dashboard, _: Request) -> Response:
    """The first account's Today, or the way in."""
    if not dashboard.access.begun:
        return RedirectResponse("/begin", 303)
    known = dashboard.desks.all()
    return RedirectResponse(f"/a/{known[0].name if known else NOBODY}/today", 303)


def asset(request: Request) -> Response:
    """A file of style, script or sign."""
    found = drawing.assets().get(request.path_params["name"])
    if found is None:
        return PlainTextResponse("There is no such file.\n", 404)
    return Response(found[0], media_type=found[1], headers={"cache-control": FOREVER})


def page(dashboard: Dashboard, request: Request) -> Response:
    """A page of an account."""
    session = dashboard.session(request)
    if session is None:
        return dashboard.way_in(request)
    key, visit = request.path_params["page"], dashboard.visit(request, session)
    if visit is None or key not in PAGES:
        return lost()
    return dashboard.whole(request, visit, key, acts.outcome_of(visit) if "act" in visit.query else None)


def table(dashboard: Dashboard, request: Request) -> Response:
    """A table of a page as a CSV file."""
    session = dashboard.session(request)
    if session is None:
        return dashboard.way_in(request)
    visit, entry = dashboard.visit(request, session), PAGES.get(request.path_params["page"])
    if visit is None or entry is None:
        return lost()
    with visit.moment():
        page = built(entry.page, visit)[0]
    sheet = page.sheets().get(request.path_params["key"])
    if sheet is None:
        return lost()
    name = f"{visit.name}-{request.path_params['page']}-{sheet.key}.csv"
    plain = "".join(one if one.isascii() and (one.isalnum() or one in "-_.") else "_" for one in name)
    headers = {"content-disposition": f'attachment; filename="{plain}"'}
    return Response(cells.comma_separated(sheet), media_type="text/csv; charset=utf-8", headers=headers)


def study(dashboard: Dashboard, request: Request) -> Response:
    """A page that another verb wrote, in a box: its script sees neither cookie nor page of ours."""
    if dashboard.session(request) is None:
        return dashboard.way_in(request)
    file = studies(request.path_params["kind"]).get(request.path_params["name"])
    if file is None or not file.is_file():
        return lost()
    headers = {"content-security-policy": STUDY_POLICY, "x-frame-options": "SAMEORIGIN", "cache-control": "private, no-cache"}
    return FileResponse(file, media_type="text/html; charset=utf-8", headers=headers)


async def follow(dashboard: Dashboard, request: Request) -> Response:
    """Tells a page of each write, until it leaves or its session ends."""
    session = await run_in_threadpool(dashboard.session, request)
    visit = None if session is None else await run_in_threadpool(dashboard.visit, request, session)
    if session is None or visit is None or visit.desk is None:
        return PlainTextResponse("Sign in first.\n", 403)
    if dashboard.watchers.count >= dashboard.watchers.most:
        return FULL
    if request.method == "HEAD":  # who asks for the head alone would hold a place for nothing
        return Response(media_type="text/event-stream")
    try:
        account = await run_in_threadpool(dashboard.desks.account, visit.desk)
    except SpringbackError as error:
        return PlainTextResponse(f"{error}\n", 503)
    watcher = dashboard.watchers.of(account.state, visit.desk.folder)
    told = events.stream(watcher, dashboard.watchers, lambda: dashboard.session(request) is not None)
    return StreamingResponse(told, media_type="text/event-stream", headers={"x-accel-buffering": "no"})


def _lost(_: Request, __: Exception) -> Response:
    return lost()


def _broken(_: Request, __: Exception) -> Response:
    return lost("This page broke; what the server printed says why.", 500)
