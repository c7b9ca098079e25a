"""The table: it names tests that are there, and says what they have found."""

from pathlib import Path

import pytest

from tests.faults import report
from tests.faults.elsewhere import BY_TEST
from tests.faults.report import Result

pytestmark = pytest.mark.quick_faults
OUTCOME = {"clients": 2, "notices": 3, "deliveries": 4000, "worst_delay": 1.5, "note": "five kills"}


def test_every_test_that_the_table_names_exists() -> None:
    for test in BY_TEST:
        file, name = test.split("::")
        assert f"def {name}(" in (report.ROOT / file).read_text(), test


def test_the_table_has_the_last_result_of_each_test_and_says_what_failed(tmp_path: Path) -> None:
    outcome = OUTCOME | {"lost": 0, "doubled": 0}
    log, table = tmp_path / "results.jsonl", tmp_path / "table.md"
    report.keep(Result(4, "cut off", "t::a", 7, False, 60, "2 × serve", outcome), log)  # noqa: RUF001
    report.keep(Result(4, "cut off", "t::a", 8, True, 60, "2 × serve", outcome), log)  # noqa: RUF001
    report.keep(Result(24, "origins", "u::b[x]", 8, True, 1), log)
    report.keep(Result(24, "origins", "u::b[y]", 8, False, 1), log)
    report.write(report.read(log), table)
    text = table.read_text()
    line = "| 4 | cut off | 2 × serve | 8 | 2 | 3 | 4,000 | 0 | 0 | 1.50 s | held; five kills |"  # noqa: RUF001
    assert line in text
    assert "| 24 | origins | **failed** | `u::b` |" in text
    assert "2 of 41 rows, 3 tests" in text
    assert "**Failed: rows [24].**" in text


def test_the_document_stays_as_it_is_until_every_row_has_been_run(tmp_path: Path) -> None:
    log, document = tmp_path / "results.jsonl", tmp_path / "faults.md"
    for row in range(1, report.ROWS):
        report.keep(Result(row, "cut off", f"t::{row}", 7, True, 1), log)
    document.write_text("as it was")
    report.main(log, document)
    assert document.read_text() == "as it was"
    assert f"Not run: [{report.ROWS}]." in log.with_suffix(".md").read_text()
    report.keep(Result(report.ROWS, "cut off", "t::last", 7, True, 1), log)
    report.main(log, document)
    assert "All held." in document.read_text()
