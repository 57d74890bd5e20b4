"""When a call is sent again."""

from __future__ import annotations

import math
import uuid

import grpc
import pytest

from codeactions import CodeActionsError, v1
from codeactions import _generated_methods as methods
from codeactions._methods import Method
from codeactions._retries import ATTEMPTS_MAX, Attempts, delay_after, may_send_again

BROKEN = CodeActionsError("the connection broke", grpc.StatusCode.UNAVAILABLE)
FULL = CodeActionsError("all workers are busy", grpc.StatusCode.RESOURCE_EXHAUSTED, reason="POOL_FULL")


def test_reads_and_idempotent_calls_are_repeated_after_a_broken_connection_others_are_not() -> None:
    assert may_send_again(BROKEN, methods.GET_CODE, v1.GetCodeRequest())
    assert may_send_again(BROKEN, methods.CREATE_CODE, v1.CreateCodeRequest())
    assert not may_send_again(BROKEN, methods.UPDATE_CODE, v1.UpdateCodeRequest())
    assert not may_send_again(BROKEN, methods.RUN_CODE, v1.RunCodeRequest())


def test_a_run_with_a_request_id_is_repeated_because_the_same_id_attaches_to_the_same_run() -> None:
    assert may_send_again(BROKEN, methods.RUN_CODE, v1.RunCodeRequest(request_id=str(uuid.uuid4())))


@pytest.mark.parametrize(
    "text",
    [
        "failed to connect to all addresses; last error: UNKNOWN: ipv4:127.0.0.1:1: Connection refused (111)",
        "DNS resolution failed for nowhere.invalid:80: C-ares status is not ARES_SUCCESS",
    ],
)
def test_anything_is_repeated_when_it_never_left(text: str) -> None:
    unreachable = CodeActionsError(text, grpc.StatusCode.UNAVAILABLE)
    assert may_send_again(unreachable, methods.RUN_CODE, v1.RunCodeRequest())


def test_anything_is_repeated_when_the_service_says_that_nothing_of_it_has_happened() -> None:
    assert may_send_again(FULL, methods.RUN_CODE, v1.RunCodeRequest())


def test_an_outcome_that_nobody_knows_is_not_repeated() -> None:
    unknown = CodeActionsError("…", grpc.StatusCode.UNAVAILABLE, reason="OUTCOME_UNKNOWN")
    assert not may_send_again(unknown, methods.RUN_CODE, v1.RunCodeRequest())


def test_a_quarantine_is_told_at_once_whatever_was_asked() -> None:
    refused = CodeActionsError("…", grpc.StatusCode.UNAVAILABLE, reason="CODE_QUARANTINED", retry_after=0.01)
    assert not may_send_again(refused, methods.RUN_CODE, v1.RunCodeRequest(request_id="mine"))
    assert not may_send_again(refused, methods.GET_CODE, v1.GetCodeRequest())


def test_creating_calls_get_a_request_id_runs_that_are_waited_for_get_none() -> None:
    every = [method for method in vars(methods).values() if isinstance(method, Method)]
    given = [method.name for method in every if getattr(method.prepared(method.request()), "request_id", "")]
    assert sorted(given) == [
        "CreateCode",
        "CreateProject",
        "CreateSchedule",
        "CreateToken",
        "ReplayRun",
        "StartRun",
    ]


def test_a_request_id_of_the_caller_s_own_is_kept_and_its_message_is_not_changed() -> None:
    mine = v1.CreateCodeRequest(request_id="mine")
    assert methods.CREATE_CODE.prepared(mine) is mine
    without = v1.CreateCodeRequest(name="a name")
    assert methods.CREATE_CODE.prepared(without).name == "a name"
    assert without == v1.CreateCodeRequest(name="a name")


def test_a_request_comes_whole_or_in_fields() -> None:
    whole = v1.GetCodeRequest(code_id="c")
    assert methods.GET_CODE.message(None, code_id="c") == whole
    assert methods.GET_CODE.message(whole, code_id=None) is whole
    with pytest.raises(TypeError, match="code_id"):
        methods.GET_CODE.message(whole, code_id="c")


def test_pauses_grow_differ_end_at_ten_seconds_and_are_never_shorter_than_the_service_asks_for() -> None:
    assert [delay_after(failures, None, lambda: 0.0) for failures in (1, 2, 3, 20, 10_000)] == [
        0.1,
        0.2,
        0.4,
        10.0,
        10.0,
    ]
    assert delay_after(1, None, lambda: 1.0) == 0.05
    assert delay_after(1, 3.0) == 3.0


def test_a_call_is_sent_five_times_at_most() -> None:
    attempts = Attempts(methods.GET_CODE, v1.GetCodeRequest(), math.inf)
    for _ in range(ATTEMPTS_MAX - 1):
        attempts.delay_after(BROKEN)
    with pytest.raises(CodeActionsError) as raised:
        attempts.delay_after(BROKEN)
    assert raised.value is BROKEN


def test_a_call_is_not_sent_again_when_its_deadline_would_pass_meanwhile() -> None:
    later = CodeActionsError(
        "later", grpc.StatusCode.UNAVAILABLE, reason="LANGUAGE_PREPARING", retry_after=60.0
    )
    with pytest.raises(CodeActionsError):
        Attempts(methods.RUN_CODE, v1.RunCodeRequest(), 30.0).delay_after(later)
    assert Attempts(methods.RUN_CODE, v1.RunCodeRequest(), 90.0).delay_after(later) == 60.0


def test_all_attempts_share_one_deadline() -> None:
    now = 1_000.0
    attempts = Attempts(methods.GET_CODE, v1.GetCodeRequest(), 30.0, lambda: now)
    now += 10.0
    assert attempts.time_left() == 20.0
    assert Attempts(methods.GET_CODE, v1.GetCodeRequest(), math.inf).time_left() is None
