"""The words of the corpus, one file a language. To add one: write its file and name it in `LANGUAGES`.

English (`en`) is trained on. The others are small and held out whole: they show whether a model keeps its
bearings, not how well it knows the language.
"""

from __future__ import annotations

from learner.reward.data.corpus.languages import de, en, es, fr, mul
from learner.reward.data.corpus.languages.language import Language

LANGUAGES: dict[str, Language] = {
    language.code: language for language in (en.LANGUAGE, es.LANGUAGE, fr.LANGUAGE, de.LANGUAGE, mul.LANGUAGE)
}
