"""Every page of the site, in Chromium: `make browser` runs this, `make test` does not (its name is
not one that pytest looks for), because to build the site takes half a minute.
"""

import re
import subprocess
import sys
import threading
from collections.abc import Iterator
from functools import cache, partial
from html import unescape
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, Route

from .chromium import browser as chromium

ROOT = Path(__file__).resolve().parents[2]
NOTEBOOKS = ROOT / "notebooks"
SOURCES = [
    path.relative_to(NOTEBOOKS).with_suffix("").as_posix()
    for kind in ("ipynb", "md")
    for path in sorted(NOTEBOOKS.rglob(f"*.{kind}"))
    if not {"lab", "site", "progress", ".ipynb_checkpoints"}
    & set(path.relative_to(NOTEBOOKS).parts)
]
PAGES = [*SOURCES, "404", "search", "genindex", "_modules/sched/heap"]
PHONE, DESK = {"width": 375, "height": 812}, {"width": 1280, "height": 900}


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The site, built as `make site` builds it: what Sphinx warns of is an error."""
    folder = tmp_path_factory.mktemp("site")
    options = ["-q", "-W", "--keep-going", "-E", "-d", str(folder / "doctrees")]
    options += ["-c", str(NOTEBOOKS / "site"), str(NOTEBOOKS), str(folder / "html")]
    command = [sys.executable, "-m", "sphinx", *options]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return folder / "html"


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture(scope="session")
def address(site: Path) -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(site))) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()
        thread.join()


@pytest.fixture(scope="session")
def below(site: Path) -> Iterator[str]:
    """The address of the site below a folder of a host, which has 404.html for all that is missing.

    That is how GitHub Pages and others have it.
    """

    class Host(Quiet):
        def send_error(self, code: int, *_: object) -> None:
            self.send_response(code)
            self.send_header("Content-Type", "text/html")
            self.end_headers()
            if self.command == "GET":
                self.wfile.write((site / "404.html").read_bytes())

    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Host, directory=str(site.parent))) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/{site.name}/"
        server.shutdown()
        thread.join()


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    with chromium() as running:
        yield running


class Watched:
    """A page, and what went wrong on it."""

    def __init__(self, page: Page, address: str) -> None:
        self.page, self.address, self.faults = page, address, list[str]()
        page.route(lambda url: not url.startswith((address, "data:")), self._refuse)
        page.on("pageerror", lambda error: self.faults.append(f"error: {error}"))
        page.on(
            "console",
            lambda said: (
                self.faults.append(f"console: {said.text}")
                if said.type in ("error", "warning")
                else None
            ),
        )

    def _refuse(self, route: Route) -> None:
        self.faults.append(f"asks elsewhere: {route.request.url}")
        route.abort()

    def look(self) -> None:
        """What can be seen of a page as it stands: width, pictures, what axe-core finds."""
        wide = self.page.evaluate("document.documentElement.scrollWidth - innerWidth")
        if wide > 0:
            self.faults.append(f"{wide} pixels too wide")
        for picture in self.page.locator("article img").all():
            if not (picture.get_attribute("alt") or "").strip():
                self.faults.append(f"no words for {picture.get_attribute('src')}")
        found = Axe().run(self.page).response["violations"]
        self.faults += [
            f"{fault['id']} ({fault['impact']}): {node['html'][:200]}"
            for fault in found
            if fault["impact"] in ("serious", "critical")
            for node in fault["nodes"][:3]
        ]


@pytest.fixture(params=["light, on a phone", "dark, on a desk"])
def watched(request: pytest.FixtureRequest, browser: Browser, address: str) -> Iterator[Watched]:
    scheme, place = request.param.split(", on a ")
    size = PHONE if place == "phone" else DESK
    context = browser.new_context(viewport=size, color_scheme=scheme, reduced_motion="reduce")
    yield Watched(context.new_page(), address)
    context.close()


@pytest.mark.parametrize("name", PAGES)
def test_a_page_loads_nothing_from_elsewhere_and_can_be_read_by_everyone(
    watched: Watched, name: str
) -> None:
    answer = watched.page.goto(f"{watched.address}{name}.html")
    assert answer is not None and answer.ok
    # What is folded is read, too.
    watched.page.evaluate("document.querySelectorAll('details').forEach(d => d.open = true)")
    watched.look()
    assert not watched.faults, "\n" + "\n".join(watched.faults)


def test_what_is_wrong_with_a_page_is_found(watched: Watched) -> None:
    watched.page.goto(watched.address)
    watched.page.set_content(
        "<html><body><article style='width: 2000px'><img src='data:,'><button></button>"
        "<p style='color: #eee; background: #fff'>pale</p></article>"
        "<script src='https://example.org/a.js'></script><script>nothing()</script></body></html>"
    )
    watched.look()
    for said in (
        "pixels too wide",
        "no words",
        "button-name",
        "color-contrast",
        "elsewhere: https",
    ):
        assert [fault for fault in watched.faults if said in fault], (said, watched.faults)
    assert [fault for fault in watched.faults if fault.startswith("error: ")]


def test_search_finds_a_word_of_a_notebook(watched: Watched) -> None:
    watched.page.goto(f"{watched.address}search.html?q=backoff")
    found = watched.page.locator("#search-results a[href*='04_retries']").first
    found.wait_for()
    found.click()
    watched.page.wait_for_url("**/04_retries.html*")
    assert watched.faults == []


@pytest.mark.parametrize("missing", ["nothing.html", "guide/nothing", "no/such/folder/"])
def test_an_address_that_is_not_there_leads_back(
    browser: Browser, below: str, missing: str
) -> None:
    with browser.new_context(viewport=PHONE) as context:
        page = context.new_page()
        for role, name, leads in (
            ("link", "the first page of sched", "index.html"),
            ("button", "Search", "search.html?q=jitter"),
        ):
            answer = page.goto(below + missing)
            assert answer is not None and answer.status == 404
            page.locator("base").wait_for(state="attached")
            page.get_by_role("searchbox").fill("jitter")
            page.get_by_role(role, name=name).click()
            page.wait_for_url(below + leads)


FOCUSED = """() => {
  const it = document.activeElement, box = it.getBoundingClientRect(), style = getComputedStyle(it);
  return {
    what: (it.getAttribute("aria-label") || it.textContent || it.name || it.tagName).trim(),
    seen: it.checkVisibility({visibilityProperty: true, opacityProperty: true})
      && box.bottom > 0 && box.top < innerHeight && box.right > 0 && box.left < innerWidth,
    marked: style.outlineStyle !== "none" && parseFloat(style.outlineWidth) > 0,
    menu: Boolean(it.closest(".sidebar-drawer, .toc-drawer")),
    article: Boolean(it.closest("article")),
  };
}"""


def focused(page: Page) -> dict[str, Any]:
    """What has the focus: what it is called, and whether it can be seen, and where it stands."""
    page.wait_for_timeout(50)  # a page that scrolls has done so
    found: dict[str, Any] = page.evaluate(FOCUSED)
    return found


def test_the_keys_lead_past_the_menu_and_open_what_is_folded(watched: Watched) -> None:
    page = watched.page
    page.goto(f"{watched.address}00_start_here.html")
    page.keyboard.press("Tab")
    assert focused(page)["what"] == "Skip to content"
    page.keyboard.press("Enter")
    folded = page.locator("article details").first
    for _ in range(60):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.tagName") == "SUMMARY":
            break
    page.keyboard.press("Enter")
    assert folded.get_attribute("open") is not None


@pytest.mark.parametrize("name", ["index", "05_performance", "deeper/02_two_questions", "search"])
def test_each_key_of_tab_leads_to_something_that_is_seen(watched: Watched, name: str) -> None:
    """On a phone to nothing in a menu that is closed, so that the text comes soon."""
    page = watched.page
    page.goto(f"{watched.address}{name}.html")
    steps = []
    for _ in range(70):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement === document.body"):
            break
        steps.append(focused(page))
    skip, *others = steps
    assert skip["what"] == "Skip to content" and skip["marked"]
    assert [step for step in others if not (step["seen"] and step["marked"])] == []
    assert any(step["article"] for step in others)
    if page.viewport_size == PHONE:
        assert not any(step["menu"] for step in others)


def test_the_menus_of_a_phone_open_and_close_by_keys(watched: Watched) -> None:
    page = watched.page
    page.goto(f"{watched.address}05_performance.html")
    menu, contents = page.locator(".sidebar-drawer"), page.locator(".toc-drawer")
    buttons = page.locator("label .icon[role=button]:visible")
    if page.viewport_size == DESK:  # both stand open; only the list of deeper ones is folded
        deeper = buttons.first
        assert deeper.get_attribute("aria-expanded") == "false"
        deeper.focus()
        page.keyboard.press("Enter")
        assert deeper.get_attribute("aria-expanded") == "true"
        page.get_by_role("link", name="Inside a heap").first.wait_for()
        return
    for name, drawer in (("site navigation", menu), ("contents", contents)):
        button = page.get_by_role("button", name=name)
        assert button.get_attribute("aria-expanded") == "false"
        assert drawer.is_hidden()
        button.focus()
        page.keyboard.press("Enter")
        assert button.get_attribute("aria-expanded") == "true"
        assert focused(page)["menu"]
        page.keyboard.press("Escape")
        assert drawer.is_hidden()
        assert name in focused(page)["what"]
        page.keyboard.press("Space")
        assert drawer.is_visible()
        page.locator("article h1").first.focus()
        page.get_by_role("link", name="notebook 01").first.focus()  # whoever leaves it closes it
        assert drawer.is_hidden()
        assert button.get_attribute("aria-expanded") == "false"


def test_a_film_goes_on_by_keys(watched: Watched) -> None:
    page = watched.page
    page.goto(f"{watched.address}deeper/02_two_questions.html")
    slider = page.get_by_role("slider", name="picture of the film")
    film = page.locator("figure[id^=film] img")
    first = film.get_attribute("src")
    slider.focus()
    page.keyboard.press("ArrowRight")
    assert focused(page)["seen"] and focused(page)["marked"]
    assert film.get_attribute("src") != first
    play = page.get_by_role("button", name="Play")
    play.focus()
    page.keyboard.press("Enter")
    page.wait_for_function("() => document.querySelector('article input[type=range]').value > 1")
    assert watched.faults == []


@pytest.mark.parametrize("key", ["Control+k", "/"])
def test_a_key_leads_to_the_search_from_every_page(watched: Watched, key: str) -> None:
    page = watched.page
    page.goto(f"{watched.address}guide/files.html")
    page.keyboard.press(key)
    assert focused(page)["what"] == "Search" and focused(page)["seen"]
    page.keyboard.type("backoff/")
    assert page.locator(".sidebar-search").input_value() == "backoff/"
    page.keyboard.press("Backspace")
    page.keyboard.press("Enter")
    page.wait_for_url("**/search.html?q=backoff*")
    page.keyboard.press(key)
    assert focused(page)["what"] == "Words to look for"
    assert watched.faults == []


def test_a_search_for_nothing_says_what_to_do(watched: Watched) -> None:
    page = watched.page
    page.goto(f"{watched.address}search.html")
    hint = page.locator(".search-hint")
    assert "one word or more" in hint.inner_text()
    hint.get_by_role("link", name="jitter").click()
    page.locator("#search-results a[href*='04_retries']").first.wait_for()
    assert hint.is_hidden()
    found = page.locator("#search-results").inner_text()
    assert "Show the code" not in found and "open it on your machine" not in found
    assert watched.faults == []


def test_what_is_cut_shows_that_there_is_more(watched: Watched) -> None:
    page = watched.page
    page.goto(f"{watched.address}index.html")
    cut = page.locator("article pre.more")
    assert cut.count() > 0
    assert "rgb" in cut.first.evaluate("it => getComputedStyle(it).boxShadow")
    box = cut.first.element_handle()
    box.evaluate("it => it.scrollTo(it.scrollWidth, 0)")
    page.wait_for_function("it => !it.classList.contains('more')", arg=box)


def test_what_a_cell_says_is_wrapped_and_its_columns_are_not(watched: Watched) -> None:
    page = watched.page
    page.goto(f"{watched.address}05_performance.html")
    said = page.locator("div.wraps pre")
    assert said.count() > 10
    assert said.evaluate_all("all => all.filter(it => it.scrollWidth > it.clientWidth)") == []
    assert page.locator("div.output:not(.wraps) pre").count() > 0


def test_a_phone_gets_its_own_drawing_and_makes_another_larger(watched: Watched) -> None:
    page = watched.page
    phone = page.viewport_size == PHONE
    page.goto(f"{watched.address}index.html")
    drawn = page.locator("article picture img").evaluate("it => it.currentSrc")
    assert drawn.endswith("counts_narrow.png" if phone else "counts.png")
    page.goto(f"{watched.address}05_performance.html")
    link = page.locator("a.picture").first
    before = link.locator("img").bounding_box()
    link.focus()
    page.keyboard.press("Enter")
    if phone:
        after = link.locator("img").bounding_box()
        assert before and after and after["width"] > 2 * before["width"]
        page.keyboard.press("Enter")
        again = link.locator("img").bounding_box()
        assert again and again["width"] == before["width"]
    else:
        page.wait_for_url("**/_images/*.png")
    assert watched.faults == []


@cache
def anchors(path: Path) -> set[str]:
    """The ids of a page."""
    return set(re.findall(r'\bid="([^"]+)"', path.read_text(encoding="utf-8")))


def test_every_link_within_the_site_leads_somewhere(site: Path) -> None:
    dead = set()
    for path in sorted(site.rglob("*.html")):
        for target in re.findall(r'href="([^"]+)"', path.read_text(encoding="utf-8")):
            place, _, anchor = unquote(unescape(target)).partition("#")
            if re.match(r"[a-z]+:", place):
                continue
            there = (
                path
                if not place.partition("?")[0]
                else (path.parent / place.partition("?")[0]).resolve()
            )
            if not there.is_file() or (anchor and unescape(anchor) not in anchors(there)):
                dead.add((path.relative_to(site).as_posix(), target))
    assert dead == set()


def test_only_links_that_are_clicked_lead_elsewhere(site: Path) -> None:
    """No style sheet and no script names another host, also one that nobody has asked for yet."""
    for path in [*site.rglob("*.css"), *site.rglob("*.js")]:
        text = path.read_text(encoding="utf-8", errors="replace")
        assert re.findall(r"@import|url\(\s*['\"]?(?:https?:)?//", text) == [], path.name
