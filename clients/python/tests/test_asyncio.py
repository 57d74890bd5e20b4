"""The client for asyncio, over a real connection."""

from __future__ import annotations

import asyncio
from typing import Any

import grpc
import grpc.aio
import pytest
from conftest import PATIENCE, Service
from events import ENDED, RUN_FINISHED, RUN_STARTED, STARTED, entry

from codeactions import AsyncCodeActions, CodeActionsError, _asyncio, v1

StatusCode = grpc.StatusCode


async def waiting(service: Service) -> str:
    return await asyncio.to_thread(service.waiting.get, timeout=PATIENCE)


async def hung_up(service: Service) -> str:
    return await asyncio.to_thread(service.hung_up.get, timeout=PATIENCE)


def test_a_client_can_be_made_before_its_event_loop_runs(service: Service) -> None:
    service.script("GetCode", v1.GetCodeResponse(code=v1.Code(id="c")))
    client = AsyncCodeActions(service.address, "a-token")

    async def act() -> None:
        async with client:
            assert (await client.codes.get_code(code_id="c")).code.id == "c"

    asyncio.run(act())
    ((_, request, metadata),) = service.calls
    assert request == v1.GetCodeRequest(code_id="c")
    assert metadata["authorization"] == "Bearer a-token"
    assert metadata["user-agent"].startswith("codeactions-python/")


def test_a_read_is_repeated_and_a_run_is_not(service: Service) -> None:
    service.script("GetCode", StatusCode.UNAVAILABLE, StatusCode.INTERNAL, v1.GetCodeResponse())
    service.script("RunCode", StatusCode.UNAVAILABLE)

    async def act() -> None:
        async with AsyncCodeActions(service.address) as client:
            await client.codes.get_code(code_id="c")
            with pytest.raises(CodeActionsError) as raised:
                await client.run(code_id="c")
        assert (raised.value.code, raised.value.reason) == (StatusCode.UNAVAILABLE, None)

    asyncio.run(act())
    assert [name for name, _, _ in service.calls] == ["GetCode"] * 3 + ["RunCode"]


def test_a_watched_pool_begins_anew_when_its_connection_breaks(service: Service) -> None:
    first, second = (v1.WatchPoolResponse(pool=v1.Pool(in_flight=number)) for number in (1, 2))
    heartbeat = v1.WatchPoolResponse(heartbeat=v1.Heartbeat())
    service.script("WatchPool", [first, heartbeat, StatusCode.UNAVAILABLE], [second, Service.WAIT])

    async def act() -> list[v1.WatchPoolResponse]:
        async with AsyncCodeActions(service.address) as client, client.watch_pool(project_id="mine") as steps:
            return [await steps.__anext__(), await steps.__anext__()]

    assert asyncio.run(act()) == [first, second]
    assert [request.project_id for _, request, _ in service.calls] == ["mine", "mine"]


def test_a_list_is_read_to_its_last_page(service: Service) -> None:
    first = v1.ListCodesResponse(codes=[v1.Code(id="1"), v1.Code(id="2")], next_page_token="a")
    empty = v1.ListCodesResponse(next_page_token="b")
    last = v1.ListCodesResponse(codes=[v1.Code(id="3")])
    service.script("ListCodes", first, empty, last)

    async def act() -> list[str]:
        async with AsyncCodeActions(service.address) as client:
            return [code.id async for code in client.list_all_codes(project_id="p")]

    assert asyncio.run(act()) == ["1", "2", "3"]
    assert [request.page_token for _, request, _ in service.calls] == ["", "a", "b"]


def test_a_tail_goes_on_after_its_last_item_through_broken_connections(service: Service) -> None:
    service.script(
        "TailLogs",
        [STARTED, entry("1", 1), StatusCode.UNAVAILABLE],
        [STARTED, entry("2", 2)],
        [STARTED, ENDED],
    )

    async def act() -> list[str | None]:
        async with AsyncCodeActions(service.address) as client:
            return [step.WhichOneof("event") async for step in client.tail(run_id="the-run", beginning=True)]

    assert asyncio.run(act()) == ["started", "batch", "batch", "ended"]
    froms = [(request.beginning, request.cursor) for _, request, _ in service.calls]
    assert froms == [(True, ""), (False, "1"), (False, "2")]


def test_a_streamed_run_goes_on_as_a_watched_one(service: Service) -> None:
    service.script("RunCodeStream", StatusCode.UNAVAILABLE, [RUN_STARTED, StatusCode.UNAVAILABLE])
    service.script("WatchRun", [RUN_FINISHED])

    async def act() -> list[str | None]:
        async with AsyncCodeActions(service.address) as client:
            return [step.WhichOneof("event") async for step in client.run_stream(code_id="c")]

    assert asyncio.run(act()) == ["started", "finished"]
    (_, first, _), (_, again, _), (_, watch, _) = service.calls
    assert first.request_id == again.request_id != ""
    assert watch == v1.WatchRunRequest(run_id="the-run", cursor="0")


def test_a_refusal_ends_the_loop_with_its_error(service: Service) -> None:
    service.script("TailLogs", [STARTED, StatusCode.NOT_FOUND])

    async def act() -> None:
        async with AsyncCodeActions(service.address) as client:
            steps = client.tail(run_id="the-run")
            await steps.__anext__()
            with pytest.raises(CodeActionsError) as raised:
                await steps.__anext__()
            assert raised.value.code is StatusCode.NOT_FOUND
            assert [step async for step in steps] == []

    asyncio.run(act())


def test_a_silent_stream_is_taken_up_again(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_asyncio, "SILENCE_MAX", 0.2)
    service.script("TailLogs", [STARTED, Service.WAIT], [ENDED])

    async def act() -> None:
        async with AsyncCodeActions(service.address) as client:
            kinds = [step.WhichOneof("event") async for step in client.tail(run_id="the-run")]
            assert kinds == ["started", "ended"]
            assert await hung_up(service) == "TailLogs"

    asyncio.run(act())


def test_leaving_the_loop_hangs_up(service: Service) -> None:
    service.script("TailLogs", [STARTED, Service.WAIT], [STARTED, entry("1", 1), Service.WAIT])

    async def act() -> None:
        async with AsyncCodeActions(service.address) as client:
            async for _ in client.tail(run_id="the-run"):
                await waiting(service)
                break
            assert await hung_up(service) == "TailLogs"
            async for _ in client.tail(run_id="the-run").entries():
                await waiting(service)
                break
            assert await hung_up(service) == "TailLogs"

    asyncio.run(act())


def test_cancelling_a_task_cancels_its_call(service: Service) -> None:
    service.script("RunCode", Service.WAIT)
    service.script("TailLogs", [STARTED, Service.WAIT])

    async def act() -> None:
        async with AsyncCodeActions(service.address) as client:

            async def follow() -> None:
                async for _ in client.tail(run_id="the-run"):
                    pass

            for call in (client.run(code_id="c"), follow()):
                task: asyncio.Task[Any] = asyncio.ensure_future(call)
                method = await waiting(service)
                task.cancel()
                with pytest.raises(asyncio.CancelledError):
                    await task
                assert await hung_up(service) == method

    asyncio.run(act())


def test_a_step_that_was_not_waited_for_any_longer_is_not_lost(service: Service) -> None:
    service.script("TailLogs", [STARTED, Service.WAIT], [STARTED, entry("1", 1), ENDED])

    async def act() -> None:
        async with AsyncCodeActions(service.address) as client:
            steps = client.tail(run_id="the-run")
            await steps.__anext__()
            with pytest.raises(asyncio.TimeoutError):
                await asyncio.wait_for(steps.__anext__(), 0.1)
            assert [step.WhichOneof("event") async for step in steps] == ["batch", "ended"]

    asyncio.run(act())
    assert [request.cursor for _, request, _ in service.calls] == ["", "0"]


def test_following_can_have_a_deadline(service: Service) -> None:
    service.script("TailLogs", [STARTED, Service.WAIT])

    async def act() -> None:
        async with AsyncCodeActions(service.address) as client:
            with pytest.raises(CodeActionsError) as raised:
                async for _ in client.tail(run_id="the-run", timeout=0.2):
                    pass
            assert raised.value.reason == "DEADLINE_EXCEEDED"

    asyncio.run(act())


def test_another_task_can_close_what_is_followed(service: Service) -> None:
    service.script("TailLogs", [STARTED, Service.WAIT])

    async def act() -> None:
        async with AsyncCodeActions(service.address) as client:
            steps = client.tail(run_id="the-run")

            await steps.__anext__()
            following = asyncio.ensure_future(steps.__anext__())
            await waiting(service)
            await steps.aclose()
            with pytest.raises(StopAsyncIteration):
                await asyncio.wait_for(following, PATIENCE)

    asyncio.run(act())


def test_closing_the_client_ends_calls_and_streams(service: Service) -> None:
    service.script("TailLogs", [STARTED, Service.WAIT])
    service.script("RunCode", Service.WAIT)

    async def act() -> None:
        client = AsyncCodeActions(service.address)

        async def follow() -> None:
            async for _ in client.tail(run_id="the-run"):
                pass

        async def run() -> None:
            await client.run(code_id="c")

        tasks = [asyncio.ensure_future(run()), asyncio.ensure_future(follow())]
        for _ in tasks:
            await waiting(service)
        await client.close()
        errors = await asyncio.gather(*tasks, run(), follow(), return_exceptions=True)
        assert [getattr(error, "reason", error) for error in errors] == ["CALL_CANCELLED"] * 4

    asyncio.run(act())


def test_the_bare_stream_ends_with_its_connection(service: Service) -> None:
    service.script("TailLogs", [STARTED, StatusCode.UNAVAILABLE], [STARTED, ENDED])

    async def act() -> None:
        async with AsyncCodeActions(service.address) as client:
            stream = client.logs.tail_logs(v1.TailLogsRequest(run_id="the-run"))
            assert await stream.__anext__() == STARTED
            with pytest.raises(CodeActionsError):
                await stream.__anext__()
            assert [message async for message in client.logs.tail_logs(run_id="the-run")] == [STARTED, ENDED]

    asyncio.run(act())


def test_a_channel_of_the_caller_s_own_stays_open(service: Service) -> None:
    service.script("GetCode", v1.GetCodeResponse(), v1.GetCodeResponse())

    async def act() -> None:
        async with grpc.aio.insecure_channel(service.address.removeprefix("http://")) as channel:
            for _ in range(2):
                async with AsyncCodeActions(channel=channel) as client:
                    await client.codes.get_code(code_id="c")

    asyncio.run(act())
