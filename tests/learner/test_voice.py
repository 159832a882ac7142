"""Speech with the real weights: espeak-ng speaks, Whisper listens. Recordings that are none are problems."""

import asyncio
import importlib.util
import io
import shutil
import subprocess
import wave

import numpy as np
import pytest

from learner import voice as speech
from learner.voice import MAX_S, RATE_HZ, TooLong, UnheardOf, Voice, decode
from shared.messages import StopConfirm, StopRequest

VOICE = "/api/v1/voice"
MISSING = Voice().missing
needs_voice = pytest.mark.skipif(bool(MISSING), reason=f"no {MISSING}: pip install 'reachy-coach[voice]'")
needs_espeak = pytest.mark.skipif(shutil.which("espeak-ng") is None, reason="no espeak-ng to speak with")


def wav(samples, rate=RATE_HZ):
    out = io.BytesIO()
    with wave.open(out, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes((np.asarray(samples) * 32767).astype("<i2").tobytes())
    return out.getvalue()


def tone(seconds, rate=RATE_HZ):
    return 0.3 * np.sin(2 * np.pi * 440.0 * np.arange(int(seconds * rate)) / rate)


def encoded(samples, container, codec):
    import av

    out = io.BytesIO()
    with av.open(out, "w", format=container) as file:
        stream = file.add_stream(codec, rate=48_000, layout="mono")
        frame = av.AudioFrame.from_ndarray((samples * 32767).astype(np.int16)[None], "s16", "mono")
        frame.sample_rate = RATE_HZ
        resampler = av.AudioResampler(stream.format.name, "mono", 48_000, frame_size=stream.frame_size)
        for piece in (*resampler.resample(frame), *resampler.resample(None)):
            file.mux(stream.encode(piece))
        file.mux(stream.encode(None))
    return out.getvalue()


def spoken(text):
    return subprocess.run(
        ["espeak-ng", "-v", "en-us", "-s", "140", "--stdout", text], check=True, capture_output=True
    ).stdout


def problem(response, status):
    assert response.status_code == status, response.text
    assert response.headers["content-type"].startswith("application/problem+json")
    return response.json()["detail"]


@needs_voice
@pytest.mark.parametrize(
    ("container", "codec"), [("webm", "libopus"), ("ogg", "libopus"), ("mp4", "aac"), ("wav", "pcm_s16le")]
)
def test_what_browsers_record_is_read(container, codec):
    samples = decode(encoded(tone(1.5), container, codec), speech.CONTAINERS[f"audio/{container}"])
    assert samples.dtype == np.float32
    assert len(samples) / RATE_HZ == pytest.approx(1.5, abs=0.1)
    spectrum = np.abs(np.fft.rfft(samples))
    assert np.argmax(spectrum) * RATE_HZ / len(samples) == pytest.approx(440.0, abs=3.0)


@needs_voice
def test_what_is_no_recording_is_refused():
    webm = encoded(tone(0.5), "webm", "libopus")
    for data in (b"", b"hello", b"RIFF" + bytes(100), webm[:40], b"\x1aE\xdf\xa3" + bytes(2000)):
        with pytest.raises(UnheardOf):
            decode(data, "matroska")
    with pytest.raises(UnheardOf):  # only the container that was named may be read
        decode(webm, "wav")
    with pytest.raises(TooLong):
        decode(wav(tone(MAX_S + 1.0)), "wav")


@needs_voice
@needs_espeak
def test_a_spoken_stop_stops_the_robot_and_a_sentence_only_comes_back(wire, tmp_path):
    async def story():
        async with wire.bench(tmp_path, tasks=()) as b:
            robot = await b.greeted()
            info = (await b.http.get(VOICE)).json()
            assert (info["available"], info["reason"], info["max_s"]) == (True, "", MAX_S)

            async def say(text):
                return await b.http.post(
                    VOICE, params={"robot_id": "mini"}, content=spoken(text), timeout=60.0,
                    headers={"Content-Type": "audio/wav"},
                )  # fmt: skip

            heard = (await say("I did not like that")).json()
            words = heard["text"].lower().strip(" .!").split()
            assert len({"i", "did", "not", "like", "that"} & set(words)) >= 4
            assert 0.3 < heard["confidence"] <= 1.0
            assert heard["duration_s"] > 0.8
            assert heard["stop"] is None
            assert (await b.http.get("/api/v1/stops")).json() == []

            asked = asyncio.create_task(say("stop"))
            request = await robot.hear(StopRequest, timeout=60)
            await robot.send(StopConfirm("mini", request.request_id, 3.0))
            heard = (await asked).json()
            assert heard["stop"]["confirmed"]
            assert "stop" in heard["text"].lower()

    asyncio.run(story())


@needs_voice
def test_silence_is_nobody_speaking():
    async def story():
        heard = await Voice().hear(wav(np.zeros(RATE_HZ * 2)), "audio/wav")
        assert (heard.text, heard.confidence, heard.sure) == ("", 0.0, False)

    asyncio.run(story())


@needs_voice
def test_bad_recordings_are_problems(wire, tmp_path):
    async def story():
        async with wire.bench(tmp_path, tasks=()) as b:
            await b.greeted()
            good = wav(tone(0.5))
            for content, kind, status, word in (
                (b"", "audio/webm", 400, "matroska"),
                (b"hello", "audio/webm; codecs=opus", 400, "matroska"),
                (good, "text/plain", 400, "audio/webm"),
                (good, "audio/webm", 400, "matroska"),
                (wav(tone(0.02)), "audio/wav", 400, "hold the button"),
                (wav(tone(MAX_S + 1.0)), "audio/wav", 413, "longer than"),
                (bytes(speech.MAX_BYTES + 1), "audio/wav", 413, ""),
            ):
                response = await b.http.post(
                    VOICE, params={"robot_id": "mini"}, content=content, headers={"Content-Type": kind}
                )
                assert word in problem(response, status), (kind, word)
            problem(await b.http.post(VOICE, content=good, headers={"Content-Type": "audio/wav"}), 400)
            stranger = await b.http.post(
                VOICE, params={"robot_id": "x"}, content=good, headers={"Content-Type": "audio/wav"}
            )
            problem(stranger, 404)

    asyncio.run(story())


def test_without_the_extra_the_page_is_told_what_to_install(wire, tmp_path, monkeypatch):
    found = importlib.util.find_spec

    def without(name, *rest):
        return None if name == "faster_whisper" else found(name, *rest)

    async def story():
        async with wire.bench(tmp_path, tasks=()) as b:
            await b.greeted()
            monkeypatch.setattr(importlib.util, "find_spec", without)
            info = (await b.http.get(VOICE)).json()
            assert not info["available"]
            assert "pip install 'reachy-coach[voice]'" in info["reason"]
            response = await b.http.post(
                VOICE, params={"robot_id": "mini"}, content=b"x", headers={"Content-Type": "audio/webm"}
            )
            assert "pip install 'reachy-coach[voice]'" in problem(response, 501)

    asyncio.run(story())


def test_too_many_recordings_and_one_that_takes_too_long_are_told(wire, tmp_path, monkeypatch):
    monkeypatch.setattr(Voice, "missing", "")
    monkeypatch.setattr(speech, "MAX_WAITING", 0)

    async def story():
        async with wire.bench(tmp_path, tasks=()) as b:
            await b.greeted()
            more = {"params": {"robot_id": "mini"}, "content": b"x", "headers": {"Content-Type": "audio/wav"}}
            busy = await b.http.post(VOICE, **more)
            assert "try again" in problem(busy, 503)
            assert busy.headers["retry-after"] == "2"
            monkeypatch.setattr(speech, "MAX_WAITING", 4)
            monkeypatch.setattr(speech, "PATIENCE_S", 0.05)
            monkeypatch.setattr(Voice, "_understand", lambda *_: __import__("time").sleep(1.0))
            assert "type it instead" in problem(await b.http.post(VOICE, **more), 503)

    asyncio.run(story())
