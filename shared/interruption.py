"""What is asked of an episode at a given decision, once a person may have changed their mind."""

from __future__ import annotations

from dataclasses import replace

from shared.messages import TaskSpec


def as_of(spec: TaskSpec, decision: int) -> TaskSpec:
    """The task as it stands at a decision, counted from 0.

    Words, and the objects' match with them, are those of the newest change that has come; where none has,
    this is the very same `spec`.
    """
    due = [change for change in spec.changes if change.decision <= decision]
    if not due:
        return spec
    newest = due[-1]
    return replace(
        spec,
        instruction=newest.instruction,
        embedding=newest.embedding,
        tool_match=newest.tool_match,
        objects=tuple(
            replace(thing, match=match) for thing, match in zip(spec.objects, newest.match, strict=True)
        ),
    )
