"""What the services of the tests do when a test breaks them, so that fault tests test us."""

from __future__ import annotations

import pytest
import redis
from django.db import connection

from tests.harness.waiting import eventually


def test_a_killed_redis_comes_back_on_its_port_and_empty(own_redis):
    with own_redis.client() as client:
        client.set("key", "value")
    url = own_redis.url

    own_redis.kill()
    own_redis.start()

    assert own_redis.url == url
    with own_redis.client() as client:
        assert client.get("key") is None


def test_a_paused_redis_takes_connections_and_does_not_answer(own_redis):
    own_redis.pause()
    with own_redis.client(socket_timeout=0.2) as client:
        with pytest.raises(redis.TimeoutError):
            client.ping()
        own_redis.resume()
        assert eventually(client.ping)


@pytest.mark.postgres
@pytest.mark.parametrize("mode", ["fast", "immediate"])
def test_a_restarted_postgresql_keeps_what_was_committed(
    transactional_db, make_user, postgres_server, mode
):
    ada = make_user("ada")
    connection.close()

    postgres_server.restart(mode)

    ada.refresh_from_db()


@pytest.mark.postgres
def test_a_paused_postgresql_does_not_answer(postgres_server):
    postgres_server.pause()
    assert not postgres_server.answers()
    postgres_server.resume()
    assert eventually(postgres_server.answers)


@pytest.mark.postgres
def test_the_backends_of_a_database_can_be_cut_off(transactional_db, make_user, postgres_server):
    make_user("ada")

    assert postgres_server.terminate_backends(connection.settings_dict["NAME"]) >= 1
    connection.close()
