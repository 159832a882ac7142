"""Tiny networks and a small task that they can learn: praise is +0.8, blame is -0.8."""

import numpy as np
import pytest
import torch

from learner.reward.data.example import Example
from learner.reward.model import Context
from learner.reward.networks.bases import Base
from learner.reward.networks.tokens import BertTokens, CausalTokens

WORDS = ["good", "great", "nice", "bad", "awful", "poor", "nod", "turn", "left", "stop", "the", "was", "it"]
NOD = Context("nod", "nod", range_deg=20.0, speed_deg_s=130.0, outcome="success")


@pytest.fixture(autouse=True)
def one_thread():
    """Networks this small lose by being spread, most of all when tests share the cores."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


def examples(count=400, seed=0):
    rng = np.random.default_rng(seed)
    made = []
    for number in range(count):
        good = number % 2 == 0
        word = str(rng.choice(WORDS[:3] if good else WORDS[3:6]))
        extra = " ".join(rng.choice(["the", "was", "it"], rng.integers(0, 2)))
        made.append(
            Example(
                f"{extra} {word}",
                0.8 if good else -0.8,
                "robot",
                ("train", "train", "train", "validation", "test")[number // 2 % 5],
                context=NOD if number % 3 else None,
                synthetic=True,
            )
        )
    return made


def write_tokenizer(folder):
    from tokenizers import Tokenizer, models, normalizers, pre_tokenizers

    special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]"]
    letters = [
        *"abcdefghijklmnopqrstuvwxyz",
        *(f"##{c}" for c in "abcdefghijklmnopqrstuvwxyz"),
        "[",
        "]",
        ":",
    ]
    vocabulary = {word: i for i, word in enumerate([*special, *WORDS, *letters])}
    tokenizer = Tokenizer(models.WordPiece(vocabulary, unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.BertNormalizer()
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.add_special_tokens(special)
    tokenizer.save(str(folder / "tokenizer.json"))
    return tokenizer, len(vocabulary)


@pytest.fixture
def tiny_bert_folder(tmp_path):
    """A random BERT of two layers, as transformers keeps it."""
    from transformers import BertConfig, BertModel

    folder = tmp_path / "bert"
    folder.mkdir()
    _, size = write_tokenizer(folder)
    torch.manual_seed(0)
    config = BertConfig(
        vocab_size=size,
        hidden_size=32,
        num_hidden_layers=2,
        num_attention_heads=4,
        intermediate_size=64,
        max_position_embeddings=300,
        initializer_range=0.1,
    )
    BertModel(config, add_pooling_layer=False).save_pretrained(folder)
    return folder


@pytest.fixture
def tiny_bert(tiny_bert_folder):
    from transformers import AutoModel

    encoder = AutoModel.from_pretrained(
        tiny_bert_folder, local_files_only=True, add_pooling_layer=False
    ).eval()
    return Base(encoder, BertTokens(tiny_bert_folder / "tokenizer.json"), 0, causal=False)


def tiny_decoder(family, folder):
    """A random decoder of a Gemma family, loaded back from a folder as a real one would be."""
    from transformers import AutoConfig, AutoModel, PreTrainedTokenizerFast

    folder.mkdir(exist_ok=True)
    tokenizer, size = write_tokenizer(folder)
    torch.manual_seed(0)
    config = AutoConfig.for_model(
        family,
        vocab_size=size,
        hidden_size=32,
        num_hidden_layers=2,
        num_attention_heads=4,
        num_key_value_heads=2,
        head_dim=8,
        intermediate_size=64,
        pad_token_id=0,
        bos_token_id=2,
        eos_token_id=3,
        initializer_range=0.1,
    )
    AutoModel.from_config(config).save_pretrained(folder)
    fast = PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, pad_token="[PAD]", unk_token="[UNK]", bos_token="[CLS]", eos_token="[SEP]"
    )
    fast.save_pretrained(folder)
    return folder


@pytest.fixture(params=["gemma", "gemma2", "gemma3_text"])
def decoder_folder(request, tmp_path):
    return tiny_decoder(request.param, tmp_path / request.param)


@pytest.fixture
def causal_tokens(tmp_path):
    from transformers import AutoTokenizer

    folder = tiny_decoder("gemma", tmp_path / "tokens")
    return CausalTokens(AutoTokenizer.from_pretrained(folder))
