"""Reads what no request can show in the configuration of nginx: upstream and logs of the socket.

Directives are those of crossplane: a dict with `directive`, `args` and, if it has one, `block`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any, TypeAlias
from urllib.parse import urlsplit

import crossplane

from notify.management.doctor.findings import Advice, Finding, Problem, Weakness

Block: TypeAlias = list[dict[str, Any]]
Location: TypeAlias = list[Block]  # its block, and the enclosing ones: server, http, the file

NOT_LOGGED = {"off", "/dev/null"}
QUERY_VARIABLE = re.compile(r"\$\{?(?:request|request_uri|args|query_string|arg_\w+)\b")
COMBINED = ["combined", "$request"]  # the default format of nginx


def examine(path: str, socket: str) -> Iterator[Finding]:
    """Yields the findings about this file and those that it includes.

    Args:
        path: the main configuration file.
        socket: the URL path of the socket.
    """
    steps: dict[str, Callable[[Location], str]] = {
        "Upstream": _upstream,
        "Access log": _access_log,
        "Error log": _error_log,
    }
    try:
        locations = _socket_locations(socket, _read(path))
    except Problem as problem:
        yield Finding("Configuration", str(problem), problem.level)
        return
    for name, step in steps.items():
        yield from dict.fromkeys(_run_step(name, step, location) for location in locations)


def _run_step(name: str, step: Callable[[Location], str], location: Location) -> Finding:
    try:
        return Finding(name, step(location))
    except Problem as problem:
        return Finding(name, str(problem), problem.level)


def _read(path: str) -> Block:
    config = crossplane.parse(path, combine=True)
    for error in config["errors"]:
        raise Problem(f"{error['file']} cannot be read: {error['error']}")
    parsed: Block = config["config"][0]["parsed"]
    return parsed


def _socket_locations(socket: str, main: Block) -> list[Location]:
    """In each server, the location that serves the path of the socket, if it is proxied."""
    found = [
        location
        for http in _blocks(main, "http")
        for server in _blocks(http, "server")
        for location in [_location(socket, server, http, main)]
        if _arguments_of(location[0], "proxy_pass")
    ]
    if not found:
        raise Problem(
            f"no location for {socket} has a proxy_pass. Pass the main file, which includes the "
            "others (/etc/nginx/nginx.conf)"
        )
    return found


def _location(socket: str, *enclosing: Block) -> Location:
    """The location that nginx chooses: an exact match; else the longest prefix, if it has ^~; else
    the first matching regular expression; else the longest prefix. Then the same inside it.
    https://nginx.org/en/docs/http/ngx_http_core_module.html#location"""
    prefixes: dict[tuple[str, bool], Block] = {}
    expressions = []
    for inner in enclosing[0]:
        match inner["args"] if inner["directive"] == "location" else []:
            case ["=", path]:
                if path == socket:
                    return [inner["block"], *enclosing]
            case ["~" | "~*" as kind, path]:
                if re.search(path, socket, re.IGNORECASE if kind == "~*" else 0):
                    expressions.append(inner["block"])
            case [*kinds, path] if socket.startswith(path):
                prefixes[path, kinds == ["^~"]] = inner["block"]
    longest = max(prefixes, key=lambda key: len(key[0]), default=None)
    if expressions and not (longest and longest[1]):
        return [expressions[0], *enclosing]
    return _location(socket, prefixes[longest], *enclosing) if longest else [*enclosing]


def _upstream(location: Location) -> str:
    [[address]] = _arguments_of(location[0], "proxy_pass")
    name = urlsplit(address).netloc
    if "$" in address:
        raise Advice(f"not examined: proxy_pass {address} depends on the request")
    servers = [
        arguments
        for upstream in _blocks(location[-2], "upstream", name)
        for arguments in _arguments_of(upstream, "server")
        if "down" not in arguments
    ]
    counting = [arguments[0] for arguments in servers if "max_fails=0" not in arguments]
    if len(servers) > 1 and counting:  # nginx never disables the only server
        raise Weakness(
            f"after one failed request at {' or '.join(counting)}, nginx takes that process out of "
            "service for everybody, and a restarted process gets no clients. Set max_fails=0 for "
            f"each server of upstream {name}"
        )
    [tries] = (_effective(location, "proxy_next_upstream_tries") or [["0"]])[0]
    if 0 < int(tries) < len(servers):
        raise Advice(
            f"nginx tries {tries} of {len(servers)} processes: if those are down, clients get an "
            "error. Set proxy_next_upstream_tries 0, also in the location of the socket"
        )
    return "a failed request disables no process, and nginx tries the next one"


def _access_log(location: Location) -> str:
    formats = [COMBINED, *_arguments_of(location[-2], "log_format")]
    texts = {name: "".join(parts) for name, *parts in formats}
    for path, *options in _effective(location, "access_log") or [["the default log of nginx"]]:
        name = next((option for option in options if "=" not in option), COMBINED[0])
        if path not in NOT_LOGGED and QUERY_VARIABLE.search(texts.get(name, "")):
            raise Weakness(
                f"{path} records the query string, and with it tickets, which stay valid if the "
                "handshake fails. Set a log_format with $uri and without $request"
            )
    return "does not record the query string"


def _error_log(location: Location) -> str:
    for path, *_ in _effective(location, "error_log") or [["the default log of nginx"]]:
        if path not in NOT_LOGGED:
            raise Weakness(
                f"{path} records the query string, and with it tickets, which stay valid if the "
                "handshake fails. Set error_log /dev/null crit; in the location of the socket"
            )
    return "records nothing about the location of the socket"


def _blocks(block: Block, directive: str, *arguments: str) -> list[Block]:
    return [
        inner["block"]
        for inner in block
        if inner["directive"] == directive and inner["args"] == list(arguments)
    ]


def _arguments_of(block: Block, directive: str) -> list[list[str]]:
    """The arguments of each occurrence of this directive."""
    return [inner["args"] for inner in block if inner["directive"] == directive]


def _effective(location: Location, directive: str) -> list[list[str]]:
    """The arguments at the innermost level that has any: they replace those further out."""
    return next(filter(None, (_arguments_of(block, directive) for block in location)), [])
