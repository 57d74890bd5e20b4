"""How a stream is followed through broken connections."""

from __future__ import annotations

import math
from typing import Any

import grpc
import pytest

from codeactions import CodeActionsError, v1
from codeactions import _generated_methods as methods
from codeactions._following import Following, PoolFollowing, RunFollowing, TailFollowing, entries_of

BROKEN = CodeActionsError("the connection broke", grpc.StatusCode.UNAVAILABLE)
STARTED = v1.RunEvent(cursor="1", started=v1.Run(id="the-run"))
LOG = v1.RunEvent(cursor="2", log=v1.LogBatch(entries=[v1.LogEntry(text="a line")]))
HEARTBEAT = v1.RunEvent(cursor="3", heartbeat=v1.Heartbeat())
FINISHED = v1.RunEvent(cursor="4", finished=v1.Run(id="the-run"))


class Clock:
    """A clock that goes when it is told to."""

    now = 1_000.0

    def __call__(self) -> float:
        return self.now


def begun(following: Following[Any], clock: Clock, timeout: float = math.inf) -> Following[Any]:
    following.begin(timeout, 300.0, clock)
    return following


def streamed(clock: Clock, timeout: float = math.inf) -> Following[Any]:
    request = v1.RunCodeStreamRequest(code_id="the-code")
    return begun(RunFollowing(methods.RUN_CODE_STREAM, request), clock, timeout)


def test_a_run_that_was_never_heard_of_is_asked_for_again_with_the_same_request_id() -> None:
    following = streamed(Clock())
    method, first = following.next_call()
    assert method is methods.RUN_CODE_STREAM
    assert first.code_id == "the-code"
    assert first.request_id
    following.delay_after(BROKEN)
    assert following.next_call() == (method, first)


def test_a_run_that_has_started_is_watched_from_its_last_event_on() -> None:
    following = streamed(Clock())
    following.hear(STARTED)
    assert following.next_call() == (methods.WATCH_RUN, v1.WatchRunRequest(run_id="the-run", cursor="1"))
    following.hear(LOG)
    assert following.next_call()[1].cursor == "2"


def test_a_watched_run_goes_on_after_its_last_event() -> None:
    request = v1.WatchRunRequest(run_id="the-run", cursor="0")
    following = begun(RunFollowing(methods.WATCH_RUN, request), Clock())
    assert following.next_call() == (methods.WATCH_RUN, request)
    following.hear(LOG)
    assert following.next_call()[1] == v1.WatchRunRequest(run_id="the-run", cursor="2")


def test_a_tail_keeps_its_filters_and_goes_on_after_its_last_item() -> None:
    request = v1.TailLogsRequest(code_id="the-code", text="needle", beginning=True)
    following = begun(TailFollowing(methods.TAIL_LOGS, request), Clock())
    assert following.next_call() == (methods.TAIL_LOGS, request)
    following.hear(v1.LogEvent(cursor="7", started=v1.TailStarted()))
    after = v1.TailLogsRequest(code_id="the-code", text="needle", cursor="7")
    assert following.next_call() == (methods.TAIL_LOGS, after)
    assert request.beginning


def test_a_watched_pool_begins_anew_with_all_of_it() -> None:
    request = v1.WatchPoolRequest(project_id="mine")
    following = begun(PoolFollowing(methods.WATCH_POOL, request), Clock())
    pool = v1.WatchPoolResponse(pool=v1.Pool(in_flight=1))
    assert following.event_of(v1.WatchPoolResponse()) is None
    assert following.hear(following.event_of(pool))
    assert not following.hear(v1.WatchPoolResponse(heartbeat=v1.Heartbeat()))
    following.delay_after(BROKEN)
    assert following.next_call() == (methods.WATCH_POOL, request)
    assert following.hear(pool)
    assert not following.is_ended


def test_heartbeats_are_swallowed_but_move_the_cursor() -> None:
    following = streamed(Clock())
    assert following.hear(STARTED)
    assert not following.hear(HEARTBEAT)
    assert following.next_call()[1].cursor == "3"


def test_a_second_beginning_is_no_news() -> None:
    following = streamed(Clock())
    assert following.hear(STARTED)
    assert not following.hear(STARTED)


def test_the_last_event_ends_it() -> None:
    following = streamed(Clock())
    for event, is_ended in ((STARTED, False), (LOG, False), (FINISHED, True)):
        assert following.hear(event)
        assert following.is_ended is is_ended
    tail = begun(TailFollowing(methods.TAIL_LOGS, v1.TailLogsRequest()), Clock())
    tail.hear(v1.LogEvent(cursor="9", ended=v1.Run()))
    assert tail.is_ended


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        (grpc.StatusCode.NOT_FOUND, "CODE_NOT_FOUND"),
        (grpc.StatusCode.INTERNAL, "INTERNAL"),
        (grpc.StatusCode.UNAVAILABLE, "CODE_QUARANTINED"),
        (grpc.StatusCode.INVALID_ARGUMENT, "CURSOR_INVALID"),
    ],
)
def test_a_refusal_ends_it_at_once(code: grpc.StatusCode, reason: str) -> None:
    refused = CodeActionsError("no", code, reason=reason)
    following = streamed(Clock())
    following.hear(STARTED)
    with pytest.raises(CodeActionsError) as raised:
        following.delay_after(refused)
    assert raised.value is refused


def test_a_service_that_is_full_or_is_replaced_is_asked_again_when_it_wants_to_be() -> None:
    full = CodeActionsError("full", grpc.StatusCode.RESOURCE_EXHAUSTED, reason="POOL_FULL", retry_after=3.0)
    leaving = CodeActionsError("bye", grpc.StatusCode.UNAVAILABLE, reason="SHUTTING_DOWN")
    following = streamed(Clock())
    assert following.delay_after(full) == 3.0
    assert following.delay_after(leaving) < 1.0


def test_pauses_grow_until_something_new_comes() -> None:
    following = streamed(Clock())
    following.hear(STARTED)
    pauses = [following.delay_after(BROKEN) for _ in range(5)]
    assert pauses[4] > pauses[0]
    following.hear(STARTED)
    assert following.delay_after(BROKEN) > pauses[0]
    following.hear(LOG)
    assert following.delay_after(BROKEN) <= 0.1


def test_it_gives_up_when_nothing_came_for_too_long() -> None:
    clock = Clock()
    following = streamed(clock)
    following.hear(STARTED)
    clock.now += 299.0
    following.delay_after(BROKEN)
    clock.now += 2.0
    with pytest.raises(CodeActionsError) as raised:
        following.delay_after(BROKEN)
    assert raised.value is BROKEN


def test_time_that_the_caller_spends_with_a_step_is_no_silence_of_the_service() -> None:
    clock = Clock()
    following = streamed(clock)
    following.hear(STARTED)
    clock.now += 3_600.0
    following.wait()
    assert following.delay_after(BROKEN) <= 0.1


def test_the_caller_s_time_ends_it() -> None:
    clock = Clock()
    following = streamed(clock, timeout=60.0)
    assert following.time_left() == 60.0
    clock.now += 59.99
    with pytest.raises(CodeActionsError) as raised:
        following.delay_after(BROKEN)
    assert raised.value.reason == "DEADLINE_EXCEEDED"


def test_entries_are_those_of_a_log_or_a_batch() -> None:
    assert [entry.text for entry in entries_of(LOG)] == ["a line"]
    assert [entry.text for entry in entries_of(v1.LogEvent(batch=LOG.log))] == ["a line"]
    assert list(entries_of(HEARTBEAT)) == []
    assert list(entries_of(v1.WatchPoolResponse(pool=v1.Pool()))) == []
