"""Words, ratings and talking on the phone page, in a real browser with a microphone that plays a file."""

import asyncio
import importlib.util
import shutil
import subprocess
import wave
from pathlib import Path

import numpy as np
import pytest

from learner.store import queries
from learner.voice import Voice


def load(name):
    spec = importlib.util.spec_from_file_location(f"browser_{name}", Path(__file__).with_name(f"{name}.py"))
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


phone = load("test_phone")
scene, button, serious, last_feedback = phone.scene, phone.button, phone.serious, phone.last_feedback
pytestmark = phone.pytestmark

needs_voice = pytest.mark.skipif(bool(Voice().missing), reason="no extra: pip install 'reachy-coach[voice]'")
needs_espeak = pytest.mark.skipif(shutil.which("espeak-ng") is None, reason="no espeak-ng to speak with")


def microphone(folder, text):
    """Chromium's flags for a microphone that hears this after a moment, then silence."""
    spoken, heard = folder / "spoken.wav", folder / "heard.wav"
    subprocess.run(["espeak-ng", "-v", "en-us", "-s", "140", "-w", str(spoken), text], check=True)
    with wave.open(str(spoken)) as file:
        rate, data = file.getframerate(), np.frombuffer(file.readframes(file.getnframes()), np.int16)
    silence = np.zeros(rate // 3, np.int16)
    with wave.open(str(heard), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes(np.concatenate([silence, data, silence]).tobytes())
    seconds = (len(data) + 2 * len(silence)) / rate
    return (
        "--use-fake-ui-for-media-stream",
        "--use-fake-device-for-media-stream",
        f"--use-file-for-fake-audio-capture={heard}%noloop",
    ), seconds


async def talk(page, seconds):
    """Hold the button for so long."""
    box = await button(page, "Hold to talk").bounding_box()
    await page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    await page.mouse.down()
    await button(page, "Listening").wait_for()
    await page.wait_for_timeout(1000 * (seconds + 1.0))  # it opens a moment after the button is down
    await page.mouse.up()


def test_a_rating_goes_alone_or_with_words(tmp_path):
    async def story():
        async with scene(tmp_path) as (bench, robot, page):
            await robot.deliver(0, 1)
            robot.seq = 1
            await page.wait_for_timeout(500)
            star = page.get_by_label("4 of 5")
            await star.check(force=True)
            assert await page.locator(".star[data-on=true]").count() == 4
            await star.click(force=True)  # once more takes it back
            assert await page.locator(".star[data-on=true]").count() == 0
            assert await button(page, "Send").is_disabled()
            await star.check(force=True)
            await button(page, "Send").click()
            row = await last_feedback(bench)
            assert (row.kind, row.value, row.text, row.score) == ("rating", 4.0, None, 0.5)
            await page.get_by_text("4 of 5: Counted for").wait_for()
            assert await page.locator(".star[data-on=true]").count() == 0
            await page.get_by_label("2 of 5").check(force=True)
            await page.get_by_label("Tell the robot how it did").fill("a bit wild")
            await button(page, "Send").click()
            row = await last_feedback(bench, count=2)
            assert (row.kind, row.value, row.text) == ("rating", 2.0, "a bit wild")
            for label in await page.locator(".star").all():
                box = await label.bounding_box()
                assert min(box["height"], box["width"]) >= 44

    asyncio.run(story())


def test_what_is_no_reward_says_why_and_a_typed_stop_stops(tmp_path):
    async def story():
        async with scene(tmp_path) as (bench, robot, page):
            box = page.get_by_label("Tell the robot how it did")
            await robot.deliver(0)
            await box.fill("look at the duck")
            await box.press("Enter")
            await page.get_by_text("it says what to do next, not how it went").wait_for()
            assert await bench.learner.store.read(queries.list_stops, limit=1) == []
            await box.fill("stop!")
            await box.press("Enter")
            await page.get_by_text("Robot confirmed in").wait_for()
            await page.get_by_role("heading", name="Stopped").wait_for()
            await page.get_by_text("Taken as a stop, not as a judgement").wait_for()
            assert await serious(page) == []

    asyncio.run(story())


def test_without_the_extra_or_on_an_insecure_page_there_is_no_button_but_a_reason(tmp_path, monkeypatch):
    monkeypatch.setattr(Voice, "missing", "faster_whisper")

    async def story():
        async with scene(tmp_path / "extra") as (_, _, page):
            await page.get_by_text("pip install 'reachy-coach[voice]'").wait_for()
            assert await button(page, "Hold to talk").count() == 0
        flags = ("--host-resolver-rules=MAP coach.test 127.0.0.1",)
        async with scene(tmp_path / "http", flags=flags, host="coach.test") as (_, _, page):
            await page.get_by_text("https pages and to localhost only").wait_for()
            assert await button(page, "Hold to talk").count() == 0
            assert await page.evaluate("document.documentElement.scrollWidth") <= phone.PHONE["width"]

    asyncio.run(story())


@needs_voice
@needs_espeak
def test_what_was_heard_counts_only_once_it_is_sent(tmp_path):
    flags, seconds = microphone(tmp_path, "I did not like that")

    async def story():
        async with scene(tmp_path, flags=flags) as (bench, robot, page):
            await robot.deliver(0, 1)
            robot.seq = 1
            await page.wait_for_timeout(500)
            await talk(page, seconds)
            card = page.get_by_role("region", name="What was heard")
            await card.wait_for(timeout=60_000)
            assert await card.get_by_text("% sure").count() == 1
            assert "not like" in await card.inner_text()
            assert await serious(page) == []
            assert await bench.learner.store.read(queries.latest_feedback_id) == 0
            for answer in await card.get_by_role("button").all():
                assert (await answer.bounding_box())["height"] >= 44
            await card.get_by_role("button", name="Edit").click()
            box = page.get_by_label("Tell the robot how it did")
            assert "not like" in await box.input_value()
            await box.fill("I did not like that at all")
            await box.press("Enter")
            row = await last_feedback(bench)
            assert (row.text, row.source) == ("I did not like that at all", "voice")
            await page.get_by_text("Counted for").wait_for()

    asyncio.run(story())


@needs_voice
@needs_espeak
def test_a_spoken_stop_stops_the_robot_at_once(tmp_path):
    flags, seconds = microphone(tmp_path, "stop")

    async def story():
        async with scene(tmp_path, flags=flags) as (bench, _, page):
            await talk(page, seconds)
            await page.get_by_text("Robot confirmed in").wait_for(timeout=60_000)
            await page.get_by_role("heading", name="Stopped").wait_for()
            (stop,) = await bench.learner.store.read(queries.list_stops, limit=9)
            assert stop.reason.startswith("said: ")
            assert await bench.learner.store.read(queries.latest_feedback_id) == 0

    asyncio.run(story())
