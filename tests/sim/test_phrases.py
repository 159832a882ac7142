"""The shipped table of embeddings is what the text model says."""

import numpy as np
import pytest

from sim import phrases


def test_table_is_the_models():
    pytest.importorskip("torch")
    from learner.text import TextEncoder

    texts = phrases.all_texts()[::17]
    np.testing.assert_allclose(
        TextEncoder().encode(texts), [phrases.embedding(text) for text in texts], atol=2e-4
    )
