"""The client for threads, over a real connection."""

from __future__ import annotations

import threading
from typing import Any

import grpc
import pytest
from conftest import PATIENCE, Service
from events import ENDED, RUN_FINISHED, RUN_STARTED, STARTED, entry

from codeactions import CodeActions, CodeActionsError, _threads, v1

StatusCode = grpc.StatusCode


def test_a_call_carries_the_token_and_the_name_of_this_client(service: Service) -> None:
    service.script("GetCode", v1.GetCodeResponse(code=v1.Code(id="c")))
    with CodeActions(service.address, "a-token") as client:
        assert client.codes.get_code(code_id="c").code.id == "c"
    ((_, request, metadata),) = service.calls
    assert request == v1.GetCodeRequest(code_id="c")
    assert metadata["authorization"] == "Bearer a-token"
    assert metadata["user-agent"].startswith("codeactions-python/")


def test_a_read_is_repeated_and_a_run_is_not(service: Service) -> None:
    service.script("GetCode", StatusCode.UNAVAILABLE, StatusCode.INTERNAL, v1.GetCodeResponse())
    service.script("RunCode", StatusCode.UNAVAILABLE)
    with CodeActions(service.address) as client:
        client.codes.get_code(code_id="c")
        with pytest.raises(CodeActionsError) as raised:
            client.run(code_id="c")
    assert (raised.value.code, raised.value.reason) == (StatusCode.UNAVAILABLE, None)
    assert [name for name, _, _ in service.calls] == ["GetCode"] * 3 + ["RunCode"]


def test_what_is_queued_is_asked_for_again_by_the_same_request_id(service: Service) -> None:
    service.script("StartRun", StatusCode.UNAVAILABLE, v1.StartRunResponse())
    service.script("ReplayRun", StatusCode.UNAVAILABLE, v1.ReplayRunResponse())
    service.script("CreateSchedule", StatusCode.UNAVAILABLE, v1.CreateScheduleResponse())
    with CodeActions(service.address) as client:
        client.runs.start_run(code_id="c", retry_policy={"max_attempts": 3})
        client.runs.replay_run(run_id="r")
        client.runs.create_schedule(code_id="c", cron="@daily")
    ids = [request.request_id for _, request, _ in service.calls]
    assert ids[0::2] == ids[1::2]
    assert len({*ids, ""}) == 4


def test_a_watched_pool_begins_anew_when_its_connection_breaks(service: Service) -> None:
    first, second = (v1.WatchPoolResponse(pool=v1.Pool(in_flight=number)) for number in (1, 2))
    heartbeat = v1.WatchPoolResponse(heartbeat=v1.Heartbeat())
    service.script("WatchPool", [first, heartbeat, StatusCode.UNAVAILABLE], [second, Service.WAIT])
    with CodeActions(service.address) as client, client.watch_pool(project_id="mine") as steps:
        assert [next(steps), next(steps)] == [first, second]
    assert [request.project_id for _, request, _ in service.calls] == ["mine", "mine"]


def test_a_list_is_read_to_its_last_page(service: Service) -> None:
    first = v1.ListCodesResponse(codes=[v1.Code(id="1"), v1.Code(id="2")], next_page_token="a")
    empty = v1.ListCodesResponse(next_page_token="b")
    last = v1.ListCodesResponse(codes=[v1.Code(id="3")])
    service.script("ListCodes", first, empty, last)
    with CodeActions(service.address) as client:
        assert [code.id for code in client.list_all_codes(project_id="p")] == ["1", "2", "3"]
    assert [request.page_token for _, request, _ in service.calls] == ["", "a", "b"]


def test_a_tail_goes_on_after_its_last_item_through_broken_connections(service: Service) -> None:
    service.script(
        "TailLogs",
        [STARTED, entry("1", 1), StatusCode.UNAVAILABLE],
        [STARTED, StatusCode.INTERNAL],
        [STARTED, entry("2", 2)],
        [STARTED, ENDED],
    )
    with CodeActions(service.address) as client:
        steps = list(client.tail(run_id="the-run", beginning=True))
    assert [step.WhichOneof("event") for step in steps] == ["started", "batch", "batch", "ended"]
    froms = [(request.beginning, request.cursor) for _, request, _ in service.calls]
    assert froms == [(True, ""), (False, "1"), (False, "0"), (False, "2")]


def test_a_streamed_run_goes_on_as_a_watched_one(service: Service) -> None:
    service.script("RunCodeStream", StatusCode.UNAVAILABLE, [RUN_STARTED, StatusCode.UNAVAILABLE])
    service.script("WatchRun", [RUN_FINISHED])
    with CodeActions(service.address) as client:
        steps = list(client.run_stream(code_id="c"))
    assert [step.WhichOneof("event") for step in steps] == ["started", "finished"]
    (_, first, _), (_, again, _), (_, watch, _) = service.calls
    assert first.request_id == again.request_id != ""
    assert watch == v1.WatchRunRequest(run_id="the-run", cursor="0")


def test_a_refusal_ends_the_loop_with_its_error(service: Service) -> None:
    service.script("TailLogs", [STARTED, StatusCode.NOT_FOUND])
    with CodeActions(service.address) as client:
        steps = client.tail(run_id="the-run")
        next(steps)
        with pytest.raises(CodeActionsError) as raised:
            next(steps)
        assert raised.value.code is StatusCode.NOT_FOUND
        assert list(steps) == []


def test_a_silent_stream_is_taken_up_again(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_threads, "SILENCE_MAX", 0.2)
    service.script("TailLogs", [STARTED, Service.WAIT], [ENDED])
    with CodeActions(service.address) as client:
        kinds = [step.WhichOneof("event") for step in client.tail(run_id="the-run")]
    assert kinds == ["started", "ended"]
    assert service.hung_up.get(timeout=PATIENCE) == "TailLogs"


def test_leaving_the_loop_hangs_up(service: Service) -> None:
    service.script("TailLogs", [STARTED, Service.WAIT], [STARTED, entry("1", 1), Service.WAIT])
    with CodeActions(service.address) as client:
        for _ in client.tail(run_id="the-run"):
            service.waiting.get(timeout=PATIENCE)
            break
        assert service.hung_up.get(timeout=PATIENCE) == "TailLogs"
        for _ in client.tail(run_id="the-run").entries():
            service.waiting.get(timeout=PATIENCE)
            break
        assert service.hung_up.get(timeout=PATIENCE) == "TailLogs"


def test_another_thread_can_close_what_is_followed(service: Service) -> None:
    service.script("TailLogs", [STARTED, Service.WAIT])
    with CodeActions(service.address) as client:
        steps = client.tail(run_id="the-run")
        next(steps)
        rest: list[v1.LogEvent] = []
        following = threading.Thread(target=lambda: rest.extend(steps))
        following.start()
        assert service.waiting.get(timeout=PATIENCE) == "TailLogs"
        steps.close()
        following.join(PATIENCE)
        assert not following.is_alive()
        assert service.hung_up.get(timeout=PATIENCE) == "TailLogs"
        assert rest == []


def test_following_can_have_a_deadline(service: Service) -> None:
    service.script("TailLogs", [STARTED, Service.WAIT])
    with CodeActions(service.address) as client, pytest.raises(CodeActionsError) as raised:
        list(client.tail(run_id="the-run", timeout=0.2))
    assert (raised.value.code, raised.value.reason) == (StatusCode.DEADLINE_EXCEEDED, "DEADLINE_EXCEEDED")


def test_closing_the_client_ends_calls_and_streams(service: Service) -> None:
    service.script("TailLogs", [STARTED, Service.WAIT])
    service.script("RunCode", Service.WAIT)
    client = CodeActions(service.address)
    errors: list[BaseException] = []

    def fail(call: Any) -> None:
        try:
            call()
        except CodeActionsError as error:
            errors.append(error)

    calls = (lambda: client.run(code_id="c"), lambda: list(client.tail(run_id="the-run")))
    threads = [threading.Thread(target=fail, args=(call,)) for call in calls]
    for thread in threads:
        thread.start()
    for _ in threads:
        service.waiting.get(timeout=PATIENCE)
    client.close()
    for thread in threads:
        thread.join(PATIENCE)
    fail(lambda: client.run(code_id="c"))
    fail(lambda: list(client.tail(run_id="the-run")))
    assert [getattr(error, "reason", None) for error in errors] == ["CALL_CANCELLED"] * 4


def test_the_bare_stream_ends_with_its_connection(service: Service) -> None:
    service.script("TailLogs", [STARTED, StatusCode.UNAVAILABLE], [STARTED, ENDED])
    with CodeActions(service.address) as client:
        stream = client.logs.tail_logs(v1.TailLogsRequest(run_id="the-run"))
        assert next(stream) == STARTED
        with pytest.raises(CodeActionsError):
            next(stream)
        assert list(client.logs.tail_logs(run_id="the-run")) == [STARTED, ENDED]


def test_a_channel_of_the_caller_s_own_stays_open(service: Service) -> None:
    service.script("GetCode", v1.GetCodeResponse(), v1.GetCodeResponse())
    with grpc.insecure_channel(service.address.removeprefix("http://")) as channel:
        for _ in range(2):
            with CodeActions(channel=channel) as client:
                client.codes.get_code(code_id="c")
