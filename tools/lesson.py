"""`reachy-coach lesson`: what one person's words, or one demonstration, teach; measured as it is learnt."""

from __future__ import annotations

from cyclopts import App

from tools.lesson_tempo import tempo
from tools.lesson_track import track

app = App(name="lesson", help="What words or a demonstration teach, attempt by attempt.")
app.command(tempo)
app.command(track)
