"""The door: who is answered at all, and what every answer carries. It stands before every page, act and event."""

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from springback.workflow.web_settings import Web

USUAL = {"http": 80, "https": 443}
"""The ports that browsers leave out."""
LOOPBACK = ("127.0.0.1", "localhost", "::1")
POLICY = "; ".join(
    (
        "default-src 'none'",
        *(f"{one}-src 'self'" for one in ("script", "style", "img", "connect", "frame")),
        "form-action 'self'",
        "frame-ancestors 'none'",
        "base-uri 'none'",
        "object-src 'none'",
    )
)
"""Of every page: nothing inline, nothing evaluated, nothing from elsewhere, in nobody's frame."""
STUDY_POLICY = (
    "sandbox allow-scripts; default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; img-src data: blob:; "
    "font-src data:; form-action 'none'; base-uri 'none'; frame-ancestors 'self'"
)
"""Of a report, whose script stands in its one file: it runs in a box of its own, sees no cookie and reaches nobody."""
HEADERS: Mapping[str, str] = {
    "content-security-policy": POLICY,
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
    "cache-control": "no-store",
}
EVENTS = "/events/"
MOST_BODY = 64 * 1024
"""Bytes of a form."""


@dataclass(frozen=True)
class Place:
    """Where the dashboard is found: the `hosts` it answers to, and the `origins` whose forms it takes."""

    hosts: frozenset[str]
    origins: frozenset[str]
    port: int
    secure: bool

    @property
    def cookie(self) -> str:
        """The name of the session's cookie."""
        return "__Host-springback" if self.secure else f"springback-{self.port}"


def place_of(web: Web) -> Place:
    """Where a dashboard with these settings is found."""
    scheme = "https" if web.certificate else "http"
    names = {*LOOPBACK, web.host} - {"0.0.0.0", "::"}
    plain = {f"[{name}]" if ":" in name else name for name in names}
    hosts = {f"{name}:{web.port}" for name in plain} | (plain if web.port == USUAL[scheme] else set())
    origins = {f"{scheme}://{host}" for host in hosts}
    if web.origin:  # a proxy hands on what it was asked for
        hosts, origins = hosts | {urlsplit(web.origin).netloc}, origins | {web.origin}
    return Place(frozenset(hosts), frozenset(origins), web.port, bool(web.origin or web.certificate))


class Door:
    """Answers only to its own hosts, takes forms only from its own origins, tells events only to its own pages, and puts `HEADERS` on every
    answer that has not its own.
    """

    def __init__(self, app: ASGIApp, place: Place) -> None:
        self.app, self.place = app, place

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        if scope["type"] == "lifespan":
            await self.app(scope, receive, send)
            return
        if scope["type"] != "http":  # no socket is offered
            return

        async def armoured(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    headers.setdefault(name, value)
            await send(message)

        refusal = self._refusal(scope)
        await (self.app if refusal is None else refusal)(scope, receive, armoured)

    def _refusal(self, scope: Scope) -> ASGIApp | None:
        headers, method = Headers(scope=scope), scope["method"]
        if headers.getlist("host") not in [[one] for one in self.place.hosts]:
            return PlainTextResponse("This host is not served here.\n", 421)
        if method == "POST":
            return self._of_form(headers)
        if method not in ("GET", "HEAD"):
            return PlainTextResponse("This method is not answered.\n", 405, {"allow": "GET, HEAD, POST"})
        if scope["path"].startswith(EVENTS) and not self._listens(headers):
            return PlainTextResponse("Events are told only to a page of this dashboard.\n", 403)
        return None

    def _of_form(self, headers: Headers) -> ASGIApp | None:
        if not self._ours(headers):
            return PlainTextResponse("A form is taken only from a page of this dashboard.\n", 403)
        length = headers.get("content-length", "")
        if not length.isascii() or not length.isdigit() or "transfer-encoding" in headers:
            return PlainTextResponse("A form says how long it is.\n", 411)
        return PlainTextResponse("This form is too long.\n", 413) if int(length) > MOST_BODY else None

    def _ours(self, headers: Headers) -> bool:
        """Whether the request comes from a page of the very host that it asks."""
        origin, site = headers.getlist("origin"), headers.get("sec-fetch-site", "same-origin")
        own = len(origin) == 1 and origin[0] in self.place.origins and urlsplit(origin[0]).netloc == headers["host"]
        return own and site == "same-origin"

    def _listens(self, headers: Headers) -> bool:
        origin = headers.get("origin")
        return headers.get("sec-fetch-site") == "same-origin" and (origin is None or origin in self.place.origins)
