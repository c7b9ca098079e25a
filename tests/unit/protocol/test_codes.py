from __future__ import annotations

from notify.protocol.codes import Code, Error, Refused


def test_every_code_says_what_the_client_does_next() -> None:
    assert {code // 100 for code in Code} == {44, 45, 46}
    assert all(4000 <= code <= 4999 for code in Code)  # RFC 6455, 7.4.2: for private use


def test_a_refusal_keeps_what_its_answer_says() -> None:
    refused = Refused(Error.RATE_LIMITED, "Too many marks.", ref="m1", retry_after=2.0)
    assert str(refused) == refused.message == "Too many marks."
    assert (refused.code, refused.ref, refused.retry_after) == ("rate_limited", "m1", 2.0)
