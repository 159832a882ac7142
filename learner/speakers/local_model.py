"""A language model on this machine as a speaker, by transformers."""

from __future__ import annotations

from typing import Any

from learner.pretrained import where
from shared.errors import ConfigError

MAX_NEW_TOKENS = 400
MAX_SECONDS = 60.0


class LocalModel:
    """A causal language model from a name or a folder.

    Args:
        name: a folder, a .gguf file, gemma-3-270m (of the `gemma` extra), or a name that transformers knows.
        max_new_tokens: of one answer.

    Raises:
        ConfigError: it cannot be loaded.
        MissingExtra: gemma-3-270m is not installed.
    """

    def __init__(self, name: str, *, max_new_tokens: int = MAX_NEW_TOKENS) -> None:
        source = where(name)
        from transformers import AutoModelForCausalLM, AutoTokenizer

        try:
            self._tokenizer: Any = AutoTokenizer.from_pretrained(**source)
            self._model: Any = AutoModelForCausalLM.from_pretrained(**source)
        except (OSError, ValueError, KeyError) as error:
            raise ConfigError(
                f"the language model {name!r:.100} cannot be loaded: {str(error)[:300]}"
            ) from None
        self._model.train(False)
        self._max_new_tokens = max_new_tokens

    def say(self, instructions: str, text: str) -> str:
        """Its greedy answer, cut where its first JSON object ends."""
        import torch

        tokens = self._tokens(instructions, text)
        given = tokens["input_ids"].shape[1]

        def whole(ids: Any, _: Any, **__: Any) -> Any:
            end = _object(self._tokenizer.decode(ids[0, given:], skip_special_tokens=True))[1]
            return torch.full((len(ids),), end > 0)

        with torch.inference_mode():
            out = self._model.generate(
                **tokens,
                max_new_tokens=self._max_new_tokens,
                do_sample=False,
                max_time=MAX_SECONDS,
                stopping_criteria=[whole],
                pad_token_id=self._tokenizer.eos_token_id,
            )
        answer: str = self._tokenizer.decode(out[0, given:], skip_special_tokens=True)
        return first_object(answer)

    def _tokens(self, instructions: str, text: str) -> Any:
        if self._tokenizer.chat_template:
            said = [{"role": "user", "content": f"{instructions}\n\nThe person says: {text}"}]
            return self._tokenizer.apply_chat_template(
                said, add_generation_prompt=True, return_tensors="pt", return_dict=True
            )
        return self._tokenizer(f"{instructions}\n\nThe person says: {text}\nJSON:", return_tensors="pt")


def first_object(text: str) -> str:
    """The first balanced {...} of a text; all of it where there is none. Strings are respected."""
    begin, end = _object(text)
    return text[begin:end] if end else text


def _object(text: str) -> tuple[int, int]:
    """Where the first balanced {...} begins and ends; the end is 0 where there is none."""
    begin = text.find("{")
    depth, quoted, escaped = 0, False, False
    for k, letter in enumerate(text[begin:] if begin >= 0 else ""):
        if quoted:
            quoted = escaped or letter != '"'
            escaped = letter == "\\" and not escaped
        elif letter == '"':
            quoted = True
        elif letter in "{}":
            depth += 1 if letter == "{" else -1
            if depth == 0:
                return begin, begin + k + 1
    return begin, 0
