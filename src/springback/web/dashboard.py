"""The dashboard as one value: the accounts it shows, whom it lets in, and how an answer is drawn for them."""

import asyncio
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from ipaddress import IPv6Address, ip_address
from secrets import token_hex
from typing import Any
from urllib.parse import parse_qsl, urlencode

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from springback.web import bar, drawing
from springback.web.access import Access, Session, csrf_of, new_cookie
from springback.web.contents import PAGES, contents
from springback.web.door import Place, place_of
from springback.web.events import Watchers
from springback.web.form import Form
from springback.web.page import Tone
from springback.web.pages.built import built
from springback.web.shared import Shared
from springback.web.throttle import Throttle
from springback.web.visit import NOBODY, Desks, Visit
from springback.workflow.web_settings import Web

MOST_FIELDS = 50
SECRETS = frozenset(("password", "again", "token"))
TITLES = {"begin.html": "A first password", "sign_in.html": "Sign in", "kill.html": "Kill"}
"""What stands in the browser's tab over a page that needs no account."""
SLOWEST = 15.0
"""Seconds within which a form is sent."""


@dataclass(frozen=True)
class Outcome:
    """What became of an act, in words for the page that follows."""

    words: str = ""
    tone: Tone = "good"
    status: int = 200


NOTHING = Outcome()
MARKS = {name: f"{name}-{token_hex(16)}" for name in ("csrf", "iso", "words")}
"""What stands in a page that many are shown where each is shown his own: the token of his forms, and the time; known to nobody."""


@dataclass(frozen=True, eq=False)
class Dashboard:
    """Pages and acts over `desks` for whom `access` lets in, under the settings `web`."""

    desks: Desks
    access: Access
    web: Web

    @cached_property
    def place(self) -> Place:
        """Where it is found."""
        return place_of(self.web)

    @cached_property
    def throttle(self) -> Throttle:
        """Who must wait before another password."""
        return Throttle(self.web.attempts)

    @cached_property
    def watchers(self) -> Watchers:
        """What hears of writes."""
        return Watchers(self.web.readers)

    @cached_property
    def shared(self) -> Shared:
        """Pages that many look at."""
        return Shared()

    def look(self, visit: Visit, key: str, query: str, outcome: Outcome = NOTHING) -> tuple[str, int]:
        """A page with `MARKS` in the place of what is the visitor's own, and its status; what another was just shown, where nothing was
        written since. What is said over it, the `outcome`, is one visitor's.
        """
        version = None if visit.desk is None else self.watchers.version(visit.desk.folder)

        def made() -> tuple[str, int]:
            with visit.moment():
                page, status = built(PAGES[key].page, visit, PAGES[key].acts)
                header = bar.header_of(visit, key)
            address = visit.address(key)
            values: dict[str, Any] = {
                "title": page.title,
                "page": page,
                "bar": header,
                "now": MARKS,
                "contents": contents(),
                "address": address + query,
                "export": lambda sheet: f"{address}/{sheet}.csv{query}",
                "role": visit.role,
                "csrf": MARKS["csrf"],
                "outcome": outcome,
            }
            return drawing.environment().get_template("page.html").render(values), status

        if outcome.words:
            return made()
        found: tuple[str, int] = self.shared.of((visit.name, key, visit.role, query), version, made)
        return found

    def instant(self) -> datetime:
        """The system's time: a market that is drawn may have another, a session has not."""
        return datetime.now(UTC)

    def cookie(self, request: Request) -> str:
        """What the visitor is known by; empty where it is new."""
        return request.cookies.get(self.place.cookie, "")

    def session(self, request: Request) -> Session | None:
        """As what the visitor signed in; None where it did not. Raises `InputError` where the file of passwords is damaged."""
        return self.access.session(self.cookie(request), self.instant())

    def visit(self, request: Request, session: Session) -> Visit | None:
        """The look that the address asks for; None where it names no account."""
        name = request.path_params["account"]
        desk = None if name == NOBODY else self.desks.named(name)
        if desk is None and (name != NOBODY or self.desks.all()):
            return None
        return Visit(self.desks, desk, session.role, dict(request.query_params))

    def way_in(self, request: Request) -> Response:
        """To the sign-in, and from there back."""
        address = request.url.path if request.method == "GET" else "/"
        return RedirectResponse(f"/sign-in?{urlencode({'next': address}, safe='/')}" if self.access.begun else "/begin", 303)

    def whole(self, request: Request, visit: Visit, key: str, outcome: Outcome | None = None) -> Response:
        """A page under its bar, beside the contents; `outcome` says over it what came of an act."""
        text, status = self.look(visit, key, f"?{request.url.query}" if request.url.query else "", outcome or NOTHING)
        own = {"csrf": csrf_of(self.cookie(request)), "iso": visit.now.isoformat(), "words": drawing.new_york(visit.now)}
        for name, value in own.items():
            text = text.replace(MARKS[name], value)
        return HTMLResponse(text, status if outcome is None else outcome.status)

    def alone(self, request: Request, template: str, outcome: Outcome = NOTHING, **values: Any) -> Response:
        """A page that needs no account; its visitor is known by a cookie that opens nothing yet."""
        known = self.cookie(request)
        cookie = known or new_cookie()
        shown = {"title": TITLES[template], "csrf": csrf_of(cookie), "outcome": outcome, **values}
        answer = HTMLResponse(drawing.environment().get_template(template).render(shown), outcome.status)
        if not known:
            self.give(answer, cookie)
        return answer

    def give(self, answer: Response, cookie: str) -> None:
        """Hands the visitor a cookie that no script and no other site can use."""
        answer.set_cookie(self.place.cookie, cookie, path="/", secure=self.place.secure, httponly=True, samesite="strict")

    async def form(self, request: Request) -> Form:
        """What was sent."""
        try:
            body = (await asyncio.wait_for(request.body(), SLOWEST)).decode("utf-8", "replace")
        except TimeoutError:
            raise HTTPException(408) from None
        fields = dict(parse_qsl(body, keep_blank_values=True)) if body.count("&") < MOST_FIELDS else {}
        return Form({name: value if name in SECRETS else printable(value) for name, value in fields.items()}, self.cookie(request))


def printable(text: str) -> str:
    """`text` on one line, without what a terminal or a file would take for more than a letter."""
    return "".join(one if one.isprintable() else " " for one in text)


def visitor(request: Request) -> str:
    """Who asks, as far as a password that is tried again and again is concerned: the address, of IPv6 the network that one customer has."""
    host = request.client.host if request.client else ""
    try:
        address = ip_address(host.partition("%")[0])
    except ValueError:
        return host
    if isinstance(address, IPv6Address):
        return str(address.ipv4_mapped or IPv6Address(int(address) >> 64 << 64))
    return host


def within(address: str) -> str:
    """`address` where it is one of this dashboard's pages, else the first."""
    return address if address.startswith("/a/") and "//" not in address and "\\" not in address and address.isprintable() else "/"


def lost(words: str = "There is no such page.", status: int = 404) -> Response:
    """An answer where there is nothing."""
    return HTMLResponse(drawing.environment().get_template("lost.html").render(title="Not here", words=words), status)
