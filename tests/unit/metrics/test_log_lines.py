"""The last lines of the log, in memory."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator

import pytest
from django.db import OperationalError

from notify import metrics
from notify.metrics import log_lines
from notify.metrics.log_lines import LINES, LogLines

logger = logging.getLogger("notify.test")


@pytest.fixture
def kept() -> Iterator[LogLines]:
    handler = LogLines()
    logger.addHandler(handler)
    yield handler
    logger.removeHandler(handler)


def texts(kept: LogLines) -> list[str]:
    return [line["text"] for line in kept.lines()]


def test_notify_keeps_its_own_warnings_and_errors_and_counts_them() -> None:
    before = dict(metrics.LOG_LINES.values)
    logging.getLogger("notify.live.sweep").error("The sweep failed on purpose")
    logging.getLogger("django.request").error("of Django")
    line = log_lines.log_lines.lines()[-1]
    assert (line["level"], line["logger"]) == ("error", "notify.live.sweep")
    assert line["text"] == "The sweep failed on purpose"
    assert metrics.LOG_LINES.values["error"] == before["error"] + 1


def test_of_an_exception_there_is_its_class_and_that_of_its_cause(kept: LogLines) -> None:
    try:
        try:
            raise TimeoutError("ada's secret")
        except TimeoutError as cause:
            raise OperationalError("Key (username)=(ada) exists") from cause
    except OperationalError as error:
        logger.warning("It failed: %r", error)
        logger.warning("It failed, %(why)s, with its traceback", {"why": error}, exc_info=error)
        logger.exception("A mark failed.")
        logger.error(error)
    assert texts(kept) == [
        "It failed: OperationalError (TimeoutError)",
        "It failed, OperationalError (TimeoutError), with its traceback",
        "A mark failed. OperationalError (TimeoutError)",
        "OperationalError (TimeoutError)",
    ]


def test_lines_that_differ_in_their_numbers_are_one_with_a_count(kept: LogLines) -> None:
    logger.warning("A batch failed (batch %d): %s", 7, ValueError())
    logger.error("Another")
    logger.warning("A batch failed (batch %d): %s", 81, ValueError())
    logger.warning("A batch failed (batch %d): %s", 81, KeyError())
    assert [(line["id"], line["count"], line["text"]) for line in kept.lines()] == [
        (1, 1, "Another"),
        (0, 2, "A batch failed (batch 81): ValueError"),
        (2, 1, "A batch failed (batch 81): KeyError"),
    ]


def test_it_holds_twenty_short_lines_and_nothing_below_a_warning(kept: LogLines) -> None:
    logger.info("All is well")
    for letter in map(chr, range(ord("a"), ord("a") + LINES + 5)):
        logger.warning("%s", 1000 * letter)
    assert len(texts(kept)) == LINES
    assert [text[0] for text in (texts(kept)[0], texts(kept)[-1])] == ["f", "y"]
    assert len(json.dumps(kept.lines())) < 7 * 1024  # docs/operations.md
    assert {len(text) for text in texts(kept)} == {log_lines.MAX_LENGTH}


def test_a_line_that_does_not_fit_its_arguments_is_kept_as_it_was_written(kept: LogLines) -> None:
    kept.handle(logger.makeRecord("notify.test", 40, "", 0, "%d of %d", ("one",), None))
    assert texts(kept) == ["%d of %d"]


def test_a_project_without_logging_still_gets_the_line_once(
    kept: LogLines, monkeypatch: pytest.MonkeyPatch
) -> None:
    printed: list[str] = []

    class Printed(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            printed.append(record.getMessage())

    monkeypatch.setattr(logging, "lastResort", Printed())
    logger.warning("handled by the root")
    assert printed == []
    monkeypatch.setattr(logger, "propagate", False)
    logger.warning("handled by nobody")
    assert printed == ["handled by nobody"]
