"""The agent's own virtual environment, and what is installed into it."""

from __future__ import annotations

import hashlib
import json
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path
from urllib.parse import unquote, urlparse

from robot_agent.deploy.layout import SERVICE, Layout
from robot_agent.deploy.steps import Run, Step, WriteFile
from shared import __version__
from shared.errors import ConfigError

EXTRAS = "[robot,buttons]"
HINT = (
    "If PyGObject or pycairo does not build: apt-get install build-essential pkg-config python3-dev "
    "libgirepository1.0-dev libcairo2-dev. If there is no venv: apt-get install python3-venv."
)
SOURCES = (".py", ".toml", ".lock", ".service", ".sysusers", ".rules", ".sh", ".html")
"""Kinds of files of a source tree that make a new installation necessary."""


def own_package() -> str:
    """What pip has to install to get this very program: the folder it was installed from, or its version.

    Raises:
        ConfigError: it was installed from an address that is no local folder or file.
    """
    try:
        origin = distribution(SERVICE).read_text("direct_url.json")
    except PackageNotFoundError:
        origin = None
    if origin is None:
        return f"{SERVICE}{EXTRAS}=={__version__}"
    url = urlparse(json.loads(origin)["url"])
    if url.scheme != "file":
        raise ConfigError(f"this program came from {url.geturl()}; say with --package what pip is to install")
    return unquote(url.path)


def environment(layout: Layout, package: str, interpreter: str) -> tuple[Step, ...]:
    """Make the environment and install a package into it; both only where need be.

    Args:
        layout: where it goes.
        package: a requirement, a wheel, or the folder of a source tree.
        interpreter: the Python that the environment is made from.
    """
    python, stamp = layout.on_disk(layout.python), layout.on_disk(layout.stamp)
    source = Path(package)
    local = source.exists()
    requirement = f"{source.resolve()}{EXTRAS}" if local else package
    lock = source / "requirements.lock"
    constraint = ("--constraint", str(lock)) if lock.exists() else ()
    made_from = f"{requirement}\n{_fingerprint(source) if local else __version__}\n"

    def installed() -> bool:
        return python.exists() and stamp.exists() and stamp.read_text(encoding="utf-8") == made_from

    make = (interpreter, "-m", "venv", str(layout.on_disk(layout.venv)))
    pip = (str(python), "-m", "pip", "install", "--upgrade", *constraint, requirement)
    return (
        Run(make, "make the agent's own environment", python.exists, after_change=False, hint=HINT),
        Run(pip, "install the agent into it", installed, after_change=False, hint=HINT),
        WriteFile(stamp, made_from),
    )


def _fingerprint(source: Path) -> str:
    """Changes when a wheel does, or a file of a source tree that is installed from it."""
    if source.is_file():
        return hashlib.sha256(source.read_bytes()).hexdigest()
    tops = [path for path in sorted(source.iterdir()) if not path.name.startswith(".")]
    found = [path for top in tops for path in ([top] if top.is_file() else sorted(top.rglob("*")))]
    digest = hashlib.sha256()
    for path in found:
        if path.suffix in SOURCES and "node_modules" not in path.parts:
            digest.update(f"{path.relative_to(source)}\n".encode() + path.read_bytes())
    return digest.hexdigest()
