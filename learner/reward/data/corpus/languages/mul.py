"""A few words each in other scripts, held out (`mul` is ISO 639-2 for several languages)."""

from __future__ import annotations

from learner.reward.data.corpus.languages.language import Language

LANGUAGE = Language(
    code="mul",
    opinions={
        "superb": ("完美", "отлично", "ممتاز", "완벽해요"),
        "good": ("很好", "とても良い", "хорошо", "बहुत अच्छा", "πολύ καλά"),
        "poor": ("不好", "だめです", "плохо", "غير جيد", "κακό"),
        "awful": ("糟透了", "ужасно", "최악이에요"),
        "fast": ("太快了", "速すぎる", "слишком быстро"),
        "slow": ("太慢了", "слишком медленно"),
    },
    commands=("向左转", "посмотри на утку", "うなずいて"),
    descriptions=("你好", "на столе яблоко", "これは何ですか", "मेरा नाम अनीता है"),
    stops=("停", "стоп", "止まれ", "قف"),
)
