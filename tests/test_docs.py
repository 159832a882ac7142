"""The documentation keeps its word; and the check of it notices what is wrong."""

import pytest

from scripts import check_docs


def test_no_page_breaks_its_word(capsys):
    assert check_docs.main() == 0, capsys.readouterr().err


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("[a](nowhere.md)", "leads nowhere"),
        ("# Here\n[a](#there)", "no such heading"),
        ("a figure of @LATER@ percent", "@LATER@ is still to be filled in"),
        ("```console\nreachy-coach train --no-such\n```", "--no-such"),
        ("```console\nsudo reachy-coach tools play\n```", "requires an argument"),
        ('```console\nreachy-coach tools write "nod\n```', "No closing quotation"),
        ("```console\n# Here\n```\n[a](#here)", "no such heading"),
        ("`reachy-coach dance`", "no such command"),
        ("`reachy-coach train --updates many`", "many"),
    ],
)
def test_what_is_wrong_is_told(tmp_path, monkeypatch, text, problem):
    monkeypatch.setattr(check_docs, "ROOT", tmp_path)
    page = tmp_path / "page.md"
    page.write_text(text, encoding="utf-8")
    (found,) = check_docs.problems_of(page)
    assert problem in found


@pytest.mark.parametrize(
    "text",
    [
        "# One, two\n[a](#one-two) [b](https://somewhere.example/x.md#y) mail@HOST@x [c](mailto:a@b.example)",
        '```console\nreachy-coach tools write "nod"  # a remark\nreachy-coach reward data ...\n```',
        "say `reachy-coach tools play` and `make demo`",
    ],
)
def test_what_is_right_passes(tmp_path, monkeypatch, text):
    monkeypatch.setattr(check_docs, "ROOT", tmp_path)
    page = tmp_path / "page.md"
    page.write_text(text, encoding="utf-8")
    assert check_docs.problems_of(page) == []
