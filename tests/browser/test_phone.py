"""The phone page in a real browser, over a real learner, with a robot's end of the wire beside it."""

import asyncio
import importlib.util
import shutil
import time
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from learner.store import queries
from shared.messages import (
    Anomaly,
    Approval,
    PolicyResult,
    SetMode,
    StopConfirm,
    StopRequest,
    TeleopTarget,
)

ROOT = Path(__file__).resolve().parents[2]
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
AXE = ROOT / "learner/web/node_modules/axe-core/axe.min.js"
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
PHONE = {"width": 360, "height": 740}
DESKTOP = {"width": 1280, "height": 800}

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on this machine: apt-get install chromium"),
    pytest.mark.skipif(
        not (ROOT / "learner/api/static/index.html").exists(), reason="the pages are not built: make web"
    ),
]


def load_doubles():
    """The doubles of the learner's own tests: a learner with a tiny task, and a robot's end of the wire."""
    spec = importlib.util.spec_from_file_location("learner_doubles", ROOT / "tests/learner/conftest.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


DOUBLES = load_doubles()


class NoRenderer:
    def __init__(self):
        raise RuntimeError("no OpenGL here")


class Robot:
    """A robot that reports what it is told to and, unless told otherwise, confirms stops."""

    def __init__(self, wire_end):
        self.wire = wire_end
        self.state = "ACTIVE"
        self.seq = 0
        self.answers_stops = True
        self.reports = True
        self.more = {}
        """Further fields of its status."""

    async def deliver(self, *seqs):
        """Send the records of these decisions."""
        made = [DOUBLES.transition(seq=s, step=s, time_unix_s=time.time() - 1.0) for s in seqs]
        await self.wire.deliver(*made)

    async def report(self):
        while True:
            if self.reports:
                now = {"state": self.state, "episode_id": "e", "decision_seq": self.seq}
                await self.wire.send(self.wire.status(**now, **self.more, time_unix_s=time.time()))
            await asyncio.sleep(0.05)

    async def obey(self):
        while True:
            request = await self.wire.hear(StopRequest, timeout=600)
            if self.answers_stops:
                self.state = "STOPPED"
                await self.wire.send(StopConfirm("mini", request.request_id, 4.0))


@asynccontextmanager
async def scene(folder, *, renderer=DOUBLES.GreyRenderer, viewport=PHONE, flags=(), host=None, **context):
    """A learner, a robot and the page open in a browser; a script error on the page fails the test.

    `flags`: more of Chromium's; `host`: the page's address has this name.
    """
    from playwright.async_api import async_playwright

    errors = []
    async with (
        DOUBLES.bench(folder, renderer=renderer, tasks=()) as bench,
        async_playwright() as playwright,
    ):
        robot = Robot(await bench.greeted())
        life = [asyncio.create_task(robot.report()), asyncio.create_task(robot.obey())]
        browser = await playwright.chromium.launch(
            executable_path=CHROMIUM, headless=True, args=[*FLAGS, *flags]
        )
        try:
            page = await (await browser.new_context(viewport=viewport, **context)).new_page()
            page.set_default_timeout(15_000)
            page.on("pageerror", lambda error: errors.append(str(error)))
            await page.goto(bench.learner.url.replace("127.0.0.1", host or "127.0.0.1"))
            await page.get_by_role("heading", name="Acting").wait_for()
            yield bench, robot, page
        finally:
            await browser.close()
            for task in life:
                task.cancel()
            await asyncio.gather(*life, return_exceptions=True)
    assert errors == []


async def last_feedback(bench, count=1):
    """The newest feedback, as soon as there are this many."""

    async def there():
        rows = await bench.learner.store.read(queries.list_feedback, limit=9)
        return rows if len(rows) >= count else None

    return (await bench.until(there, timeout=10.0))[0]


async def serious(page):
    """What axe-core finds that keeps people out."""
    await page.evaluate(AXE.read_text())
    violations = (await page.evaluate("axe.run()"))["violations"]
    return [
        (v["id"], [n["html"] for n in v["nodes"]])
        for v in violations
        if v["impact"] in ("serious", "critical")
    ]


def button(page, name):
    return page.get_by_role("button", name=name, exact=True)


def test_a_tap_and_words_reach_the_store_and_their_fate_the_page(tmp_path):
    async def story():
        async with scene(tmp_path) as (bench, robot, page):
            await page.locator("canvas:visible").wait_for()
            await robot.deliver(0, 1, 2)
            robot.seq = 2
            await page.wait_for_timeout(800)
            await button(page, "Good").click()
            await page.get_by_text("Counted for").wait_for()
            tap = await last_feedback(bench)
            assert (tap.kind, tap.value, tap.robot_id) == ("tap", 1.0, "mini")
            assert (tap.boot_epoch, tap.shown_decision_seq) == (1, 2)
            assert 300 <= tap.client_delay_ms <= 10_000
            assert tap.client_id.startswith("page-")

            await button(page, "Undo").click()
            await page.get_by_text("Undone").wait_for()
            assert (await last_feedback(bench)).undone_by is not None

            # A sentence is about what was shown when its first letter was typed.
            box = page.get_by_label("Tell the robot how it did")
            await box.press_sequentially("very ")
            robot.seq = 7
            await page.wait_for_timeout(500)
            await box.press_sequentially("nice nod")
            await box.press("Enter")
            text = await last_feedback(bench, count=2)
            assert (text.kind, text.text, text.shown_decision_seq) == ("text", "very nice nod", 2)
            await page.get_by_text("“very nice nod”").wait_for()
            await page.get_by_text("Read as praise").wait_for()
            assert await box.input_value() == ""

    asyncio.run(story())


def test_stop_is_confirmed_by_the_robot_or_the_page_says_that_it_was_not(tmp_path):
    async def story():
        async with scene(tmp_path) as (_, robot, page):
            robot.answers_stops = False
            await button(page, "STOP").click()
            await page.get_by_text("Asked the robot to stop").wait_for()
            await page.get_by_text("Press the robot’s own stop").wait_for()
            robot.answers_stops = True
            await button(page, "STOP").focus()
            await page.keyboard.press("Enter")
            await page.get_by_text("Robot confirmed in").wait_for()
            await page.get_by_role("heading", name="Stopped").wait_for()

    asyncio.run(story())


def test_stop_stays_on_the_screen_and_everything_is_large_enough_for_a_finger(tmp_path):
    async def story():
        async with scene(tmp_path) as (_, _, page):
            await button(page, "Good").click()
            await button(page, "Undo").wait_for()
            for y in (0, 10_000):
                await page.evaluate("y => scrollTo(0, y)", y)
                box = await button(page, "STOP").bounding_box()
                assert box["height"] >= 60
                assert box["y"] + box["height"] <= PHONE["height"]
            for target in await page.get_by_role("button").all():
                box = await target.bounding_box()
                assert min(box["height"], box["width"]) >= 44, await target.inner_text()
            assert await page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]

    asyncio.run(story())


def test_without_a_picture_without_the_robot_and_without_the_learner(tmp_path):
    async def story():
        async with scene(tmp_path, renderer=NoRenderer) as (bench, robot, page):
            await page.get_by_text("No live picture").wait_for()
            await robot.deliver(0)
            await button(page, "Not good").click()
            tap = await last_feedback(bench)
            assert (tap.value, tap.shown_decision_seq) == (-1.0, 0)

            robot.reports = False
            await page.get_by_role("heading", name="Offline").wait_for()
            await page.get_by_text("No word from the robot").wait_for()

            await page.route("**/api/**", lambda route: route.abort())
            await page.route_web_socket("**/api/**", lambda socket: socket.close())
            await page.reload(wait_until="domcontentloaded")
            await page.get_by_role("heading", name="Connecting").wait_for()
            await page.get_by_text("Waiting for the learner").wait_for()
            await button(page, "STOP").click()
            await page.get_by_text("Press the robot’s own stop").wait_for()

    asyncio.run(story())


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("viewport", [PHONE, DESKTOP], ids=["phone", "desktop"])
def test_accessible(tmp_path, viewport, scheme):
    async def story():
        async with scene(tmp_path, viewport=viewport, color_scheme=scheme) as (_, _, page):
            await page.locator("canvas:visible").wait_for()
            assert await serious(page) == []
            await button(page, "Good").click()
            await button(page, "Undo").wait_for()
            await button(page, "STOP").click()
            await page.get_by_role("heading", name="Stopped").wait_for()
            assert await serious(page) == []

    asyncio.run(story())


def test_reduced_motion_is_respected(tmp_path):
    async def story():
        async with scene(tmp_path) as (_, _, page):
            assert await page.evaluate("document.getAnimations().length") > 0
            await page.emulate_media(reduced_motion="reduce")
            assert await page.evaluate("document.getAnimations().length") == 0

    asyncio.run(story())


def test_stop_all_stops_every_robot_with_one_touch(tmp_path):
    async def story():
        async with scene(tmp_path) as (bench, _, page):
            other = await bench.greeted("other")
            await button(page, "STOP ALL").click()
            request = await other.hear(StopRequest)
            await other.send(StopConfirm("other", request.request_id, 2.0))
            await page.get_by_text("All 2 robots confirmed").wait_for()
            await button(page, "STOP ALL").click()  # now one of them is silent
            await page.get_by_text("other did not answer").wait_for()
            stops = await bench.learner.store.read(queries.list_stops, limit=9)
            assert all(stop.everywhere for stop in stops)
            assert len(stops) == 4

    asyncio.run(story())


async def pad_point(page, across, down):
    """A place on the pad, as shares of its size from the left top."""
    pad = page.get_by_role("application")
    await pad.scroll_into_view_if_needed()
    box = await pad.bounding_box()
    return box["x"] + across * box["width"], box["y"] + down * box["height"]


@pytest.mark.parametrize("viewport", [PHONE, DESKTOP], ids=["phone", "desktop"])
def test_holding_the_pad_moves_the_head_and_letting_go_hands_it_back(tmp_path, viewport):
    async def story():
        async with scene(tmp_path, viewport=viewport) as (_, robot, page):
            wire = robot.wire
            await page.mouse.move(*await pad_point(page, 0.75, 0.25))
            await page.mouse.down()
            target = await wire.hear(TeleopTarget)
            assert target.active
            assert target.head_rpy[1] < 0.0, "up"
            assert target.head_rpy[2] < 0.0, "to the robot's right"
            robot.more = {"teleop": True}
            await page.get_by_role("heading", name="By hand").wait_for()
            await page.get_by_text("You have it").wait_for()
            await page.mouse.move(*await pad_point(page, 0.25, 0.75))
            while target.head_rpy[2] < 0.0:
                target = await wire.hear(TeleopTarget)
            await page.mouse.up()
            while target.active:
                target = await wire.hear(TeleopTarget)
            await page.get_by_text("Somebody else has it").wait_for()  # until the robot says otherwise
            robot.more = {}
            await page.get_by_text("Hold and drag").wait_for()
            await page.get_by_role("application").focus()  # by keyboard as well
            await page.keyboard.down("ArrowLeft")
            assert (await wire.hear(TeleopTarget)).head_rpy[2] > 0.0
            robot.state = "STOPPED"
            await page.get_by_text("Not in your hand").wait_for()

    asyncio.run(story())


def test_asked_first_a_person_approves_what_the_robot_proposes(tmp_path):
    async def story():
        async with scene(tmp_path) as (_, robot, page):
            switch = page.get_by_role("switch", name="Ask me first")
            await switch.click()
            assert await robot.wire.hear(SetMode) == SetMode("suggest")
            robot.more = {"mode": "suggest"}
            await page.get_by_text("Waiting for its next proposal").wait_for()
            assert await switch.get_attribute("aria-checked") == "true"
            # An answer that does not get through: the proposal still waits for one.
            robot.more = {"mode": "suggest", "proposal_id": 4, "proposal_tool": 8, "proposal_left_s": 3.0}
            await page.route("**/proposals/4", lambda route: route.abort())
            await button(page, "Approve").click()
            await page.get_by_role("alert").first.wait_for()
            await page.unroute("**/proposals/4")
            for number, (name, word) in enumerate((("Approve", True), ("Reject", False)), 4):
                robot.more = {
                    "mode": "suggest", "proposal_id": number, "proposal_tool": 8, "proposal_left_s": 3.0,
                }  # fmt: skip
                await button(page, name).click()
                assert await robot.wire.hear(Approval) == Approval(number, word)
                await page.get_by_text("Waiting for its next proposal").wait_for()
            assert await serious(page) == []

    asyncio.run(story())


def test_what_a_person_should_know_is_said(tmp_path):
    async def story():
        async with scene(tmp_path) as (bench, robot, page):
            await robot.wire.send(PolicyResult("mini", 12, "rolled_back", "saturation"))
            await robot.wire.send(Anomaly("mini", "e", 1, "frozen", 4.0, "joint 3", time.time()))
            bench.learner.live.said("mini", "rubber duck")
            await page.get_by_text("Rubber duck").wait_for()
            robot.more = {"limits_profile": 0.6}
            await page.get_by_text("Policy v12 was rolled back: saturation").wait_for()
            await page.get_by_text("Flagged for review (frozen: joint 3)").wait_for()
            await page.get_by_text("60 % of its limits").wait_for()
            robot.more, robot.state = {"stop_source": "button"}, "STOPPED"
            await page.get_by_text("By the robot’s button").wait_for()
            robot.more, robot.state = {"fault": "tracking: joint 2"}, "FAULT"
            await page.get_by_text("Tracking: joint 2").wait_for()
            assert await serious(page) == []

    asyncio.run(story())
