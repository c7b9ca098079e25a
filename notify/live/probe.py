"""Finds out within a time limit whether the database answers, in any process and from any thread.

A thread of its own runs the query, one at a time for all callers: otherwise a supervisor that
probes every second would leave a thread behind each time while the database hangs.
"""

from __future__ import annotations

import logging
import threading
import time

from django.db import Error, connections
from django.db.backends.base.base import BaseDatabaseWrapper

from notify import sql
from notify.live import severing

logger = logging.getLogger(__name__)

ANSWER_WITHIN_S = 0.8
GIVE_UP_AFTER_S = 10.0  # then the query is repeated, on another connection
MAX_HANGING = 4  # threads, in calls that cannot be interrupted, such as name resolution


class _Question(threading.Thread):
    def __init__(self) -> None:
        super().__init__(name="notify-probe", daemon=True)
        self.asked_at = time.monotonic()
        self.answered = threading.Event()
        self.is_yes = False
        self._database: BaseDatabaseWrapper | None = None

    def run(self) -> None:
        self._database = sql.connection()
        try:
            self.is_yes = sql.fetch("SELECT 1") == [(1,)]
        except Error as error:
            logger.warning("readyz: the database does not answer: %s", type(error).__name__)
        finally:
            self.answered.set()
            connections.close_all()

    def give_up(self) -> None:
        if self._database is not None:
            severing.cut_off([self._database])


class Probe:
    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._question: _Question | None = None
        self._hanging: set[_Question] = set()

    def database_answers(self) -> bool:
        """Blocks for up to 0.8 s."""
        question = self._current()
        if not question.answered.wait(ANSWER_WITHIN_S):
            logger.warning("readyz: the database does not answer in %g s", ANSWER_WITHIN_S)
        return question.is_yes

    def _current(self) -> _Question:
        """The question that is being asked, or a new one."""
        with self._lock:
            question = self._question
            if question is None or question.answered.is_set():
                return self._ask()
            if time.monotonic() - question.asked_at > GIVE_UP_AFTER_S:
                question.give_up()
                self._hanging = {one for one in {*self._hanging, question} if one.is_alive()}
                if len(self._hanging) < MAX_HANGING:
                    return self._ask()
            return question

    def _ask(self) -> _Question:
        self._question = _Question()
        self._question.start()
        return self._question
