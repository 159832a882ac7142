import numpy as np

from learner.text import TextEncoder, write_table
from sim import phrases


def test_unit_vectors_that_do_not_depend_on_the_batch():
    encoder = TextEncoder()
    alone = encoder.encode(["nod"])
    together = encoder.encode(["nod", "please look at the rubber duck on the far left of the table"])
    np.testing.assert_allclose(alone[0], together[0], atol=1e-5)
    np.testing.assert_allclose(np.linalg.norm(together, axis=1), 1.0, atol=1e-5)
    assert encoder.encode([]).shape == (0, 384)


def test_likeness_of_meaning():
    yes, agree, apple = TextEncoder().encode(["say yes", "agree", "an apple on the table"])
    assert yes @ agree > yes @ apple + 0.1


def test_known_texts_keep_their_vectors(tmp_path):
    kept = np.full(384, 0.5, np.float32)
    assert write_table(tmp_path / "table.npz", ["nod", "shake"], known={"nod": kept, "gone": kept}) == 2
    with np.load(tmp_path / "table.npz") as table:
        assert table["texts"].tolist() == ["nod", "shake"]
        np.testing.assert_array_equal(table["embeddings"][0], kept)
        np.testing.assert_allclose(table["embeddings"][1], TextEncoder().encode(["shake"])[0], atol=1e-6)


def test_the_table_that_the_simulation_carries_is_what_the_model_says(tmp_path):
    rebuilt = tmp_path / "phrases.npz"
    write_table(rebuilt, phrases.all_texts())
    with np.load(rebuilt) as new, np.load(phrases.PATH) as old:
        assert new["texts"].tolist() == old["texts"].tolist()
        np.testing.assert_allclose(new["embeddings"], old["embeddings"], atol=2e-3)
