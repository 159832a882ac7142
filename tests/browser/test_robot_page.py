"""The robot's own page in a real browser, served by an agent on the body in memory; no learner anywhere."""

import asyncio
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from robot_agent.config import AgentConfig
from robot_agent.processes import settings
from robot_agent.stop_socket import ask

ROOT = Path(__file__).resolve().parents[2]
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
AXE = ROOT / "learner/web/node_modules/axe-core/axe.min.js"
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync"]
PHONE = {"width": 360, "height": 740}
DESKTOP = {"width": 1280, "height": 800}
FREE = ("ACTIVE", "SAFE_HOLD")
"""With the built-in policy, which only waits, and until it is there."""

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on this machine: apt-get install chromium"),
]


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as server:
        return server.getsockname()[1]


@pytest.fixture(scope="module")
def agent(tmp_path_factory):
    """The configuration of a running agent."""
    folder = tmp_path_factory.mktemp("agent")
    config = AgentConfig(
        robot_id="mini",
        body="still",
        data_dir=folder / "data",
        runtime_dir=folder / "run",
        page_port=free_port(),
    )
    process = subprocess.Popen(
        [sys.executable, "-m", "robot_agent.main", settings(config)],
        stdin=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    yield config
    process.terminate()
    process.wait(20)


@pytest.fixture
def robot(agent):
    """An agent that is not stopped: it is armed and has no task."""
    wait_for(agent, lambda said: said["state"])
    ask(agent.runtime.stop_socket, "release")
    ask(agent.runtime.stop_socket, "resume")
    wait_for(agent, lambda said: said["state"] in FREE)
    return agent


def status(config):
    try:
        return ask(config.runtime.stop_socket, "status")
    except Exception:
        return {"state": ""}


def wait_for(config, condition, timeout_s=30.0):
    deadline = time.monotonic() + timeout_s
    while not condition(said := status(config)):
        assert time.monotonic() < deadline, said
        time.sleep(0.05)


@asynccontextmanager
async def page_of(config, viewport=PHONE, **context):
    """The page open in a browser; a script error, or a request to anywhere else, fails the test."""
    from playwright.async_api import async_playwright

    errors, url = [], f"http://127.0.0.1:{config.page_port}/"
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, headless=True, args=FLAGS)
        try:
            page = await (await browser.new_context(viewport=viewport, **context)).new_page()
            page.set_default_timeout(15_000)
            page.on("pageerror", lambda error: errors.append(str(error)))
            page.on("request", lambda asked: asked.url.startswith(url) or errors.append(asked.url))
            page.on("console", lambda said: errors.append(said.text) if "Security" in said.text else None)
            deadline = time.monotonic() + 20.0
            while True:
                try:
                    await page.goto(url)
                    break
                except Exception:
                    assert time.monotonic() < deadline
                    await asyncio.sleep(0.2)
            await page.get_by_text(re.compile("^(Holding|Waiting)$")).wait_for()
            yield page
        finally:
            await browser.close()
    assert errors == []


def stop_of(page):
    return page.get_by_role("button", name="STOP", exact=True)


async def serious(page):
    """What axe-core finds that keeps people out."""
    await page.evaluate(AXE.read_text())
    violations = (await page.evaluate("axe.run()"))["violations"]
    return [(v["id"], [n["html"] for n in v["nodes"]]) for v in violations if v["impact"] != "minor"]


def test_a_tap_stops_the_robot_and_says_so_twice(robot):
    async def story():
        async with page_of(robot, has_touch=True) as page:
            await page.evaluate(
                "window.asked = 0; const real = fetch; window.fetch = (...given) => "
                "{ window.asked += given[0] === '/stop'; return real(...given); }"
            )
            guard = json.loads(robot.runtime.processes.read_text())["guard"]
            os.kill(guard, signal.SIGSTOP)  # so that there is something to wait for
            await stop_of(page).tap()
            await page.get_by_text("Sent. Waiting for the robot").wait_for()
            os.kill(guard, signal.SIGCONT)
            await page.get_by_text("Robot confirmed in").wait_for()
            assert await page.evaluate("window.asked") == 1, "one tap is one stop"
            await page.get_by_text("Stopped", exact=True).wait_for()
            await page.get_by_text("Stopped by the robot's page.").wait_for()
            assert status(robot)["stopped_by"] == "page"
            for name in ("release", "resume"):
                assert await page.get_by_role("button", name=name).count() == 0
            await page.get_by_text("How does it move again?").click()
            await page.get_by_text("reachy-coach stop --release").wait_for()

    asyncio.run(story())


def test_the_robot_stops_when_the_page_that_watches_it_is_closed_and_not_after_a_farewell(robot):
    async def story():
        async with page_of(robot) as page:
            watch = page.get_by_label("I am watching the robot")
            await watch.check()
            await asyncio.sleep(4.5)  # longer than a silence may be
            assert status(robot)["state"] in FREE
            await watch.uncheck()
            await asyncio.sleep(4.0)
            assert status(robot)["state"] in FREE
            await watch.check()
            await asyncio.sleep(0.5)
        wait_for(robot, lambda said: said.get("stopped_by") == "supervisor", 10.0)

    asyncio.run(story())


def test_a_missing_button_is_shown_and_out_of_reach_people_are_sent_to_the_button(robot):
    async def story():
        async with page_of(robot, viewport=DESKTOP) as page:
            assert await page.locator("#buttons").is_hidden()
            state = {"name": "the USB button pedal", "present": False, "problem": "unplugged; plug it in"}
            robot.runtime.buttons.write_text(json.dumps([state]))
            await page.get_by_text("The USB button pedal: unplugged; plug it in").wait_for()
            robot.runtime.buttons.unlink()
            await stop_of(page).focus()
            await page.keyboard.press("Enter")
            await page.get_by_text("Robot confirmed in").wait_for()
            await page.route("**/*", lambda route: route.abort())
            await page.get_by_text("Out of reach").wait_for()
            await stop_of(page).click()
            await page.get_by_text("The robot did not get it.").wait_for()

    asyncio.run(story())


async def check_layout(page, viewport):
    """Large enough for a finger, all of STOP in view, nothing cut off, and readable for everybody."""
    box = await stop_of(page).bounding_box()
    assert box["height"] >= 0.3 * viewport["height"]
    assert box["y"] + box["height"] <= viewport["height"], "it can be reached without scrolling"
    for target in await page.locator("button, label, summary").all():
        box = await target.bounding_box()
        assert min(box["height"], box["width"]) >= 44
    assert await page.evaluate("document.documentElement.scrollWidth") <= viewport["width"]
    if AXE.exists():
        assert await serious(page) == []


@pytest.mark.parametrize("viewport", [PHONE, DESKTOP], ids=["phone", "desktop"])
def test_it_is_large_enough_for_a_finger_and_readable_for_everybody(robot, viewport):
    async def story():
        async with page_of(robot, viewport=viewport) as page:
            for scheme in ("dark", "light"):
                await page.emulate_media(color_scheme=scheme)
                await check_layout(page, viewport)
            await stop_of(page).click()
            await page.get_by_text("Stopped", exact=True).wait_for()
            for scheme in ("dark", "light"):
                await page.emulate_media(color_scheme=scheme)
                await check_layout(page, viewport)

    asyncio.run(story())
