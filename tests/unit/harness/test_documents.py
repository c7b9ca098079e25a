from pathlib import Path

import pytest

from tests.harness import documents
from tests.harness.documents import block, put_in
from tests.harness.systemctl import environment_of


@pytest.fixture
def page(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(documents, "ROOT", tmp_path)
    return tmp_path / "page.md"


def test_a_block_in_a_list_is_taken_without_its_indent(page: Path) -> None:
    page.write_text("1. So:\n\n   ```ini\n   # /etc/a\n   [Unit]\n   ```\n\n```sh\n# other\n```\n")
    assert block("page.md", "/etc/a") == "# /etc/a\n[Unit]\n"


def test_a_block_of_html_begins_with_a_comment_that_ends(page: Path) -> None:
    page.write_text("```html\n<!-- a.html -->\n<p>\n```\n\n```html\n<!-- a.html.bak -->\n```\n")
    assert block("page.md", "a.html", comment="<!--") == "<!-- a.html -->\n<p>\n"


@pytest.mark.parametrize("text", ["", "```sh\n# /etc/a\n```\n" * 2], ids=["none", "two"])
def test_a_page_without_its_block_fails_and_says_which(page: Path, text: str) -> None:
    page.write_text(text)
    with pytest.raises(AssertionError, match=r"page\.md has \d blocks that begin with '# /etc/a'"):
        block("page.md", "/etc/a")


def test_what_is_not_written_any_more_cannot_be_replaced() -> None:
    with pytest.raises(AssertionError, match="the page has no '8001' any more"):
        put_in("listen 8000", {"8001": 1}, "the page")


def test_an_environment_file_is_read_as_systemd_does(tmp_path: Path) -> None:
    file = tmp_path / "environment"
    file.write_text("# one\n; two\n\nA=1  # three\nB='x & y'\nC=postgres://h/d?a=1\n")
    told = {"A": "1  # three", "B": "x & y", "C": "postgres://h/d?a=1"}
    assert environment_of(file) == told
