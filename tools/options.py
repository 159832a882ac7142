"""Options that many commands share."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter, validators

AsJson = Annotated[bool, Parameter(name="--json", help="JSON on stdout, and nothing else.", negative="")]
DataDir = Annotated[Path | None, Parameter(help="Where things are kept.")]
Positive = validators.Number(gte=1)
