"""`reachy-coach tools`: make tools from words, look at them, play them in simulation, go back."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Annotated, Any, Literal

from cyclopts import App, Parameter

from shared.errors import ConfigError
from tools.options import AsJson, DataDir
from tools.speakers import WHO, Kind, Model, Timeout, Url, speaker

app = App(
    name="tools", help="Motions made from words: tried in simulation, versioned, repaired, put together."
)

Name = Annotated[str, Parameter(help="Name of a made tool; `list` shows them.")]
Number = Annotated[
    int | None, Parameter(help="Version; the one that counts unless given.", show_default=False)
]
File = Annotated[Path, Parameter(help="A motion program as JSON; `show --json` prints one.")]


@app.command
def write(
    request: Annotated[str, Parameter(help="The motion, or the change, in a sentence.")],
    *,
    writer: Annotated[
        Kind, Parameter(help=f"{WHO} A model is asked where the grammar knows no such motion.")
    ] = "grammar",
    url: Url = None,
    model: Model = None,
    timeout_s: Timeout = 30.0,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> int:
    """Make a tool from words: "draw a circle with your nose", "nod twice, then look up", "slower".

    A change such as "slower" is about the tool made last. Exit code 1: refused or not understood.
    """
    from learner.tooling import proposing
    from learner.tooling import writer as by_grammar
    from learner.tooling.writer import Made, Refused

    store = open_store(data_dir)
    newest = store.newest()
    last, library = newest.program if newest else None, store.library()
    chosen = speaker("--writer", writer, url, model, timeout_s)
    if chosen:
        answer = proposing.write(request, last, library, speaker=chosen)
    else:
        answer = by_grammar.write(request, last, library)
    if not isinstance(answer, Made):
        kind = "refused" if isinstance(answer, Refused) else "unclear"
        _tell({"outcome": kind, "reason": answer.reason}, as_json, [f"{kind}: {answer.reason}"])
        return 1
    parent = newest.number if newest and newest.name == answer.program.name else 0
    version = store.add(answer.program, request, answer.report, parent)
    return _tell({"outcome": "made", **_row(version)}, as_json, [_line(version)])


@app.command(name="list")
def list_(*, data_dir: DataDir = None, as_json: AsJson = False) -> int:
    """Every made tool, with the version that counts, and its place if robots get it."""
    from learner.tooling.places import delivered, first_place

    store = open_store(data_dir)
    found = [v for name in store.names() for v in store.versions(name) if v.current]
    given = {one.name: (place, one.version) for place, one in enumerate(delivered(store), first_place())}
    lines, rows = [], []
    for v in found:
        place, version = given.get(v.name, (None, None))
        old = "" if version == v.number else f", still version {version}"
        lines.append(_line(v) + ("" if place is None else f" (place {place}{old})"))
        rows.append({**_row(v), "place": place})
    return _tell(
        {"tools": rows},
        as_json,
        lines or ['no made tools yet; try: reachy-coach tools write "nod twice"'],
    )


@app.command
def show(name: Name, *, number: Number = None, data_dir: DataDir = None, as_json: AsJson = False) -> int:
    """A tool's versions with their figures, and one version's program."""
    from shared.programs import to_data

    store = open_store(data_dir)
    versions = store.versions(name)
    shown = (
        store.version(name, number)
        if number is not None
        else next((v for v in versions if v.current), versions[-1])
    )
    program = to_data(shown.program)
    lines = [*map(_line, versions), json.dumps(program, indent=1)]
    return _tell({"versions": [_row(v) for v in versions], "program": program}, as_json, lines)


@app.command
def diff(name: Name, one: int, other: int, *, data_dir: DataDir = None) -> int:
    """What changed between two versions of a tool."""
    text = open_store(data_dir).diff(name, one, other)
    return _tell({}, False, [text or "no difference"])


@app.command
def play(
    name: Name,
    *,
    number: Number = None,
    arg: Annotated[
        list[str] | None, Parameter(help="A parameter, as in --arg tempo=1.2; may be repeated.")
    ] = None,
    gif: Annotated[Path | None, Parameter(help="Write a moving picture of it.")] = None,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> int:
    """Play a tool in simulation, behind the guard's limiter, and tell what was measured."""
    from learner.tooling.simulate import perform
    from learner.tooling.validation import measure, starts

    store = open_store(data_dir)
    version = store.version(name, number) if number is not None else store.current(name)
    run = perform(version.program, [(_arguments(arg), starts()[0])], store.library())[0]
    if gif is not None:
        from learner.tooling.picture import write_gif

        write_gif(gif, run.joints)
    figures = {key: round(value, 4) for key, value in measure(run).items()}
    return _tell(figures, as_json, [f"{key}: {value:g}" for key, value in figures.items()])


@app.command
def validate(file: File, *, add: bool = False, data_dir: DataDir = None, as_json: AsJson = False) -> int:
    """Try a program in simulation. Exit code 1: it did not pass, with the reason.

    Args:
        file: a motion program as JSON.
        add: keep it as a new version.
        data_dir: where things are kept.
        as_json: one JSON object on stdout.
    """
    from learner.tooling.validation import validate as try_out
    from shared.program_reading import parse

    store = open_store(data_dir)
    program = parse(_read(file))
    report = try_out(program, store.library())
    if add:
        store.add(program, f"from {file.name}", report)
    text = "passed" if report.passed else f"did not pass: {report.reason}"
    _tell(
        {"passed": report.passed, "reason": report.reason, "figures": dict(report.figures)}, as_json, [text]
    )
    return 0 if report.passed else 1


@app.command
def repair(
    file: File,
    *,
    out: Annotated[
        Path | None, Parameter(help="Where to write the program that passes.", show_default=False)
    ] = None,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> int:
    """Find the smallest edit that makes a failing program pass. Exit code 1: none was found."""
    from learner.tooling.repairing import Repaired
    from learner.tooling.repairing import repair as mend
    from shared.program_reading import load_json
    from shared.programs import MAX_BYTES, to_data

    raw = _read(file)
    if len(raw) > MAX_BYTES:
        raise ConfigError(f"{file} has {len(raw)} bytes; a program has at most {MAX_BYTES}")
    found = mend(load_json(raw), open_store(data_dir).library())
    if not isinstance(found, Repaired):
        _tell({"repaired": False, "reason": found}, as_json, [found])
        return 1
    if out is not None:
        out.write_text(json.dumps(to_data(found.program), indent=1) + "\n", encoding="utf-8")
    body = {"repaired": True, "edits": found.edits, "program": to_data(found.program)}
    return _tell(
        body, as_json, [*(f"- {edit}" for edit in found.edits), json.dumps(body["program"], indent=1)]
    )


@app.command
def compose(
    name: str,
    parts: Annotated[list[str], Parameter(help="Made tools, in order.")],
    *,
    at_once: Annotated[bool, Parameter(help="All together rather than in sequence.", negative="")] = False,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> int:
    """Put made tools together to a new one called NAME."""
    from learner.tooling.composing import compose as put_together
    from learner.tooling.validation import validate as try_out

    store = open_store(data_dir)
    library = store.library()
    program = put_together(name, [store.current(part).program for part in parts], library, at_once=at_once)
    report = try_out(program, library)
    if not report.passed:
        _tell({"outcome": "refused", "reason": report.reason}, as_json, [f"did not pass: {report.reason}"])
        return 1
    version = store.add(program, f"{' with ' if at_once else ', then '}".join(parts), report, library=library)
    return _tell({"outcome": "made", **_row(version)}, as_json, [_line(version)])


@app.command
def deliver(name: Name, *, data_dir: DataDir = None, as_json: AsJson = False) -> int:
    """Have robots get a tool's current version, and policies choose it: `run_made` at a place of its own.

    A version made later takes the place when it is delivered, not before.

    The learner, and training, take it up when they begin next: `reachy-coach train --tasks perform` trains a
    policy to perform it when it is asked for in its words. It travels in the bundles of the policies.
    """
    from learner.tooling.places import deliver as to_robots

    store = open_store(data_dir)
    place = to_robots(store, name)
    words = store.current(name).program.description
    return _tell(
        {"name": name, "place": place, "words": words},
        as_json,
        [f'{name} is at place {place}: "{words}"; learner and training take it up when they begin next'],
    )


@app.command
def recall(name: Name, *, data_dir: DataDir = None, as_json: AsJson = False) -> int:
    """Deliver a tool to robots no longer; policies that are there keep what their bundles brought."""
    from learner.tooling.places import delivered
    from learner.tooling.places import recall as from_robots

    store = open_store(data_dir)
    from_robots(store, name)
    left = [one.name for one in delivered(store)]
    return _tell({"name": name, "delivered": left}, as_json, [f"delivered now: {', '.join(left) or 'none'}"])


@app.command
def rollback(name: Name, *, to: Number = None, data_dir: DataDir = None, as_json: AsJson = False) -> int:
    """Let an older version of a tool count again; the newest before the present one unless told otherwise."""
    version = open_store(data_dir).rollback(name, to)
    return _tell(_row(version), as_json, [_line(version)])


@app.command
def note(
    name: Name,
    verdict: Literal["good", "bad"],
    *,
    number: Number = None,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> int:
    """Remember how a version was found in use; it is rolled back when it is clearly worse than its parent."""
    store = open_store(data_dir)
    number = number if number is not None else store.current(name).number
    back = store.note(name, number, verdict == "good")
    lines = [_line(store.version(name, number))]
    lines += [f"clearly worse than its parent: version {back.number} counts again"] if back else []
    return _tell(
        {**_row(store.version(name, number)), "rolled_back_to": back.number if back else None}, as_json, lines
    )


@app.command
def evaluate(
    *,
    split: Annotated[
        Literal["development", "held_out"] | None, Parameter(help="One part of the corpus; all unless given.")
    ] = None,
    repairs: Annotated[int, Parameter(help="Seeded faults to repair.")] = 100,
) -> int:
    """The tool maker's figures as JSON: requests by the motion checker, repairs, nothing unsafe let out."""
    from learner.tooling.evaluate import evaluate as measure

    result = measure(lambda line: print(line, file=sys.stderr), split, repairs)
    return _tell(result, True, [])


def open_store(data_dir: Path | None) -> Any:
    """The made tools of this machine (a `learner.tooling.store.ToolStore`)."""
    from learner.config import load_learner_config
    from learner.tooling.store import ToolStore
    from shared.signing import ensure_signing_key

    config = load_learner_config(None, {"data_dir": data_dir})
    return ToolStore(config.tools_dir, ensure_signing_key(config.signing_key_path))


def _row(version: Any) -> dict[str, Any]:
    return {
        "name": version.name,
        "version": version.number,
        "parent": version.parent,
        "current": version.current,
        "request": version.request,
        "passed": version.report.passed,
        "reason": version.report.reason,
        "figures": dict(version.report.figures),
        "good": version.good,
        "bad": version.bad,
        "digest": version.program.digest,
    }


def _line(version: Any) -> str:
    mark = "*" if version.current else " "
    outcome = f"{version.report.figures['seconds']:.1f} s" if version.report.passed else "did not pass"
    uses = f"good {version.good}, bad {version.bad}"
    return f"{mark} {version.name} {version.number}: {outcome}, {uses}: {version.request}"


def _arguments(given: list[str] | None) -> dict[str, float]:
    found = {}
    for one in given or []:
        name, _, value = one.partition("=")
        try:
            found[name] = float(value)
        except ValueError:
            raise ConfigError(f"--arg {one!r}: expected name=number, as in tempo=1.2") from None
    return found


def _read(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError as error:
        raise ConfigError(f"{file} cannot be read: {error.strerror}") from None


def _tell(result: dict[str, Any], as_json: bool, lines: list[str]) -> int:
    if as_json:
        sys.stdout.write(json.dumps(result, indent=2, ensure_ascii=False) + "\n")
    else:
        sys.stdout.write("".join(f"{line}\n" for line in lines))
    return 0
