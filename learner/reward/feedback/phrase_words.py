"""The words with which people name motions and times, in four languages: regular expressions, in lower case.

Only words that leave little doubt: a wrong guess would blame the wrong decision. A plural ends with "s".
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

Part = Literal["", "first", "second", "third", "last", "before_last", "all"]


@dataclass(frozen=True)
class Words:
    """Of one language."""

    tools: Mapping[str, str]
    """Tool -> how people call it."""
    absent: str
    """What follows did not happen, in the same clause: "that was not a nod", "you should have looked"."""
    between: str
    """Begins another clause."""
    parts: Mapping[Part, str]
    """Which of several."""


ENGLISH = Words(
    tools={
        "look": r"look(?:ing|ed)?(?! around| like| as if)|gaze|glance",
        "turn_head": r"head turn|turn of (?:the|your) head",
        "pitch_head": r"head tip|chin",
        "roll_head": r"(?:head )?tilt(?:ing|ed)?",
        "move_head": r"head lift|stretch(?:ing|ed)?|slid(?:e|ing)|shift(?:ing)?|lean(?:s|ing|ed)?",
        "track": r"track(?:ing|ed)?|pursuit",
        "turn_body": r"spin(?:ning)?|body turn|turning of the body",
        "nod": r"nod(?:s|ding|ded)?",
        "shake": r"(?:head ?)?shak(?:e|es|ing)|shook",
        "wobble": r"wobbl(?:e|es|ing|ed)",
        "bob": r"bob(?:s|bing|bed)?|bounc(?:e|es|ing|ed)",
        "sway": r"sway(?:s|ing|ed)?|danc(?:e|es|ing|ed)",
        "wave_antennas": r"wav(?:e|es|ing|ed)",
        "set_antennas": r"antenna pose|antenna move",
        "run_made": r"trick|routine|(?:new|learned|learnt|taught) (?:move|motion)",
        "scan": r"scan(?:s|ning|ned)?|look(?:ing)? around|looked around",
        "take_photo": r"photo(?:graph)?|snapshot",
        "say": r"answer(?:s|ing|ed)?|reply",
        "go_home": r"return to rest|reset|going home",
        "wait": r"paus(?:e|es|ing)|wait(?:ing|ed)?|stillness",
    },
    absent=r"not|no|never|without|instead of|rather than|should have|supposed to|meant to",
    between=r"but|and|though|yet",
    parts={
        "all": (
            r"overall|all in all|the whole (?:thing|time|episode)|all of (?:it|that|them)|(?:every|each) time"
        ),
        "before_last": r"the (?:one|time) before(?: that| last)?|last but one|before the last",
        "first": r"at first|the first|your first|first time|at the (?:start|beginning)|to begin with",
        "second": r"(?:the|your) second|second time",
        "third": r"(?:the|your) third|third time",
        "last": r"at the end|in the end|the last|your last|last time|the final|the ending",
    },
)

SPANISH = Words(
    tools={
        "look": r"miradas?(?! alrededor)|mir(?:ar|aste|ando)(?! alrededor)",
        "turn_head": r"giros? de (?:la )?cabeza|gir(?:ar|aste) la cabeza",
        "pitch_head": r"barbilla",
        "roll_head": r"inclinación|inclinaciones|inclin(?:ar|aste)|lade(?:o|os|ar|aste)",
        "move_head": r"estiramientos?|desplazamientos?",
        "track": r"seguimientos?|seguiste",
        "turn_body": r"giros? del cuerpo|gir(?:ar|aste) el cuerpo",
        "nod": r"asentimientos?|asentir|asentiste|cabeceos?",
        "shake": r"neg(?:ar|aste|ación) con la cabeza|sacud(?:ir|iste|idas?)",
        "wobble": r"tambaleos?|bamboleos?",
        "bob": r"rebotes?|rebot(?:ar|aste)",
        "sway": r"balanceos?|balance(?:ar|aste)|bailes?|bail(?:ar|aste)",
        "wave_antennas": r"saludos?|salud(?:ar|aste)",
        "set_antennas": r"posición de las antenas",
        "run_made": r"trucos?",
        "scan": r"barridos?|mir(?:ada|ar|aste|ando) alrededor",
        "take_photo": r"fotos?|fotografías?",
        "say": r"respuestas?|respondiste|contestaste",
        "go_home": r"vuelta al (?:inicio|reposo)",
        "wait": r"pausas?|la espera|esperaste",
    },
    absent=r"no|sin|nunca|ningún|en vez de|en lugar de|deberías|debías|tenías que",
    between=r"pero|y|aunque|sino",
    parts={
        "all": r"en general|en conjunto|todo el (?:rato|tiempo|episodio)|todas las veces|cada vez",
        "before_last": r"penúltim[oa]|(?:el|la) de antes|la vez anterior",
        "first": r"(?:el|la|tu) primer[oa]?|primera vez|al (?:principio|comienzo)",
        "second": r"(?:el|la|tu) segund[oa]|segunda vez",
        "third": r"(?:el|la|tu) tercer[oa]?|tercera vez",
        "last": r"(?:el|la|tu) últim[oa]|última vez|al final",
    },
)

FRENCH = Words(
    tools={
        "look": r"(?:le|ton|ce) regard|regard(?:é|er)(?! autour)|coups? d'œil",
        "turn_head": r"rotations? de (?:la )?tête|tourn(?:é|er) la tête",
        "pitch_head": r"menton",
        "roll_head": r"inclinaisons?|inclin(?:é|er)",
        "move_head": r"étirements?|déplacements?",
        "track": r"suivi|poursuites?",
        "turn_body": r"rotations? du corps|tourn(?:é|er) le corps",
        "nod": r"hochements?|hoch(?:é|er)(?: de)? la tête|acquiescements?|acquiesc(?:é|er)",
        "shake": r"secou(?:é|er) la tête",
        "wobble": r"dandinements?|dandin(?:é|er)",
        "bob": r"sautillements?|sautill(?:é|er)|rebonds?",
        "sway": r"balancements?|danses?|dans(?:é|er)",
        "wave_antennas": r"salu(?:é|er)",
        "set_antennas": r"position des antennes",
        "run_made": r"numéros?",
        "scan": r"balayages?|regard(?:é|er) autour|tour d'horizon",
        "take_photo": r"photos?",
        "say": r"réponses?|répondu",
        "go_home": r"retour au repos",
        "wait": r"pauses?|l'attente|attendu",
    },
    absent=r"pas|jamais|sans|aucun|aucune|au lieu de?|plutôt que|aurais dû|aurait dû|devais|devait",
    between=r"mais|et|pourtant",
    parts={
        "all": r"dans l'ensemble|tout l'épisode|tout le temps|(?:à )?chaque fois|toutes les fois",
        "before_last": r"avant[- ]derni(?:er|ère)|(?:celui|celle|la fois) d'avant",
        "first": r"(?:le|la|ton|ta) premi(?:er|ère)|première fois|au début",
        "second": r"(?:le|la|ton|ta) (?:deuxième|seconde?)|deuxième fois",
        "third": r"(?:le|la|ton|ta) troisième|troisième fois",
        "last": r"(?:le|la|ton|ta) derni(?:er|ère)|dernière fois|à la fin",
    },
)

GERMAN = Words(
    tools={
        "look": r"blicks?|(?:hin|an)?geschaut|(?:hin|an)schauen|(?:hin|an)?geguckt",
        "turn_head": r"kopfdrehung|kopf gedreht",
        "pitch_head": r"kinn",
        "roll_head": r"neigung|neigen|geneigt",
        "move_head": r"streckung|gestreckt|verschiebung|verschoben",
        "track": r"verfolgung|verfolgt|verfolgen",
        "turn_body": r"körperdrehung|körper gedreht",
        "nod": r"nicken|genickt",
        "shake": r"(?:kopf)?schütteln|geschüttelt",
        "wobble": r"wackeln|gewackelt|wackler",
        "bob": r"hüpfen|gehüpft|wippen|gewippt",
        "sway": r"schaukeln|geschaukelt|schwanken|tanz|tanzen|getanzt",
        "wave_antennas": r"winken|gewinkt|gewunken",
        "set_antennas": r"antennenstellung|antennenhaltung",
        "run_made": r"kunststück|kunststücke",
        "scan": r"rundblick|umgeschaut|umschauen|umgesehen",
        "take_photo": r"fotos?",
        "say": r"antwort|geantwortet",
        "go_home": r"ruhelage",
        "wait": r"pause|warten|gewartet|stillgehalten",
    },
    absent=r"nicht|keine?|keinen|nie|niemals|ohne|statt|anstatt|hättest|hätte|solltest|sollte",
    between=r"aber|und|doch|jedoch|sondern",
    parts={
        "all": r"insgesamt|alles in allem|im großen und ganzen|die ganze zeit|jedes ?mal",
        "before_last": r"vorletzte[nrs]?|(?:der|die|das) davor",
        "first": r"(?:der|die|das|dein|deine) erste|erste[ns]? mal|am anfang|zu beginn|zuerst",
        "second": r"(?:der|die|das|dein|deine) zweite|zweite[ns]? mal",
        "third": r"(?:der|die|das|dein|deine) dritte|dritte[ns]? mal",
        "last": r"(?:der|die|das|dein|deine) letzte|letzte[ns]? mal|am ende|am schluss|zum schluss|zuletzt",
    },
)

LANGUAGES = (ENGLISH, SPANISH, FRENCH, GERMAN)
