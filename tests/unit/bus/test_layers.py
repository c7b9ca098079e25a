from __future__ import annotations

from typing import Any

import pytest
from channels_redis.utils import create_pool, decode_hosts

from notify.bus import layers
from notify.bus.layers import RedisPubSubChannelLayer


@pytest.mark.parametrize(
    ("host", "kind", "options"),
    [
        ("redis://:secret@h:1/2", "Connection", {"host": "h", "port": 1, "password": "secret"}),
        ("rediss://h/?ssl_cert_reqs=none", "SSLConnection", {"ssl_cert_reqs": "none"}),
        ("unix:///run/redis.sock?db=3", "UnixDomainSocketConnection", {"db": 3}),
        (("h", 1), "Connection", {"host": "h", "port": 1}),
        ({"address": "redis://h", "db": 4}, "Connection", {"host": "h", "db": 4}),
        ({"host": "h", "socket_timeout": 9}, "Connection", {"host": "h", "socket_timeout": 9}),
        ("redis://h?health_check_interval=7", "Connection", {"health_check_interval": 7}),
        ({"master_name": "m", "sentinels": [("s", 1)]}, "SentinelManagedConnection", {}),
        (
            {"master_name": "m", "sentinels": [("s", 1)], "ssl": True, "password": "secret"},
            "SentinelManagedSSLConnection",
            {"password": "secret"},
        ),
    ],
)
def test_every_kind_of_host_is_watched(host: Any, kind: str, options: dict[str, Any]) -> None:
    [entry] = decode_hosts(layers._watched_hosts([host]))
    pool = create_pool(entry)
    assert pool.connection_class.__name__ == f"Watched{kind}"
    assert issubclass(pool.connection_class, layers._Watched)
    assert options.items() <= pool.connection_kwargs.items()
    pool.connection_class(**pool.connection_kwargs)  # takes them all


@pytest.mark.parametrize("hosts", ["redis://127.0.0.1", ["http://127.0.0.1"]])
async def test_hosts_that_cannot_be_read_are_refused_when_the_layer_is_used(hosts: Any) -> None:
    """And not before: a server starts, and its layer is down."""
    layer = RedisPubSubChannelLayer(hosts=hosts)
    with pytest.raises(ValueError, match="Redis"):
        await layer.new_channel()
