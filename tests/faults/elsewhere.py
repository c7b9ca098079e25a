"""Rows of the table, or parts of them, that tests of other directories hold; `make faults` runs
them too.

    python -m tests.faults.elsewhere        names them, for pytest
    python -m tests.faults.elsewhere any    those that take the server that they are given
"""

from __future__ import annotations

import sys

# Row, fault, and the tests.
ELSEWHERE: list[tuple[int, str, list[str]]] = [
    (
        1,
        "Redis killed, with two servers, on both layers",
        [
            "tests/integration/test_two_servers.py::test_with_redis_stopped_all_is_shown_within_a_sweep_and_no_socket_closes"
        ],
    ),
    (
        3,
        "Redis away: one line in the log, `/readyz` says degraded",
        [
            "tests/integration/test_redis_away.py::test_the_log_has_a_line_for_the_outage_and_none_for_each_message",
            "tests/integration/test_metrics.py::test_readyz_says_degraded_while_redis_is_away_and_stays_200",
        ],
    ),
    (
        8,
        "Many writers to one inbox, and rollbacks, in the store",
        [
            "tests/integration/test_store_concurrency.py::test_no_cursor_skips_a_row_and_no_version_is_missing_while_many_write",
        ],
    ),
    (
        10,
        "A worker that dies in the middle of a batch",
        [
            "tests/integration/test_store_concurrency.py::test_a_worker_that_dies_in_the_middle_leaves_the_batch_as_it_was",
        ],
    ),
    (
        11,
        "Opposite order, two callers, recalls and marks, in the store",
        [
            "tests/integration/test_store_concurrency.py::test_fan_outs_to_the_same_users_in_opposite_order_do_not_deadlock",
            "tests/integration/test_store_concurrency.py::test_a_then_b_and_b_then_a_in_one_transaction_each",
            "tests/integration/test_store_concurrency.py::test_a_recall_in_the_middle_of_a_fan_out_leaves_nothing_live",
        ],
    ),
    (
        14,
        "SIGTERM: `bye`, the port, a request under way, a second SIGTERM",
        [
            "tests/integration/test_serve.py::test_sigterm_tells_every_socket_closes_the_port_and_exits",
            "tests/integration/test_serve.py::test_a_second_sigterm_ends_it_at_once",
            "tests/integration/test_serve.py::test_a_request_under_way_ends_before_the_process",
        ],
    ),
    (
        18,
        "Headers and bodies that trickle in, through nginx",
        ["tests/integration/test_deploy.py::test_slow_headers_and_a_body_that_stops_are_cut_off"],
    ),
    (
        19,
        "Malformed frames, each with its answer; nonsense made by hypothesis",
        [
            "tests/integration/test_close_codes.py::test_4400_malformed",
            "tests/integration/test_serve.py::test_frames_over_64_kib_end_the_connection",
            "tests/unit/protocol/test_client_frames.py::test_nonsense_is_malformed_or_refused_and_never_breaks",
        ],
    ),
    (
        21,
        "An HTTP view that fails in the middle of its response",
        [
            "tests/integration/test_serve.py::test_a_view_that_fails_in_the_middle_of_its_response_stops_no_supervision"
        ],
    ),
    (
        23,
        "A session or a token that ends, ends its sockets within a second",
        [
            "tests/integration/test_close_codes.py::test_4401_within_a_second_of_signing_out",
            "tests/integration/test_close_codes.py::test_4401_within_a_second_of_a_new_password",
            "tests/integration/test_close_codes.py::test_4401_within_a_second_of_being_deleted",
            "tests/integration/test_close_codes.py::test_4403_within_a_second_of_being_deactivated",
            "tests/integration/test_close_codes.py::test_revoking_a_token_ends_the_sockets_of_its_tickets",
            "tests/integration/test_close_codes.py::test_4401_within_a_second_of_a_known_expiry",
            "tests/integration/test_close_codes.py::test_4401_when_the_session_is_removed_behind_our_back",
        ],
    ),
    (
        24,
        "Origins: foreign, null, absent, other port, other scheme, suffix trick",
        [
            "tests/integration/test_socket.py::test_a_foreign_or_missing_origin_is_refused",
            "tests/integration/test_socket.py::test_a_malformed_origin_is_refused",
        ],
    ),
    (
        25,
        "nginx reload",
        ["tests/integration/test_deploy.py::test_a_reload_of_nginx_closes_no_socket"],
    ),
    (
        27,
        "Browser: hidden, frozen, two tabs, a slept laptop, a server that is gone and back",
        [
            "tests/browser/test_pages.py::test_a_server_that_is_gone_is_told_and_one_that_is_back_is_met_by_itself",
            "tests/browser/test_sleeping_tabs.py::test_a_hidden_tab_with_slow_timers_keeps_its_socket_and_misses_nothing",
            "tests/browser/test_sleeping_tabs.py::test_from_a_frozen_leader_the_tab_in_front_takes_over_within_two_seconds",
            "tests/browser/test_sleeping_tabs.py::test_when_the_leaders_process_dies_another_tab_has_a_socket_within_two_seconds",
            "tests/browser/test_sleeping_tabs.py::test_a_laptop_that_slept_is_current_soon_after_it_wakes",
        ],
    ),
    (
        30,
        "Another user's ids, tokens without scope, CSRF, markup as text",
        [
            "tests/integration/test_socket.py::test_another_users_ids_are_ignored_and_nothing_tells_that_they_exist",
            "tests/unit/web/test_callers.py::test_a_token_without_the_scope_is_refused",
            "tests/unit/web/test_callers.py::test_a_session_needs_the_csrf_token",
            "tests/unit/web/api/test_inbox_routes.py::test_markup_is_told_as_text_and_as_json",
            "tests/browser/test_pages.py::test_text_is_text",
        ],
    ),
]

BY_TEST = {test: (row, fault) for row, fault, tests in ELSEWHERE for test in tests}

# Those that have a server, and do not say which; see `COMMAND` of tests.harness.server.
ON_ANY_SERVER = [
    test
    for test, (row, _) in BY_TEST.items()
    if row in {1, 23, 24, 27, 30} and not test.startswith("tests/unit/")
]

if __name__ == "__main__":
    print(*(ON_ANY_SERVER if sys.argv[1:] == ["any"] else BY_TEST))  # noqa: T201
