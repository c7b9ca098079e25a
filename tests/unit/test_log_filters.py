"""Filters of the log."""

from __future__ import annotations

import logging

import pytest

from notify.log_filters import RedisIsAway


def test_an_outage_of_redis_is_dropped_and_anything_else_is_not():
    redis = pytest.importorskip("redis")

    def passes(error):
        record = logging_record(error)
        return RedisIsAway().filter(record)

    assert not passes(redis.ConnectionError("refused"))
    assert not passes(redis.TimeoutError())
    assert not passes(ConnectionResetError())
    assert passes(redis.ResponseError("WRONGTYPE"))
    assert passes(ValueError("a bug"))
    assert passes(None)


def logging_record(error):
    info = (type(error), error, None) if error is not None else None
    return logging.LogRecord("channels_redis.pubsub", logging.ERROR, "", 1, "failed", (), info)
