"""The tables that page, metrics, docs, dashboard and alerts are made of."""

from __future__ import annotations

import pytest
from django.utils import translation

from notify.metrics import figures

ALL = (*figures.OF_DATABASE, *figures.OF_PROCESS)


def test_each_name_is_there_once_and_is_a_metric_of_its_unit():
    every = (*ALL, *figures.OF_OUTBOX)
    names = [figure.name for figure in every]
    assert len(set(names)) == len(names)
    for figure in every:
        assert figure.name.startswith(("notify_", "process_"))
        assert figure.name.endswith("_seconds") == (figure.unit == "s"), figure
        assert figure.name.endswith("_bytes") == (figure.unit == "bytes"), figure


def test_whatever_can_be_red_says_what_to_do_and_nothing_else_does():
    for figure in ALL:
        has_limit = figure.above is not None or figure.below is not None
        assert has_limit == bool(figure.cure), figure
    assert sum(bool(figure.cure) for figure in ALL) >= 8


@pytest.mark.parametrize("language", ["de"])
def test_titles_and_cures_are_translated(language):
    texts = [text for one in ALL for text in (one.title, one.cure) if text]
    texts += [reason.title for reason in (*figures.REFUSED, *figures.LIMITS)]
    with translation.override(language):
        same = {text for text in texts if translation.gettext(text) == text}
    assert not same
