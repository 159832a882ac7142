"""German, held out."""

from __future__ import annotations

from learner.reward.data.corpus.languages.language import Language

LANGUAGE = Language(
    code="de",
    opinions={
        "superb": (
            "perfekt|einfach perfekt",
            "ausgezeichnete Arbeit",
            "ich liebe es",
            "genau das wollte ich",
        ),
        "good": ("sehr gut|gut gemacht", "gute Arbeit", "das gefällt mir", "weiter so"),
        "fine": ("ist in Ordnung", "nicht schlecht", "geht so gerade"),
        "meh": ("na ja|so lala", "könnte besser sein"),
        "poor": (
            "schlecht|das war schlecht",
            "das gefällt mir nicht",
            "das wollte ich nicht",
            "du hast dich geirrt",
        ),
        "awful": ("furchtbar|schrecklich", "eine Katastrophe", "mach das nie wieder"),
        "fast": ("zu schnell|viel zu schnell", "du bewegst dich zu schnell"),
        "slow": ("zu langsam|viel zu langsam", "bist du lahm"),
        "big": ("das ist zu viel|zu weit", "du übertreibst"),
        "small": ("zu wenig|zu klein", "du hast dich kaum bewegt"),
        "jerky": ("ganz schön ruckelig", "du zuckst ja"),
        "smooth": ("schön sanft", "eine sehr elegante Bewegung"),
        "nearly": ("fast|knapp daneben",),
        "yes": ("ja|richtig", "stimmt genau"),
        "no": ("nein|nein, nein", "falsch"),
        "charming": ("wie süß", "du bist ja niedlich"),
        "better": ("viel besser",),
        "worse": ("schlechter als vorhin",),
    },
    commands=("dreh dich nach links", "schau die Ente an", "nick mal", "noch einmal bitte", "sag hallo"),
    descriptions=(
        "auf dem Tisch liegt ein Apfel",
        "hallo Roboter",
        "ich heiße Anna",
        "es regnet",
        "was ist das?",
    ),
    stops=("stopp|halt", "sofort anhalten", "nicht bewegen", "aufhören, sofort", "Not-Halt"),
)
