"""What nginx's configuration says of the socket's location, where requests cannot show it.

Directives are crossplane's: a dict with `directive`, `args` and, if it has one, `block`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any, TypeAlias
from urllib.parse import urlsplit

import crossplane

from notify.management.doctor.patient import Advice, Finding, Unwell, Weak

Block: TypeAlias = list[dict[str, Any]]
Location: TypeAlias = list[Block]  # its block and those around it: server, http, the whole file

NOWHERE = {"off", "/dev/null"}
QUERY = re.compile(r"\$\{?(?:request|request_uri|args|query_string|arg_\w+)\b")
COMBINED = ["combined", "$request"]  # nginx's own format, where none is named


def examine(path: str, socket: str) -> Iterator[Finding]:
    """The findings about this file and those that it includes. `socket` is the socket's path."""
    looks: dict[str, Callable[[Location], str]] = {
        "Upstream": _upstream,
        "Access log": _access_log,
        "Error log": _error_log,
    }
    try:
        locations = _of_the_socket(socket, _read(path))
    except Unwell as error:
        yield Finding("Configuration", str(error), error.level)
        return
    for hop, look in looks.items():
        yield from dict.fromkeys(_found(hop, look, location) for location in locations)


def _found(hop: str, look: Callable[[Location], str], location: Location) -> Finding:
    try:
        return Finding(hop, look(location))
    except Unwell as error:
        return Finding(hop, str(error), error.level)


def _read(path: str) -> Block:
    told = crossplane.parse(path, combine=True)
    for error in told["errors"]:
        raise Unwell(f"{error['file']} cannot be read: {error['error']}")
    parsed: Block = told["config"][0]["parsed"]
    return parsed


def _of_the_socket(socket: str, main: Block) -> list[Location]:
    """Of each server, the location that answers for the socket's path, if it hands it on."""
    found = [
        location
        for http in _blocks(main, "http")
        for server in _blocks(http, "server")
        for location in [_location(socket, server, http, main)]
        if _arguments(location[0], "proxy_pass")
    ]
    if not found:
        raise Unwell(
            f"no location for {socket} has a proxy_pass; name the main file, which includes "
            "the others (/etc/nginx/nginx.conf)"
        )
    return found


def _location(socket: str, *around: Block) -> Location:
    """By nginx's rules: an exact one; else the longest prefix, if it says ^~; else the first
    regular expression that matches; else the longest prefix, and so on in that one.
    https://nginx.org/en/docs/http/ngx_http_core_module.html#location"""
    prefixes: dict[tuple[str, bool], Block] = {}
    expressions = []
    for inner in around[0]:
        match inner["args"] if inner["directive"] == "location" else []:
            case ["=", path]:
                if path == socket:
                    return [inner["block"], *around]
            case ["~" | "~*" as kind, path]:
                if re.search(path, socket, re.IGNORECASE if kind == "~*" else 0):
                    expressions.append(inner["block"])
            case [*kinds, path] if socket.startswith(path):
                prefixes[path, kinds == ["^~"]] = inner["block"]
    longest = max(prefixes, key=lambda key: len(key[0]), default=None)
    if expressions and not (longest and longest[1]):
        return [expressions[0], *around]
    return _location(socket, prefixes[longest], *around) if longest else [*around]


def _upstream(location: Location) -> str:
    [[address]] = _arguments(location[0], "proxy_pass")
    name = urlsplit(address).netloc
    if "$" in address:
        raise Advice(f"not seen: proxy_pass {address} depends on the request")
    servers = [
        arguments
        for upstream in _blocks(location[-2], "upstream", name)
        for arguments in _arguments(upstream, "server")
        if "down" not in arguments
    ]
    counting = [arguments[0] for arguments in servers if "max_fails=0" not in arguments]
    if len(servers) > 1 and counting:  # nginx never takes out the only one
        raise Weak(
            f"where one request fails at {' or '.join(counting)}, nginx takes that process from "
            "everybody, and one that was restarted gets no clients. Say max_fails=0 for each "
            f"server of upstream {name}"
        )
    [tries] = (_effective(location, "proxy_next_upstream_tries") or [["0"]])[0]
    if 0 < int(tries) < len(servers):
        raise Advice(
            f"nginx tries {tries} of {len(servers)} processes: where these are dead, people are "
            "left out. Say proxy_next_upstream_tries 0, in the socket's location too"
        )
    return "a request that fails takes no process from others, and the next one is tried"


def _access_log(location: Location) -> str:
    formats = [COMBINED, *_arguments(location[-2], "log_format")]
    texts = {name: "".join(parts) for name, *parts in formats}
    for path, *options in _effective(location, "access_log") or [["nginx's own"]]:
        name = next((option for option in options if "=" not in option), COMBINED[0])
        if path not in NOWHERE and QUERY.search(texts.get(name, "")):
            raise Weak(
                f"{path} gets the query string, and a ticket with it, which is unspent where the "
                "handshake failed. Name a log_format with $uri and without $request"
            )
    return "gets no query string"


def _error_log(location: Location) -> str:
    for path, *_ in _effective(location, "error_log") or [["nginx's own"]]:
        if path not in NOWHERE:
            raise Weak(
                f"{path} gets the query string, and a ticket with it, which is unspent where the "
                "handshake failed. Say error_log /dev/null crit; in the socket's location"
            )
    return "gets nothing of the socket's location"


def _blocks(block: Block, directive: str, *arguments: str) -> list[Block]:
    return [
        inner["block"]
        for inner in block
        if inner["directive"] == directive and inner["args"] == list(arguments)
    ]


def _arguments(block: Block, directive: str) -> list[list[str]]:
    """Of each that there is."""
    return [inner["args"] for inner in block if inner["directive"] == directive]


def _effective(location: Location, directive: str) -> list[list[str]]:
    """Those of the innermost level that has any: they replace those around them."""
    return next(filter(None, (_arguments(block, directive) for block in location)), [])
