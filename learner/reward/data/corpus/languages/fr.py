"""French, held out."""

from __future__ import annotations

from learner.reward.data.corpus.languages.language import Language

LANGUAGE = Language(
    code="fr",
    opinions={
        "superb": ("parfait|c'est parfait", "excellent travail", "j'adore", "exactement ce que je voulais"),
        "good": ("très bien|bien joué", "bon travail", "ça me plaît", "continue comme ça"),
        "fine": ("ça va", "pas mal", "acceptable"),
        "meh": ("bof|mouais", "peut mieux faire"),
        "poor": (
            "mauvais|c'est mauvais",
            "je n'aime pas ça",
            "ce n'est pas ce que j'ai demandé",
            "tu t'es trompé",
        ),
        "awful": ("affreux|horrible", "une catastrophe", "ne refais jamais ça"),
        "fast": ("trop vite|trop rapide", "tu vas trop vite"),
        "slow": ("trop lent", "que tu es lent"),
        "big": ("c'est trop|trop grand", "tu exagères"),
        "small": ("trop peu|trop petit", "tu as à peine bougé"),
        "jerky": ("très saccadé", "tu bouges par à-coups"),
        "smooth": ("tout en douceur", "un mouvement très élégant"),
        "nearly": ("presque|pas loin",),
        "yes": ("oui|correct", "c'est ça"),
        "no": ("non|mais non", "incorrect, ce n'est pas ça"),
        "charming": ("trop mignon", "comme il est gentil"),
        "better": ("beaucoup mieux",),
        "worse": ("pire qu'avant",),
    },
    commands=(
        "tourne à gauche",
        "regarde le canard",
        "hoche la tête",
        "encore une fois s'il te plaît",
        "dis bonjour",
    ),
    descriptions=(
        "il y a une pomme sur la table",
        "bonjour robot",
        "je m'appelle Anne",
        "il pleut dehors",
        "qu'est-ce que c'est ?",
    ),
    stops=("arrête|arrête-toi", "halte", "stoppe tout de suite", "ne bouge plus", "ça suffit, arrête"),
)
