"""Spanish, held out."""

from __future__ import annotations

from learner.reward.data.corpus.languages.language import Language

LANGUAGE = Language(
    code="es",
    opinions={
        "superb": ("perfecto|¡perfecto!", "excelente trabajo", "me encanta", "exactamente lo que quería"),
        "good": ("muy bien|bien hecho", "buen trabajo", "me gusta", "así me gusta|sigue así"),
        "fine": ("está bien", "no está mal", "pasable"),
        "meh": ("regular|más o menos", "podría ser mejor"),
        "poor": ("mal|muy mal", "no me gusta", "eso no es lo que pedí", "te has equivocado"),
        "awful": ("terrible|horrible", "un desastre", "no lo hagas nunca más"),
        "fast": ("demasiado rápido", "vas muy deprisa"),
        "slow": ("demasiado lento", "qué lento eres"),
        "big": ("demasiado|exageras", "te has pasado"),
        "small": ("demasiado poco", "casi no te has movido"),
        "jerky": ("muy brusco", "te mueves a tirones"),
        "smooth": ("qué suave", "un movimiento muy elegante"),
        "nearly": ("casi|por poco",),
        "yes": ("sí|correcto", "eso es"),
        "no": ("no|que no", "incorrecto"),
        "charming": ("qué mono", "qué simpático"),
        "better": ("mucho mejor",),
        "worse": ("peor que antes",),
    },
    commands=(
        "gira a la izquierda",
        "mira el pato",
        "di que sí con la cabeza",
        "otra vez por favor",
        "saluda",
    ),
    descriptions=(
        "hay una manzana en la mesa",
        "hola robot",
        "me llamo Ana",
        "está lloviendo",
        "¿qué es eso?",
    ),
    stops=("para|¡para ya!", "alto", "detente ahora mismo", "no te muevas", "basta, quieto"),
)
