import pytest

from notify.live.token_bucket import TokenBucket


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def test_it_allows_a_burst_and_then_the_rate() -> None:
    clock = Clock()
    bucket = TokenBucket(20, 60, clock)
    assert [bucket.take() for _ in range(60)] == [0.0] * 60
    assert bucket.take() == pytest.approx(0.05)
    clock.now += 0.05
    assert bucket.take() == 0
    assert bucket.take() > 0


def test_it_holds_no_more_than_a_burst() -> None:
    clock = Clock()
    bucket = TokenBucket(20, 3, clock)
    clock.now += 1000
    assert [bucket.take() > 0 for _ in range(4)] == [False, False, False, True]
