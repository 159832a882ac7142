"""Serves a reward model to everything in the learner that asks: one queue, one thread, many askers.

Whoever waits while the thread is busy is answered with the next batch. Until the wanted model is warm, and
whenever it fails, the fallback answers; a judgement's `version` says who did.
"""

from __future__ import annotations

import asyncio
import time
import traceback
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import structlog

from learner.reward.encoding import clean, describe
from learner.reward.model import Judgement, Remark, RewardModel
from learner.reward.serving.checking import PROBES, ModelRefused, checked
from learner.reward.serving.tally import Tally
from learner.reward.serving.worker import Worker
from shared.errors import CoachError

FALLBACK = "lexicon"
BATCH = 64
"""Rows a call of the model."""
GATHER_S = 0.002
"""How long a row waits for company while the thread is idle."""
WAITING = 4096
"""Rows that may wait; more are refused."""
CACHED = 8192
"""Judgements that are kept, the longest unused go first."""
HANG_S = 20.0
"""A call that takes longer is given up."""
LOAD_S = 600.0
"""The same for loading a model; the first use of the default one merges and quantises it."""
STRIKES = 3
"""Failed calls in a row after which a model is put out of use."""

Key = tuple[str, str, int | None]
"""Words, context in words, rating: all that a judgement depends on."""
Batch = dict[Key, tuple[Remark, "asyncio.Future[Judgement]"]]

log = structlog.get_logger("reward")


class Busy(CoachError):
    """Too much is waiting for the reward model."""

    retry_after_s = 1


class UnknownModel(CoachError):
    """No model of that name or version."""


class Unavailable(CoachError):
    """Neither the model nor its fallback gave an answer."""


@dataclass(frozen=True)
class ModelState:
    """A model that can be put into use, and how it stands."""

    name: str
    version: str | None
    """Known once it has been loaded."""
    state: str
    """`active`, `loading`, `failed` or `available`."""
    reason: str
    """Why it failed."""
    fallback: bool
    """It answers whenever the active one cannot."""


@dataclass(frozen=True)
class _Loaded:
    name: str
    model: RewardModel
    version: str


class RewardService:
    """Judges remarks. `run` must be running for anything to be answered."""

    def __init__(
        self,
        open_model: Callable[[str], RewardModel],
        names: Callable[[], Sequence[str]],
        wanted: str,
    ) -> None:
        """`open_model`: slow, runs in a thread. `names`: all that may be opened. `wanted`: the first."""
        self._open = open_model
        self._names = names
        self._wanted = wanted
        self._worker, self._loader = Worker("reward"), Worker("reward-loader")
        self._waiting: Batch = {}
        self._arrived = asyncio.Event()
        self._cache: OrderedDict[tuple[str, Key], Judgement] = OrderedDict()
        self._swapping = asyncio.Lock()
        self._fallback: _Loaded | None = None
        self._active: _Loaded | None = None
        self._strikes = 0
        self._loading: str | None = None
        self._reasons: dict[str, str] = {}
        self._versions: dict[str, str] = {}
        self.tally = Tally()

    @property
    def version(self) -> str | None:
        """Of the model in use; None before the first answer."""
        in_use = self._active or self._fallback
        return in_use.version if in_use is not None else None

    @property
    def waiting(self) -> int:
        """Rows that wait."""
        return len(self._waiting)

    def models(self) -> list[ModelState]:
        """All that can be put into use."""
        active = self._active.name if self._active is not None else FALLBACK
        names = dict.fromkeys((*self._names(), *self._reasons))
        return [
            ModelState(
                name=name,
                version=self._versions.get(name),
                state=(
                    "active" if name == active
                    else "loading" if name == self._loading
                    else "failed" if name in self._reasons
                    else "available"
                ),
                reason=self._reasons.get(name, ""),
                fallback=name == FALLBACK,
            )
            for name in names
        ]  # fmt: skip

    async def judge(self, remarks: Sequence[Remark]) -> list[Judgement]:
        """One judgement a remark, in order.

        Raises:
            ValueError: a remark that cannot be put into words; names the field.
            Busy: too much is waiting; ask again later.
            Unavailable: nothing answered.
        """
        started = time.perf_counter()
        self.tally.requests += 1
        keys = [_key(remark) for remark in remarks]
        found: dict[Key, Judgement] = {}
        new: dict[Key, Remark] = {}
        for key, remark in zip(keys, remarks, strict=True):
            judgement = self._cached(key)
            if judgement is not None:
                found[key] = judgement
                self.tally.cached += 1
            elif key not in self._waiting:
                new[key] = remark
        if new and len(self._waiting) + len(new) > WAITING:
            self.tally.refused += 1
            raise Busy(
                f"{len(self._waiting)} remarks wait for the reward model, and {WAITING} may; ask again later"
            )
        loop = asyncio.get_running_loop()
        self._waiting |= {key: (remark, loop.create_future()) for key, remark in new.items()}
        futures = {key: self._waiting[key][1] for key in keys if key not in found}
        if futures:
            self._arrived.set()
            await asyncio.wait(futures.values())  # shared with others: cancelling one asker cancels none
            found |= {key: future.result() for key, future in futures.items()}
        answers = [found[key] for key in keys]
        self._count(answers, time.perf_counter() - started)
        return answers

    async def run(self) -> None:
        """Answer for ever; the wanted model is loaded meanwhile."""
        warming = asyncio.create_task(self._warm())
        try:
            while True:
                await self._arrived.wait()
                if len(self._waiting) < BATCH:
                    await asyncio.sleep(GATHER_S)
                batch = dict(list(self._waiting.items())[:BATCH])
                for key in batch:
                    del self._waiting[key]
                if not self._waiting:
                    self._arrived.clear()
                await self._answer(batch)
        finally:
            warming.cancel()
            self._worker.end()
            self._loader.end()
            _give_up(self._waiting, Unavailable("the learner is ending"))

    async def activate(self, wanted: str) -> ModelState:
        """Put another model into use, by name or version; the old one answers until the new one is ready.

        Raises:
            UnknownModel: there is none.
            ModelRefused: it cannot be loaded, or gives answers that are none; the old one stays.
        """
        by_version = {version: name for name, version in self._versions.items()}
        name = by_version.get(wanted, wanted)
        if name not in self._names():
            raise UnknownModel(f"no reward model {wanted!r}; there are: {', '.join(self._names())}")
        async with self._swapping:
            self._loading = name
            try:
                loaded = await self._loader.run(lambda: self._load(name), LOAD_S)
            except Exception as error:
                self._reasons[name] = _told(error)
                log.error("a reward model was refused; the old one stays", model=name, reason=_told(error))
                raise ModelRefused(f"{name} was not put into use: {_told(error)}") from error
            finally:
                self._loading = None
            self._use(loaded)
            log.info("reward model in use", model=name, version=loaded.version)
        return next(state for state in self.models() if state.name == name)

    async def _warm(self) -> None:
        try:
            await self.activate(self._wanted)
        except CoachError as error:
            log.error("going on with the fallback", fallback=FALLBACK, reason=str(error))
            self._reasons[self._wanted] = str(error)

    def _load(self, name: str) -> _Loaded:
        """In the loader's thread."""
        model = self._open(name)
        checked(model, PROBES)
        return _Loaded(name, model, model.version)

    def _use(self, loaded: _Loaded) -> None:
        self._active, self._strikes = loaded, 0
        self._versions[loaded.name] = loaded.version
        self._reasons.pop(loaded.name, None)
        if loaded.name == FALLBACK:
            self._fallback = loaded

    async def _answer(self, batch: Batch) -> None:
        remarks = [remark for remark, _ in batch.values()]
        try:
            judgements = await self._judged(remarks)
        except BaseException as error:
            _give_up(batch, Unavailable(f"no reward model answers: {_told(error)}"))
            if not isinstance(error, Exception):
                raise
            log.error("the fallback failed as well", reason=_told(error))
            return
        for (key, (_, future)), judgement in zip(batch.items(), judgements, strict=True):
            future.set_result(judgement)
            self._cache[judgement.version, key] = judgement
        while len(self._cache) > CACHED:
            self._cache.popitem(last=False)

    async def _judged(self, remarks: list[Remark]) -> list[Judgement]:
        active = self._active
        if active is not None:
            try:
                self.tally.batches += 1
                judgements = await self._worker.run(lambda: checked(active.model, remarks), HANG_S)
            except Exception as error:
                self._failed(active, error, len(remarks))
            else:
                self._strikes = 0
                return judgements
        self.tally.batches += 1
        return await self._worker.run(lambda: self._fall_back(remarks), HANG_S)

    def _failed(self, active: _Loaded, error: Exception, rows: int) -> None:
        """The model in use failed. One that hangs is put out of use at once: each call would cost HANG_S."""
        self.tally.failures += 1
        self.tally.degraded += rows
        self._strikes += 1
        where = "".join(traceback.format_exception(error, limit=-4))
        log.error("the reward model failed; the fallback answers", version=active.version, where=where)
        out = self._strikes >= STRIKES or isinstance(error, TimeoutError)
        if self._active is active and active.name != FALLBACK and out:
            log.error("the reward model is put out of use", version=active.version)
            self._reasons[active.name] = f"put out of use: {_told(error)}"
            self._active = self._fallback
            self._strikes = 0

    def _fall_back(self, remarks: list[Remark]) -> list[Judgement]:
        """In the worker's thread."""
        if self._fallback is None:
            self._fallback = self._load(FALLBACK)
            self._versions[FALLBACK] = self._fallback.version
        return checked(self._fallback.model, remarks)

    def _cached(self, key: Key) -> Judgement | None:
        entry = self._active or self._fallback
        if entry is None or (entry.version, key) not in self._cache:
            return None
        self._cache.move_to_end((entry.version, key))
        return self._cache[entry.version, key]

    def _count(self, answers: list[Judgement], took_s: float) -> None:
        tally = self.tally
        tally.remarks += len(answers)
        tally.latency.add(took_s)
        for answer in answers:
            for kind in (answer.kind, "abstained") if answer.abstained else (answer.kind,):
                tally.by_kind[kind] = tally.by_kind.get(kind, 0) + 1


def _give_up(batch: Batch, error: Unavailable) -> None:
    for _, future in batch.values():
        future.set_exception(error)
        future.exception()  # an asker that has gone away is no defect


def _key(remark: Remark) -> Key:
    return clean(remark.text), describe(remark.context), remark.rating


def _told(error: BaseException) -> str:
    if isinstance(error, TimeoutError) and not str(error):
        return "it took too long"
    return f"{type(error).__name__}: {error}" if not isinstance(error, CoachError) else str(error)
