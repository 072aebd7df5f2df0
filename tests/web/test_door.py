"""Closed by default: each sentence of the door is attacked."""

import asyncio
import json
import re
import socket
import time
from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import parse_qs, urlencode, urlsplit

import httpx
import pytest
from starlette.requests import Request

from springback.errors import InputError, SettingsError, Unwritable
from springback.market.prose import Prose
from springback.state.rows import Alarm, Attempt, BookEvent, Halt, Incident, Restriction
from springback.state.state import State
from springback.web import dashboard as dashboard_module
from springback.web import server
from springback.web.access import FILE, MOST_SESSIONS, Access, csrf_of
from springback.web.contents import PAGES
from springback.web.dashboard import MARKS, visitor
from springback.web.door import HEADERS, POLICY, STUDY_POLICY, place_of
from springback.web.pages.settings import public
from springback.web.server import check, configuration, listening
from springback.web.throttle import Throttle
from springback.workflow.web_settings import Web
from tests.web.homes import HOST, NOW, PASSWORD, RUNNER, Browser, browser_at
from tests.web.served import served

PAGE = "/a/desk/today"


@pytest.mark.parametrize(
    "host", ["evil.example", "127.0.0.1.evil.example:8765", "localhost", "127.0.0.1:8766", "[::1]:1", "169.254.0.1:8765", ""]
)
def test_a_name_that_points_here_is_not_served(operator: Browser, host: str) -> None:
    """DNS rebinding: a page of another site whose name resolves to this machine."""
    for address in (PAGE, "/", "/static/dashboard.js", "/events/desk", "/sign-in"):
        answer = operator.get(address, host=host)
        assert answer.status_code == 421 and "Today" not in answer.text


def test_two_hosts_are_none(operator: Browser) -> None:
    sent = [("host", "127.0.0.1:8765"), ("host", "evil.example")]
    for headers in (sent, sent[::-1], [*sent[:1], *sent[:1]]):
        assert RUNNER.run(operator.client.get(PAGE, headers=headers)).status_code == 421


def test_the_usual_port_of_tls_is_left_out_by_browsers() -> None:
    place = place_of(Web(host="desk.example", port=443, certificate="x", key="x"))
    assert {"desk.example", "desk.example:443"} <= place.hosts and "https://desk.example" in place.origins
    assert "localhost" not in place_of(Web()).hosts


@pytest.mark.parametrize("host", ["127.0.0.1:8765", "localhost:8765", "[::1]:8765"])
def test_its_own_names_are_served(operator: Browser, host: str) -> None:
    assert operator.get("/sign-in", host=host).status_code == 200


@pytest.mark.parametrize(
    "origin",
    ["", "null", "http://evil.example", "https://127.0.0.1:8765", "http://127.0.0.1:80", "http://localhost:8765", f"{HOST}/", f"{HOST}.x"],
)
def test_a_form_of_another_origin_is_refused(browser: Browser, origin: str) -> None:
    """Also one of our own other name: the origin must be the host that is asked."""
    answer = browser.post("/sign-in", {"csrf": browser.csrf(), "password": PASSWORD, "role": "operator"}, origin=origin)
    assert answer.status_code == 403 and "set-cookie" not in answer.headers


@pytest.mark.parametrize("site", ["cross-site", "same-site", "none"])
def test_a_form_from_beside_is_refused(browser: Browser, site: str) -> None:
    fields = {"csrf": browser.csrf(), "password": PASSWORD}
    assert browser.post("/sign-in", fields, sec_fetch_site=site).status_code == 403


@pytest.mark.parametrize("token", ["", "0" * 64, csrf_of("another cookie")])
def test_a_form_that_was_not_made_for_this_visitor_is_refused(browser: Browser, token: str) -> None:
    browser.get("/sign-in")
    answer = browser.post("/sign-in", {"csrf": token, "password": PASSWORD, "role": "operator"})
    assert answer.status_code == 403
    assert browser.get(PAGE).status_code == 303, "nobody is in"


def test_a_form_without_its_token_does_not_sign_out(operator: Browser) -> None:
    operator.post("/sign-out", {"csrf": "x"})
    assert operator.cookie, "a new cookie was given"
    assert len(json.loads(operator.dashboard.access.path.read_text())["sessions"]) == 1, "the session stands"


def test_signing_out_ends_the_session(operator: Browser) -> None:
    cookie = operator.cookie
    operator.post("/sign-out", {"csrf": csrf_of(cookie)})
    operator.cookie = cookie
    assert operator.get(PAGE).status_code == 303, "nor does the old cookie open anything"


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "CONNECT"])
def test_no_other_method_is_answered(operator: Browser, method: str) -> None:
    assert operator.ask(method, PAGE).status_code == 405


def test_a_form_has_a_length_and_not_a_long_one(browser: Browser) -> None:
    assert browser.post("/sign-in", {"password": "x" * 70_000}).status_code == 413

    async def parts() -> AsyncIterator[bytes]:
        yield b"password=x"

    assert browser.ask("POST", "/sign-in", {"origin": HOST}, content=parts()).status_code == 411
    many = {f"f{k}": "x" for k in range(200)} | {"csrf": browser.csrf(), "password": PASSWORD}
    assert browser.post("/sign-in", many).status_code == 403, "a thousand fields are none"


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"sec_fetch_site": "cross-site"},
        {"sec_fetch_site": "same-site"},
        {"sec_fetch_site": "none"},
        {"sec_fetch_site": "same-origin", "origin": "http://evil.example"},
        {"sec_fetch_site": "same-origin", "origin": "null"},
    ],
)
def test_events_are_told_to_our_own_pages_alone(operator: Browser, headers: dict[str, str]) -> None:
    assert operator.get("/events/desk", **headers).status_code == 403


def test_events_ask_for_a_session(browser: Browser) -> None:
    assert browser.get("/events/desk", sec_fetch_site="same-origin").status_code == 403


def test_the_head_of_the_events_holds_no_place(operator: Browser) -> None:
    for _ in range(3):
        assert operator.ask("HEAD", "/events/desk", {"sec_fetch_site": "same-origin"}).status_code == 200
    assert operator.dashboard.watchers.count == 0


def test_a_cookie_is_for_us_alone(browser: Browser) -> None:
    given = browser.enter().headers["set-cookie"]
    parts = {one.strip().lower() for one in given.split(";")[1:]}
    assert given.startswith("springback-8765=") and {"httponly", "samesite=strict", "path=/"} <= parts
    assert not any(one.startswith(("domain", "max-age", "expires")) for one in parts)


def test_under_tls_the_cookie_is_bound_to_the_host(home: Path) -> None:
    browser = browser_at(home, Web(origin="https://desk.example"), origin="https://desk.example")
    given = browser.enter().headers["set-cookie"]
    assert given.startswith("__Host-springback=") and "Secure" in given and "HttpOnly" in given and "SameSite=strict" in given
    assert "Path=/" in given and "Domain" not in given
    assert browser.get(PAGE).status_code == 200


def test_a_session_is_never_one_that_was_there_before(browser: Browser) -> None:
    """Fixation: what a visitor came with opens nothing."""
    browser.cookie = "chosen-by-somebody-else"
    answer = browser.post("/sign-in", {"csrf": csrf_of("chosen-by-somebody-else"), "password": PASSWORD})
    assert answer.status_code == 303 and "chosen-by-somebody-else" not in answer.headers["set-cookie"]
    browser.cookie = "chosen-by-somebody-else"
    assert browser.get(PAGE).status_code == 303


def test_the_file_holds_no_cookie_and_no_password(operator: Browser) -> None:
    file = operator.dashboard.access.path
    text = file.read_text()
    assert operator.cookie not in text and PASSWORD not in text and "$argon2id$" in text
    assert file.stat().st_mode & 0o777 == 0o600


def test_who_signs_in_too_often_ends_the_oldest_of_its_own_role(operator: Browser) -> None:
    access, now = operator.dashboard.access, operator.dashboard.instant()
    first = access.sign_in("reader", now)
    for k in range(MOST_SESSIONS):
        access.sign_in("reader", now + timedelta(seconds=k))
    assert access.session(first, now) is None and operator.get(PAGE).status_code == 200


def test_a_session_ends(home: Path) -> None:
    browser = browser_at(home)
    browser.enter()
    cookie, now = browser.cookie, browser.dashboard.instant()
    assert browser.dashboard.access.session(cookie, now + timedelta(hours=11.9)) is not None
    assert browser.dashboard.access.session(cookie, now + timedelta(hours=12.1)) is None


def test_a_file_that_others_may_read_is_refused(home: Path) -> None:
    (home / FILE).chmod(0o640)
    with pytest.raises(InputError, match="chmod 600"):
        Access(home / FILE)
    (home / FILE).chmod(0o600)
    (home / FILE).write_text('{"passwords": {"root": "x"}, "sessions": {}}')
    with pytest.raises(InputError, match="move it away"):
        Access(home / FILE)


def test_a_new_password_ends_the_sessions_of_its_role(operator: Browser) -> None:
    assert operator.get(PAGE).status_code == 200
    Access(operator.dashboard.access.path).set_password("operator", "another one altogether")
    assert operator.get(PAGE).status_code == 303, "of another process too"


@pytest.mark.parametrize("address", [f"/a/desk/{page}" for page in PAGES] + ["/a/desk/today/orders.csv", "/study/run/x", "/a/nobody/today"])
def test_nobody_sees_a_page_without_signing_in(browser: Browser, address: str) -> None:
    answer = browser.get(address)
    assert answer.status_code == 303 and answer.headers["location"].startswith("/sign-in") and not answer.text


@pytest.mark.parametrize(
    "address", ["//evil.example", "https://evil.example", "/\\evil.example", "/a//evil.example", "javascript:alert(1)", "/b/x\n"]
)
def test_the_way_in_leads_nowhere_else(browser: Browser, address: str) -> None:
    answer = browser.post("/sign-in", {"csrf": browser.csrf(), "password": PASSWORD, "next": address})
    assert answer.status_code == 303 and answer.headers["location"] == "/"


@pytest.mark.parametrize("address", ["/a/desk/today%26next=//evil.example", "/a/x%0d%0aset-cookie:%20a=b", "/a/x%23%26role=operator"])
def test_the_way_in_carries_an_address_and_nothing_else(browser: Browser, address: str) -> None:
    answer = browser.get(address)
    assert answer.status_code in (303, 404) and "set-cookie" not in answer.headers
    if answer.status_code == 303:
        told = parse_qs(urlsplit(answer.headers["location"]).query)
        assert list(told) == ["next"] and len(told["next"]) == 1


def test_wrong_passwords_wait_ever_longer(browser: Browser) -> None:
    for _ in range(5):
        assert browser.enter(password="wrong wrong wrong").status_code == 403
    answer = browser.enter()
    assert answer.status_code == 429 and "wait" in answer.text, "the right one too"


def test_the_wait_doubles_and_ends() -> None:
    now = 0.0
    throttle = Throttle(5, lambda: now)
    waits = []
    for _ in range(12):
        assert throttle.tried("one") == 0
        wait = throttle.tried("one") if len(waits) >= 4 else 0
        waits.append(wait)
        now += wait
    assert waits[:4] == [0, 0, 0, 0] and waits[4:8] == [60, 120, 240, 480] and waits[-1] == 3600
    now += 7201
    assert throttle.tried("one") == 0 and throttle.tried("another") == 0, "it is forgotten"
    for k in range(5000):
        throttle.tried(str(k))
    assert len(throttle._tries) <= 1000


def test_a_right_password_takes_back_its_own_try_alone() -> None:
    """Whoever knows one password guesses at no other between two that are right."""
    throttle = Throttle(5, lambda: 100.0)
    for _ in range(4):
        assert throttle.tried("one") == 0
        for _ in range(3):
            assert throttle.tried("one") == 0
            throttle.right("one")
    assert throttle.tried("one") == 0 and throttle.tried("one") == 60


def test_a_readers_password_opens_no_guessing(browser: Browser) -> None:
    codes = []
    for _ in range(5):
        codes.append(browser.enter(password="wrong wrong wrong").status_code)
        codes.append(browser.enter("reader").status_code)
    assert codes == [403, 303] * 4 + [403, 429]


def test_guesses_at_once_are_no_more_than_one_after_the_other(browser: Browser) -> None:
    fields = {"csrf": browser.csrf(), "role": "operator"}
    headers = {"origin": HOST, "sec-fetch-site": "same-origin"}

    async def all_at_once() -> list[int]:
        sent = [browser.client.post("/sign-in", data=fields | {"password": f"guess number {k}"}, headers=headers) for k in range(30)]
        return [one.status_code for one in await asyncio.gather(*sent)]

    assert sorted(RUNNER.run(all_at_once())) == [403] * 5 + [429] * 25


def test_who_guesses_before_the_door_keeps_no_operator_from_acting(operator: Browser, home: Path) -> None:
    """Behind a proxy all come from one address."""
    stranger = Browser(operator.dashboard)
    assert [stranger.enter(password="wrong wrong wrong").status_code for _ in range(6)] == [403] * 5 + [429]
    told = {"csrf": operator.csrf(PAGE), "password": PASSWORD, "why": "the news"}
    assert operator.post("/a/desk/act/pause", told).status_code == 303


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("2001:db8:1:2::1", "2001:db8:1:2:ffff::9", True),
        ("2001:db8:1:2::1", "2001:db8:1:3::1", False),
        ("::ffff:10.0.0.1", "10.0.0.1", True),
        ("::ffff:10.0.0.1", "::ffff:10.0.0.2", False),
        ("10.0.0.1", "10.0.0.2", False),
        ("fe80::1%eth0", "fe80::2", True),
    ],
)
def test_a_network_of_one_customer_is_one_visitor(one: str, other: str, same: bool) -> None:
    found = [visitor(Request({"type": "http", "client": (host, 1), "headers": []})) for host in (one, other)]
    assert (found[0] == found[1]) is same


def test_who_signs_in_looks_and_does_not_act(browser: Browser) -> None:
    browser.post("/sign-in", {"csrf": browser.csrf(), "password": PASSWORD})
    text = browser.get(PAGE).text
    assert "Only an operator may" in text and "Your password" not in text, "the operator's own password gives no more than was asked for"


def test_a_readers_password_does_not_act(browser: Browser) -> None:
    assert browser.enter("reader").status_code == 303
    browser.client.cookies.clear()
    answer = browser.post("/sign-in", {"csrf": browser.csrf(), "password": "only looking at it", "role": "operator"})
    assert answer.status_code == 403


def test_a_page_without_an_account_says_in_its_tab_what_it_is(home: Path) -> None:
    assert "<title>Sign in · Springback</title>" in browser_at(home).get("/sign-in").text
    (home / FILE).unlink()
    assert "<title>A first password · Springback</title>" in browser_at(home).get("/begin").text


def test_the_first_start_gives_a_token_that_serves_once(home: Path) -> None:
    (home / FILE).unlink()
    browser = browser_at(home)
    access = browser.dashboard.access
    assert (
        len(access.token) >= 20 and browser.get(PAGE).headers["location"] == "/begin" and browser.get("/").headers["location"] == "/begin"
    )
    fields = {"csrf": browser.csrf("/begin"), "token": "guess", "password": PASSWORD, "again": PASSWORD}
    assert browser.post("/begin", fields).status_code == 403
    assert browser.post("/begin", fields | {"token": access.token, "password": "short", "again": "short"}).status_code == 400
    assert browser.post("/begin", fields | {"token": access.token, "again": "other"}).status_code == 400
    right = fields | {"token": access.token}
    assert browser.post("/begin", right | {"csrf": "x"}).status_code == 403
    assert browser.post("/begin", right).headers["location"] == "/"
    assert browser.get(PAGE).status_code == 200 and access.token == ""
    other = browser_at(home)
    assert other.post("/begin", right).headers["location"] == "/sign-in" and other.dashboard.access.token == ""


def test_a_token_is_not_guessed(home: Path) -> None:
    (home / FILE).unlink()
    browser = browser_at(home)
    fields = {"csrf": browser.csrf("/begin"), "password": PASSWORD, "again": PASSWORD}
    answers = [browser.post("/begin", fields | {"token": f"guess{k}"}).status_code for k in range(7)]
    assert answers == [403] * 5 + [429] * 2
    assert browser.post("/begin", fields | {"token": browser.dashboard.access.token}).status_code == 429


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.5", "desk.example"])
def test_the_world_is_let_in_with_tls_and_a_password_alone(host: str, tmp_path: Path) -> None:
    certificate = tmp_path / "tls.pem"
    certificate.write_text("x")
    tls = {"certificate": str(certificate), "key": str(certificate)}
    with pytest.raises(InputError, match="nothing is encrypted"):
        check(Web(host=host), begun=True)
    with pytest.raises(InputError, match="no password yet"):
        check(Web(host=host, **tls), begun=False)
    check(Web(host=host, **tls), begun=True)
    check(Web(), begun=False)
    with pytest.raises(InputError, match="there is no file"):
        check(Web(certificate="gone.pem", key="gone.pem"), begun=True)


@pytest.mark.parametrize("origin", ["http://desk.example", "https://", "https://desk.example/x", "https://me@desk.example", "desk.example"])
def test_an_origin_is_an_https_address(origin: str) -> None:
    with pytest.raises(SettingsError, match=r"web\.origin"):
        Web(origin=origin)


def test_an_address_that_is_taken_is_one_line() -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        with pytest.raises(Unwritable, match="name another --port"):
            listening(Web(port=other.getsockname()[1]))


def test_the_server_tells_nothing_of_itself_and_believes_no_proxy(browser: Browser) -> None:
    told = configuration(browser.dashboard)
    assert not told.server_header and not told.proxy_headers and not told.access_log


ANSWERS = (
    PAGE,
    "/",
    "/sign-in",
    "/begin",
    "/static/dashboard.css",
    "/static/none.css",
    "/nowhere",
    "/a/desk/nowhere",
    "/a/nobody/today",
    "/events/desk",
)


@pytest.mark.parametrize("address", ANSWERS)
def test_every_answer_bears_the_policy(operator: Browser, address: str) -> None:
    for host in (None, "evil.example"):
        answer = operator.get(address, **({"host": host} if host else {}))
        for name, value in HEADERS.items():
            assert answer.headers.get_list(name) == [value] or (name == "cache-control" and "immutable" in answer.headers[name])
    assert operator.post(address, {}, origin="http://evil.example").headers["content-security-policy"] == POLICY


def test_a_page_that_breaks_bears_the_policy_and_says_nothing(operator: Browser, monkeypatch: pytest.MonkeyPatch) -> None:
    def breaks(*_: object) -> None:
        raise RuntimeError("secret detail")

    monkeypatch.setitem(PAGES, "today", replace(PAGES["today"], page=breaks))  # type: ignore[arg-type]
    answer = operator.get(PAGE)
    assert answer.status_code == 500 and answer.headers["content-security-policy"] == POLICY and "secret" not in answer.text


def test_the_policy_allows_nothing_inline_or_evaluated(operator: Browser) -> None:
    assert "unsafe" not in POLICY and "default-src 'none'" in POLICY and "frame-ancestors 'none'" in POLICY
    for page in PAGES:
        text = operator.get(f"/a/desk/{page}").text
        assert not re.search(r"<style|\sstyle=|\son\w+=|hx-on|javascript:", text), page
        assert all("src=" in one for one in re.findall(r"<script[^>]*>", text)), page
        told = re.search(r"name=\"htmx-config\" content='([^']+)'", text)
        assert told is not None
        assert json.loads(told[1]) | {"allowEval": False, "includeIndicatorStyles": False, "selfRequestsOnly": True} == json.loads(told[1])


def test_a_study_is_boxed(operator: Browser, home: Path) -> None:
    (home / "runs" / "one").mkdir(parents=True)
    (home / "runs" / "one" / "report.html").write_text("<script>1</script>")
    answer = operator.get("/study/run/one")
    assert answer.text == "<script>1</script>" and answer.headers["content-security-policy"] == STUDY_POLICY
    assert "allow-same-origin" not in STUDY_POLICY and "default-src 'none'" in STUDY_POLICY and "connect-src" not in STUDY_POLICY


HOLES = [
    "..",
    "../..",
    "%2e%2e",
    "..%2f..%2fweb.json",
    "/etc/passwd",
    "%2Fetc%2Fpasswd",
    "desk/../../web.json",
    "x%00",
    "~root",
    "\\..\\web.json",
]


@pytest.mark.parametrize(
    "address",
    [
        "/static/{}",
        "/a/{}/today",
        "/a/desk/{}",
        "/a/desk/today/{}.csv",
        "/study/run/{}",
        "/study/{}/x",
        "/events/{}",
        "/a/desk/symbol?symbol={}",
    ],
)
def test_no_path_leads_out(operator: Browser, home: Path, address: str) -> None:
    (home / "runs").mkdir(exist_ok=True)
    for folder in (home, home.parent):
        (folder / "report.html").write_text("out of bounds")
    (home / "runs" / "sly").symlink_to(home)
    for hole in HOLES:
        answer = operator.get(f"{HOST}{address.format(hole)}", sec_fetch_site="same-origin")
        assert answer.status_code in (303, 403, 404) or address.endswith("={}"), hole
        assert not any(word in answer.text for word in ("out of bounds", "root:x", "argon2", "passwords")), hole
    assert operator.get("/study/run/sly").status_code == 404, "nor does a link"


@pytest.mark.parametrize(
    "address", ["/docs", "/redoc", "/openapi.json", "/api", "/.well-known/x", "/metrics", "/web.json", "/static/", "/a", "/a/desk"]
)
def test_there_is_nothing_else(operator: Browser, address: str) -> None:
    assert operator.get(address).status_code == 404


def test_no_key_is_on_any_page(operator: Browser, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    secret = "sk-never-to-be-seen"
    keys = home / "keys.toml"
    keys.write_text(f'TIINGO_API_KEY = "{secret}"\n[paper]\nAPCA_API_KEY_ID = "{secret}"\nAPCA_API_SECRET_KEY = "{secret}"\n')
    keys.chmod(0o600)
    (home / "springback.toml").write_text('[paths]\nkeys = "keys.toml"\nstate = ""\n[brokers]\nkeys = "paper"\naccount = "PA1"\n')
    monkeypatch.setenv("APCA_API_SECRET_KEY", secret)
    for page in PAGES:
        assert secret not in operator.get(f"/a/desk/{page}").text


@pytest.mark.parametrize(
    "address", ["https://me:hunter2@paper.example", "https://hunter2@paper.example", "https://x.example/?apiKey=hunter2&a=1"]
)
def test_an_address_among_the_settings_shows_no_key(address: str) -> None:
    assert "hunter2" not in public(address) and "example" in public(address) and public("regime = 1.15") == "regime = 1.15"


def test_a_database_address_shows_no_password(operator: Browser, home: Path) -> None:
    (home / "springback.toml").write_text('[paths]\nstate = "postgresql://me:hunter2@127.0.0.1:1/none"\n')
    for page in PAGES:
        assert "hunter2" not in operator.get(f"/a/desk/{page}").text


def test_a_dashboard_is_whole_in_itself(operator: Browser) -> None:
    """No page names another machine."""
    for page in PAGES:
        text = operator.get(f"/a/desk/{page}").text
        assert not re.findall(r'(?:src|href|action|hx-\w+)="(?:https?:)?//[^"]*"', text), page


def test_two_dashboards_do_not_share_their_visitors(home: Path) -> None:
    one, other = browser_at(home), browser_at(home, Web(port=8766), origin="http://127.0.0.1:8766")
    assert one.dashboard.place.cookie != other.dashboard.place.cookie


EVIL = "\"><img src=x onerror=alert(1)><script>alert(1)</script>'`{{7*7}}"


class Tags(HTMLParser):
    """The elements of a page that nobody of ours wrote."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """A script has its file, and nothing listens by an attribute."""
        names = [name for name, _ in attrs]
        if tag in ("img", "object", "embed") or (tag == "script" and "src" not in names) or any(name.startswith("on") for name in names):
            self.found.append(f"{tag} {names}")
        self.found += [
            f"{tag} {name}" for name, one in attrs if name in ("href", "src", "action") and (one or "").lower().startswith("javascript")
        ]


def test_words_of_strangers_are_words(operator: Browser, home: Path) -> None:
    """Names of runs, reasons, halts, incidents, reviews and questions: whoever writes them writes no page of ours."""
    state, why, at = State(home / "desk" / "state.sqlite"), Prose(EVIL), NOW
    state.halt("desk", Halt("entries", EVIL, why, EVIL, at))
    state.halt("desk", Halt("name", EVIL, why, EVIL, at, EVIL))
    state.open_incident("desk", Incident(EVIL, at, None, why, EVIL))
    state.attempt("desk", Attempt(f"act {EVIL}", at, at.date(), EVIL, why))
    state.raise_alarm("desk", Alarm(EVIL, at.date(), 5.0, 4.0))
    state.record("desk", BookEvent(at, at.date(), "set", EVIL, 1.0, None, EVIL, why))
    state.restrict("desk", Restriction(EVIL, at.date(), None, why, EVIL, at))
    name = EVIL.replace("/", "|")
    run, review = home / "runs" / name, home / "runs" / "review" / name
    for folder, file in ((run, "report.html"), (review, "review.html")):
        folder.mkdir(parents=True)
        (folder / file).write_text("x")
    proposal = {"knob": EVIL, "current": EVIL, "value": EVIL, "why": EVIL}
    told = {"quarter": EVIL, "first": EVIL, "last": EVIL, "state": EVIL, "flags": [EVIL], "proposals": [proposal]}
    told |= {"sections": [{"title": EVIL, "state": EVIL}], "triggers": [{"fired": True, "words": EVIL}]}
    (review / "review.json").write_text(json.dumps(told))
    summary = {"window": {"start": EVIL, "end": EVIL}, "profile": EVIL, "headline": [EVIL], "figures": {}, "settings": {}, "command": EVIL}
    (run / "summary.json").write_text(json.dumps(summary | {"gates": [{"label": EVIL, "value": 1, "limit": 1, "passed": True}]}))
    seen = 0
    for page in PAGES:
        for query in (
            "",
            f"?act=1&{urlencode(dict.fromkeys(('session', 'symbol', 'run', 'find', 'quarter', 'one', 'other'), EVIL))}",
            f"?{urlencode({'run': name, 'quarter': name})}",
        ):
            text = operator.get(f"/a/desk/{page}{query}").text
            tags = Tags()
            tags.feed(text)
            assert tags.found == [], f"{page}{query}"
            seen += "&lt;img src=x onerror" in text
    assert seen > 8, "the words themselves are shown"


def test_a_form_is_one_line_of_letters(operator: Browser, home: Path) -> None:
    """No sequence of a terminal, no line break and no NUL gets into what 'springback status' prints."""
    told = {"csrf": operator.csrf(PAGE), "password": PASSWORD, "why": "a\x1b]0;x\x07b\r\nc\0d\u202ee", "by": "Ann\nBob"}
    assert operator.post("/a/desk/act/pause", told).status_code == 303
    (halt,) = State(home / "desk" / "state.sqlite").halts("desk")
    assert str(halt.why).isprintable() and halt.by == "Ann Bob"


def test_one_visitors_token_is_on_no_page_of_another(home: Path) -> None:
    """Pages are made once for all; what is the visitor's own is put in for each."""
    one = browser_at(home)
    other = Browser(one.dashboard)
    for browser in (one, other):
        browser.enter()
    texts = [browser.get(PAGE).text for browser in (one, other)]
    assert csrf_of(one.cookie) in texts[0] and csrf_of(one.cookie) not in texts[1] and csrf_of(other.cookie) in texts[1]
    assert not any(mark in text for mark in MARKS.values() for text in texts)
    reader = Browser(one.dashboard)
    reader.enter("reader")
    assert "Your password" not in reader.get(PAGE).text, "nor is an operator's page shown to a reader"


def _raw(address: str, *parts: bytes, wait: float = 5.0) -> bytes:
    """What a server answers to bytes, until it hangs up."""
    host, _, port = address.removeprefix("http://").partition(":")
    answer = b""
    with socket.create_connection((host, int(port)), timeout=wait) as one:
        for part in parts:
            one.sendall(part)
        with suppress(TimeoutError, ConnectionResetError):
            while piece := one.recv(65536):
                answer += piece
    return answer


def test_whoever_speaks_slowly_is_hung_up_on(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Half a head, half a form, and nothing at all; whoever is spoken to goes on."""
    monkeypatch.setattr(server, "SLOWEST", 0.6)
    monkeypatch.setattr(dashboard_module, "SLOWEST", 0.6)
    with served(home) as (_, address):
        host = address.removeprefix("http://").encode()
        assert _raw(address) == b"", "nothing is said"
        assert _raw(address, b"GET / HTTP/1.1\r\nHost: " + host + b"\r\nX-") == b""
        head = b"POST /sign-in HTTP/1.1\r\nHost: " + host + b"\r\nOrigin: " + address.encode() + b"\r\nContent-Length: 1000\r\n\r\npass"
        assert _raw(address, head).startswith(b"HTTP/1.1 408")
        with httpx.Client(base_url=address) as client:
            csrf = client.get("/sign-in").text.partition('name="csrf" value="')[2].partition('"')[0]
            assert client.post("/sign-in", data={"csrf": csrf, "password": PASSWORD}, headers={"origin": address}).status_code == 303
            with client.stream("GET", "/events/desk", headers={"sec-fetch-site": "same-origin"}) as answer:
                lines = answer.iter_lines()
                assert next(lines) == "retry: 2000"
                time.sleep(1.5)
                State(home / "desk" / "state.sqlite").halt("desk", Halt("entries", "x", Prose("why"), "Ann", NOW))
                assert any(line == "event: changed" for line in lines), "a stream that is silent is not slow"


@pytest.mark.parametrize(
    "head",
    [
        "GET / HTTP/1.1\r\nHost: {host}\r\nHost: evil.example",
        "GET http://evil.example/a/desk/today HTTP/1.1\r\nHost: evil.example",
        "GET / HTTP/1.1\r\nHost: {host}\r\nX: " + "a" * 200_000,
        "GET / HTTP/1.0",
        "POST /sign-in HTTP/1.1\r\nHost: {host}\r\nOrigin: http://{host}\r\nContent-Length: 5\r\nContent-Length: 7",
        "POST /sign-in HTTP/1.1\r\nHost: {host}\r\nOrigin: http://{host}\r\nContent-Length: 5\r\nTransfer-Encoding: chunked",
        "POST /sign-in HTTP/1.1\r\nHost: {host}\r\nOrigin: http://{host}\r\nContent-Length: 99999999999",
        "POST /sign-in HTTP/1.1\r\nHost: {host}\r\nOrigin: http://{host}\r\nContent-Length: -1",
        "GET /a/desk/today HTTP/1.1\r\nHost: {host}\r\nX-Forwarded-Host: evil.example\r\nHost : evil.example",
        "CONNECT evil.example:443 HTTP/1.1\r\nHost: {host}",
    ],
)
def test_a_head_that_no_browser_sends_is_refused(home: Path, head: str) -> None:
    with served(home) as (_, address):
        text = head.format(host=address.removeprefix("http://")) + "\r\nConnection: close\r\n\r\n"
        answer = _raw(address, text.encode(), b"GET /a/desk/today HTTP/1.1\r\n\r\n" if "Content-Length: 5" in head else b"")
        assert re.match(rb"HTTP/1.1 (400|403|404|405|411|413|421|431) ", answer), answer[:200]
        assert answer.count(b"HTTP/1.1 ") == 1, "one request has one answer"
