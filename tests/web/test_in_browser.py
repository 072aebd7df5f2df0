"""Every page in a real browser, wide and narrow, by day and by night: no complaint, nobody else asked, nothing over anything."""

import shutil
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import Any
from urllib.parse import urlsplit

import pytest

from springback.market.prose import Prose
from springback.state.rows import Halt
from springback.state.state import State
from springback.web.contents import PAGES
from tests.browser import CHROMIUM
from tests.web.homes import NOW, PASSWORD
from tests.web.served import served

pytestmark = [
    pytest.mark.slow,
    pytest.mark.browser,
    pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on this machine: apt-get install chromium"),
]
LAWS = Path(__file__).with_name("page_laws.js").read_text(encoding="utf-8")
WIDTHS = {1400: 900, 360: 740}
SCHEMES = {"light": "rgb(251, 250, 247)", "dark": "rgb(22, 26, 32)"}
AT_A_BROKER = ("today", "positions", "orders", "incidents", "why", "live", "costs", "kill")
MAY_BE_EMPTY = frozenset(
    (
        "orders",
        "incidents",
        "incidents at a broker",
        "why",
        "why at a broker",
        "an older decision",
        "live at a broker",
        "models",
        "settings",
        "kill",
    )
)
"""Pages on which a table says why it has no row: nothing was kept from entry, no act was done, nothing is in doubt."""


@dataclass
class Seen:
    """A browser that has signed in, what it complained of and whom it asked."""

    page: Any
    address: str
    home: Path
    said: list[str] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)

    def open(self, address: str) -> None:
        """Goes there; the complaints of before are forgotten."""
        self.said.clear()
        self.asked.clear()
        answer = self.page.goto(f"{self.address}{address}")
        assert answer.status < 500, f"{address}: {answer.status}"
        self.wait("document.querySelectorAll('.plot').length === document.querySelectorAll('.plot canvas').length")

    def wait(self, condition: str) -> None:
        """Until it holds. The page's own policy forbids what the library's way of waiting evaluates from the second look on."""
        for _ in range(600):
            if self.page.evaluate(condition):
                return
            self.page.wait_for_timeout(50)
        raise AssertionError(f"never: {condition}")

    def sound(self, where: str) -> None:
        """Nobody complained, nobody else was asked, and no law is broken."""
        assert self.said == [], f"{where}: {self.said}"
        assert [one for one in self.asked if urlsplit(one).netloc != urlsplit(self.address).netloc] == [], where
        faults = self.page.evaluate(LAWS)
        assert faults == [], f"{where}:\n" + "\n".join(faults)


@pytest.fixture(scope="module")
def seen(walked: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Seen]:
    """One browser and one sign-in for all."""
    from playwright.sync_api import sync_playwright

    home = shutil.copytree(walked, tmp_path_factory.mktemp("browser") / "home")
    with pytest.MonkeyPatch.context() as patch, sync_playwright() as running:
        patch.chdir(home)
        with served(home) as (_, address):
            browser = running.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"])
            page = browser.new_context(viewport={"width": 1400, "height": 900}).new_page()
            found = Seen(page, address, home)
            page.on("console", lambda message: found.said.append(message.text) if message.type in ("error", "warning") else None)
            page.on("pageerror", lambda error: found.said.append(str(error)))
            page.on("request", lambda request: found.asked.append(request.url))
            page.goto(f"{address}/a/desk/today")
            page.fill("#password", PASSWORD)
            page.check("[name=role]")
            page.click("main button")
            page.wait_for_url("**/a/desk/today")
            yield found
            browser.close()


def addresses(home: Path) -> dict[str, str]:
    """Every page, those that a query opens too, of the desk and where they differ of an account at a broker."""
    session = sorted((home / "desk").glob("2*"))[-2].name
    symbol = (home / "desk" / session / "orders.csv").read_text().splitlines()[1].split(",")[2]
    one, other = sorted(path.name for path in (home / "runs").glob("2023*"))
    return {name: f"/a/desk/{name}" for name in PAGES} | {
        **{f"{name} at a broker": f"/a/SIMULATED/{name}" for name in AT_A_BROKER},
        "kill": "/a/desk/kill",
        "an older decision": f"/a/desk/why?session={session}",
        "a symbol": f"/a/SIMULATED/symbol?symbol={symbol}",
        "a run": f"/a/desk/runs?run={one}",
        "two runs": f"/a/desk/runs?run={one}&beside={other}",
        "lost": "/a/desk/nowhere",
    }


def test_no_page_is_walked_empty(seen: Seen) -> None:
    """Wherever there can be something there is: a sentence that says why not stands on few pages, each named here."""
    empty = {}
    for name, address in addresses(seen.home).items():
        seen.open(address)
        if said := seen.page.locator("main .absent").all_inner_texts():
            empty[name] = said
    assert set(empty) <= MAY_BE_EMPTY, empty


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("width", WIDTHS)
def test_every_page_is_sound(seen: Seen, width: int, scheme: str) -> None:
    seen.page.set_viewport_size({"width": width, "height": WIDTHS[width]})
    seen.page.emulate_media(color_scheme=scheme)
    for name, address in addresses(seen.home).items():
        seen.open(address)
        seen.page.wait_for_timeout(120)
        seen.said = [one for one in seen.said if name != "lost" or "404" not in one]
        seen.sound(f"{name}, {width} px, {scheme}")
        assert seen.page.evaluate("getComputedStyle(document.body).backgroundColor") == SCHEMES[scheme]


@pytest.mark.parametrize("scheme", SCHEMES)
def test_axe_finds_nothing(seen: Seen, scheme: str) -> None:
    """Contrast, names and order, by axe-core; it runs beside the policy of the page, which stays in force."""
    from axe_playwright_python.base import AXE_FILE_PATH

    script = Path(AXE_FILE_PATH).read_text(encoding="utf-8")
    seen.page.emulate_media(color_scheme=scheme)
    for width, height in WIDTHS.items():
        seen.page.set_viewport_size({"width": width, "height": height})
        for name, address in addresses(seen.home).items():
            seen.open(address)
            seen.page.evaluate(script)
            found = seen.page.evaluate("axe.run(document, {runOnly: ['wcag2a', 'wcag2aa', 'wcag21aa', 'best-practice'], iframes: false})")
            told = [
                f"{one['id']}: {one['nodes'][0]['html'][:120]} {one['nodes'][0]['failureSummary'][:200]}" for one in found["violations"]
            ]
            assert told == [], f"{name}, {width} px, {scheme}:\n" + "\n".join(told)


def test_the_keyboard_reaches_everything(seen: Seen) -> None:
    """Tab goes from the way past the bar through every link and field in the order of the page, and what has it is marked."""
    seen.page.set_viewport_size({"width": 1400, "height": 900})
    seen.open("/a/desk/today")
    wanted = seen.page.evaluate(
        "[...document.querySelectorAll('a[href], button, input:not([type=hidden]), select, summary, [tabindex=\"0\"]')]"
        ".filter((one) => one.offsetParent !== null || one.closest('.bar') || one.classList.contains('skip'))"
        ".filter((one) => one.getClientRects().length && !one.closest('details:not([open]) > :not(summary)')).length"
    )
    reached, marked = [], []
    seen.page.evaluate("document.body.focus()")
    for _ in range(wanted):
        seen.page.keyboard.press("Tab")
        reached.append(seen.page.evaluate("[...document.querySelectorAll('*')].indexOf(document.activeElement)"))
        marked.append(seen.page.evaluate("getComputedStyle(document.activeElement).outlineStyle"))
    assert reached == sorted(reached) and len(set(reached)) == wanted
    assert set(marked) <= {"solid", "auto"}
    seen.page.evaluate("document.activeElement.blur()")
    seen.page.keyboard.press("Tab")


def test_another_account_is_a_key_away(seen: Seen) -> None:
    seen.page.set_viewport_size({"width": 360, "height": 740})
    seen.open("/a/desk/orders")
    seen.page.focus(".switch summary")
    seen.page.keyboard.press("Enter")
    seen.sound("the open switch, 360 px")
    seen.page.keyboard.press("Tab")
    seen.page.keyboard.press("Enter")
    seen.page.wait_for_url("**/a/SIMULATED/orders")
    assert "At the broker" in seen.page.inner_text("main") and "REHEARSAL" in seen.page.inner_text("#bar")


def test_a_write_is_seen_within_a_second(seen: Seen) -> None:
    seen.page.set_viewport_size({"width": 1400, "height": 900})
    seen.open("/a/desk/today")
    seen.wait("document.getElementById('stream').textContent === 'live'")
    state, waits = State(seen.home / "desk" / "state.sqlite"), []
    for words in ("seen at once", "seen again", "seen anew"):
        halt = state.halt("desk", Halt("entries", "pause", Prose(words), "somebody", NOW))
        began = time.monotonic()
        seen.page.locator("#bar", has_text=words).wait_for(timeout=5000)
        waits.append(time.monotonic() - began)
        seen.page.wait_for_timeout(500)
        if words != "seen anew":
            state.lift("desk", halt.n, "somebody", NOW)
            seen.page.wait_for_timeout(500)
    assert median(waits) < 1.0, waits
    assert seen.page.locator("#halts").count() == 1, "the page itself is new too"
    assert seen.page.locator(".plot canvas").count() == 1, "and its picture drawn again"
    seen.sound("after an update")
    state.lift("desk", halt.n, "somebody", NOW)


def test_what_is_typed_is_not_swept_away(seen: Seen) -> None:
    seen.open("/a/desk/today")
    seen.wait("document.getElementById('stream').textContent === 'live'")
    seen.page.fill("#pause-why", "half a sen")
    State(seen.home / "desk" / "state.sqlite").halt("desk", Halt("name", "other", Prose("meanwhile"), "somebody", NOW, "AAA"))
    seen.page.wait_for_timeout(900)
    assert seen.page.input_value("#pause-why") == "half a sen"


def test_a_hostile_text_is_only_text(seen: Seen) -> None:
    """A reason and a name that would be script are shown as they were written."""
    told = "<img src=x onerror=document.title='broken'><script>document.title='broken'</script>\"'"
    halt = State(seen.home / "desk" / "state.sqlite").halt("desk", Halt("entries", "odd", Prose(told), "<b>x</b>", NOW))
    for page in ("today", "incidents"):
        seen.open(f"/a/desk/{page}")
        assert told in seen.page.inner_text("body") and "broken" not in seen.page.title()
        assert seen.said == []
    State(seen.home / "desk" / "state.sqlite").lift("desk", halt.n, "somebody", NOW)


def test_a_report_is_in_a_box(seen: Seen) -> None:
    """Its script runs, and sees neither cookie nor page, and reaches nobody."""
    folder = seen.home / "runs" / "boxed"
    folder.mkdir(parents=True)
    script = (
        "let s = 'ran'; try { document.cookie; s += ' cookie' } catch (e) {} try { parent.document.title; s += ' parent' } catch (e) {}"
        "fetch('/a/desk/today').then(() => { s += ' fetched' }).catch(() => {}).finally(() => { document.body.textContent = s })"
    )
    (folder / "report.html").write_text(f"<!doctype html><body><script>{script}</script>")
    seen.open("/a/desk/today")
    seen.page.evaluate(
        "() => { const one = document.createElement('iframe'); one.setAttribute('sandbox', 'allow-scripts');"
        "one.src = '/study/run/boxed'; document.getElementById('main').append(one) }"
    )
    frame = seen.page.frame_locator("iframe").locator("body")
    frame.get_by_text("ran").wait_for()
    assert frame.inner_text() == "ran"


def test_without_script_everything_is_there(seen: Seen) -> None:
    """The kill form above all; a table is read and a form is sent without a line of script."""
    context = seen.page.context.browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(f"{seen.address}/a/desk/kill")
    page.fill("#password", PASSWORD)
    page.check("[name=role]")
    page.click("main button")
    assert "has no broker" in page.inner_text("main")
    page.goto(f"{seen.address}/a/desk/today")
    page.fill("#pause-why", "no script")
    page.fill("#pause-password", PASSWORD)
    page.click("#act-pause button")
    assert "no script" in page.inner_text("#bar")
    assert page.locator("nav a").first.is_visible()
    context.close()
