"""Is it alive, is it ready, and its figures for Prometheus."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import prometheus_client
from litestar import Controller, Response, get
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.registry import Collector

from learner.api.problems import problem
from learner.service import Service
from learner.store import queries


class HealthController(Controller):
    """Health and figures."""

    tags = ("health",)

    @get("/livez")
    async def livez(self) -> dict[str, str]:
        """The process answers."""
        return {"status": "alive"}

    @get("/readyz")
    async def readyz(self, service: Service) -> Response[dict[str, Any]]:
        """The store answers and records are being committed; 503 otherwise, with the reason."""
        problems = []
        try:
            await service.store.read(queries.latest_feedback_id)
        except Exception as error:
            problems.append(f"the store cannot be read: {error}")
        if not service.ingest.healthy:
            problems.append("the last commit of records failed; see the log")
        if problems:
            return problem(503, "; ".join(problems))
        return Response({"status": "ready"})

    @get("/metrics", media_type="text/plain")
    async def metrics(self, service: Service) -> Response[bytes]:
        """Prometheus exposition format."""
        summary = await service.summary()
        registry = prometheus_client.CollectorRegistry()
        registry.register(_Figures(service, summary))
        body = prometheus_client.generate_latest(registry) + prometheus_client.generate_latest()
        return Response(body, headers={"Content-Type": prometheus_client.CONTENT_TYPE_LATEST})


class _Figures(Collector):
    def __init__(self, service: Service, summary: dict[str, Any]) -> None:
        self._service = service
        self._summary = summary

    def describe(self) -> Iterable[Metric]:
        return []

    def collect(self) -> Iterable[Metric]:
        c, s = self._service.counters, self._summary
        for name, text, value in (
            ("transitions", "records committed", c.transitions),
            ("duplicates", "records received again", c.duplicates),
            ("refused_frames", "frames that could not be used", c.refused_frames),
            ("refused_keys", "connections with a key that is not allowed", c.refused_keys),
            ("refused_hellos", "robots of another layout", c.refused_hellos),
            ("unsent", "messages dropped because their robot was away", c.unsent),
            ("policy_bytes", "bytes of policy bundles served", c.policy_bytes),
            ("pictures", "live pictures drawn", c.pictures),
        ):
            yield CounterMetricFamily(f"reachy_coach_{name}", text, value=value)
        for name, text, label, counts in (
            ("feedback", "feedback received", "kind", c.feedback),
            ("stops", "stop requests", "answer", c.stops),
            ("anomalies", "what robots flagged for review", "kind", c.anomalies),
            ("teleop_targets", "targets from people who move a robot", "fate", c.teleop),
        ):
            family = CounterMetricFamily(f"reachy_coach_{name}", text, labels=[label])
            for key, value in counts.items():
                family.add_metric([key], value)
            yield family
        yield from self._reward()
        yield _gauge("episodes", "episodes of robots", s["episodes"])
        yield _gauge("policy_published", "newest published policy version", s["policy"]["published"] or 0)
        yield _gauge("taste_version", "newest taste model", s["taste"]["version"] or 0)
        for name in ("lag_p50_ms", "lag_p95_ms"):
            if s["link"][name] is not None:
                yield _gauge(f"link_{name}", "from a record's making to its arrival [ms]", s["link"][name])
        yield _gauge("robots_connected", "robots connected", sum(r["connected"] for r in s["robots"]))
        for name in ("lost", "spooled", "violations_applied", "limited_ticks", "policy_version"):
            gauge = GaugeMetricFamily(
                f"reachy_coach_robot_{name}", f"robot's own {name}", labels=["robot_id"]
            )
            for robot in s["robots"]:
                gauge.add_metric([robot["robot_id"]], robot[name])
            yield gauge
        success = GaugeMetricFamily("reachy_coach_success_rate", "of recent robot episodes", labels=["task"])
        for task, row in s["tasks"].items():
            if row["success_rate"] is not None:
                success.add_metric([task], row["success_rate"])
        yield success
        trainer = GaugeMetricFamily("reachy_coach_trainer", "the trainer's newest figures", labels=["name"])
        for name, row in s["metrics"].items():
            trainer.add_metric([name], row["value"])
        yield trainer

    def _reward(self) -> Iterable[Metric]:
        reward = self._service.reward
        f = reward.tally
        for name, text, value in (
            ("requests", "requests to the reward model", f.requests),
            ("remarks", "remarks that were judged", f.remarks),
            ("cached", "remarks answered from the cache", f.cached),
            ("batches", "calls of a reward model", f.batches),
            ("refused", "requests refused because too much was waiting", f.refused),
            ("failures", "calls of a reward model that failed", f.failures),
            ("degraded", "remarks that the fallback answered for a model that failed", f.degraded),
        ):
            yield CounterMetricFamily(f"reachy_coach_reward_{name}", text, value=value)
        kinds = CounterMetricFamily("reachy_coach_reward_judged", "judged remarks", labels=["kind"])
        for kind, count in f.by_kind.items():
            kinds.add_metric([kind], count)
        yield kinds
        yield HistogramMetricFamily(
            "reachy_coach_reward_latency_seconds",
            "from a request to its answer",
            buckets=f.latency.cumulative(),
            sum_value=f.latency.total_s,
        )
        yield _gauge("reward_waiting", "remarks that wait for the reward model", reward.waiting)
        models = GaugeMetricFamily("reachy_coach_reward_model", "1: in use", labels=["name", "state"])
        for model in reward.models():
            models.add_metric([model.name, model.state], float(model.state == "active"))
        yield models


def _gauge(name: str, text: str, value: float) -> GaugeMetricFamily:
    return GaugeMetricFamily(f"reachy_coach_{name}", text, value=value)
