"""Plays the story with the client for asyncio."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import AsyncIterable, Awaitable
from contextlib import AsyncExitStack
from datetime import timedelta
from typing import Any, Callable

import grpc
from stage import (
    KIND,
    Settings,
    check_cron,
    check_deadline,
    check_durable,
    check_invalid,
    check_pages,
    check_paused,
    check_schedule,
    check_unauthenticated,
    header_of,
    same,
    shape_of,
    tell,
)

from codeactions import AsyncCodeActions, CodeActionsError, v1


async def play(settings: Settings) -> bool:
    """Plays every case in the order of the story, also after a failed one, and tells the outcome of each."""
    outcomes = []
    async with Stage(settings) as stage:
        for name, act in CASES.items():
            try:
                await act(stage, settings.story.get(name, {}))
            except Exception as error:
                outcomes.append(tell(name, error))
            else:
                outcomes.append(tell(name, None))
    return all(outcomes)


class Stage(AsyncExitStack):
    """What the cases share: the client, and the code that the first of them makes."""

    def __init__(self, settings: Settings) -> None:
        super().__init__()
        self.settings = settings
        self.client = self.over(settings.address)
        self.code_id = ""

    def over(self, address: str, token: str | None = None) -> AsyncCodeActions:
        client = AsyncCodeActions(address, token or self.settings.token)
        self.push_async_callback(client.close)
        return client

    async def create(self, name: str, source: str, request_id: str | None = None) -> v1.Code:
        project_id = self.settings.project_id
        created = await self.client.codes.create_code(
            project_id=project_id, name=name, source=source, request_id=request_id, **KIND
        )
        return created.code

    async def log_of(self, run: v1.Run) -> list[str]:
        return [entry.text async for entry in self.client.tail(run_id=run.id, beginning=True).entries()]


async def create(stage: Stage, told: dict[str, Any]) -> None:
    request_id = str(uuid.uuid4())
    code = await stage.create(told["name"], told["source"], request_id=request_id)
    stage.code_id = code.id
    same(code.slug, told["slug"])
    same(code.active_version, 1)
    same((await stage.create(told["name"], told["source"], request_id=request_id)).id, code.id)


async def invalid(stage: Stage, told: dict[str, Any]) -> None:
    check_invalid(await error_of(stage.create("Not a code", told["source"])), told)


async def run(stage: Stage, told: dict[str, Any]) -> None:
    given = {"query": told["query"], "headers": [told["header"]], "body": told["body"].encode()}
    done = await stage.client.run(code_id=stage.code_id, input=given)
    same(done.status, v1.RUN_STATUS_SUCCEEDED)
    same(done.result.status_code, told["status"])
    same(done.result.body.decode(), told["body"])
    same(header_of(done, told["header"]["name"]), told["header"]["value"])
    same(await stage.log_of(done), [told["log"]])


async def all_bytes(stage: Stage, _: dict[str, Any]) -> None:
    body = bytes(range(256)) * 1000
    done = await stage.client.run(code_id=stage.code_id, input=v1.RunInput(body=body))
    same(done.result.body == body, True)


async def unicode(stage: Stage, told: dict[str, Any]) -> None:
    text = told["text"]
    query = [v1.Pair(name="name", value=text)]
    done = await stage.client.run(code_id=stage.code_id, input=v1.RunInput(query=query, body=text.encode()))
    same(done.result.body.decode(), text)
    same(await stage.log_of(done), [f"hello {text}"])


async def stream(stage: Stage, told: dict[str, Any]) -> None:
    code = await stage.create("Streams", told["source"])
    steps = stage.client.run_stream(code_id=code.id)
    same(await seen(steps), ["started", *range(1, told["lines"] + 1), "finished"])


async def tail(stage: Stage, _: dict[str, Any]) -> None:
    told = stage.settings.story["tail"]
    code = await stage.create("Tails", told["source"])
    async with stage.client.run_stream(code_id=code.id) as steps:
        run_id = (await steps.__anext__()).started.id
    steps_of_tail = stage.over(stage.settings.cut).tail(run_id=run_id, beginning=True)
    same(await seen(steps_of_tail), ["started", *range(1, told["lines"] + 1), "ended"])


async def watch(stage: Stage, _: dict[str, Any]) -> None:
    told = stage.settings.story["tail"]
    code = await stage.create("Watches", told["source"])
    steps = stage.over(stage.settings.cut).run_stream(code_id=code.id)
    same(await seen(steps), ["started", *range(1, told["lines"] + 1), "finished"])


async def pages(stage: Stage, told: dict[str, Any]) -> None:
    source = stage.settings.story["create"]["source"]
    at_once = asyncio.Semaphore(16)

    async def create_page(place: int) -> str:
        async with at_once:
            return (await stage.create(f"Page {place}", source)).id

    created = await asyncio.gather(*map(create_page, range(told["codes"])))
    listed = stage.client.list_all_codes(project_id=stage.settings.project_id, page_size=100)
    check_pages([code async for code in listed], created)


async def deadline(stage: Stage, told: dict[str, Any]) -> None:
    code = await stage.create("Sleeps", told["source"])
    seconds = told["milliseconds"] / 1000
    check_deadline(await error_of(stage.client.run(code_id=code.id, timeout=seconds)))


async def cancel(stage: Stage, _: dict[str, Any]) -> None:
    code = await stage.create("Sleeps too", stage.settings.story["deadline"]["source"])
    run_id = ""

    async def follow() -> None:
        nonlocal run_id
        async for event in stage.client.run_stream(code_id=code.id):
            if event.HasField("started"):
                run_id = event.started.id
            if event.HasField("log"):
                following.cancel()

    following = asyncio.create_task(follow())
    await asyncio.wait([following])
    same(following.cancelled(), True)
    same((await stage.client.runs.cancel_run(run_id=run_id)).run.status, v1.RUN_STATUS_CANCELLED)


async def retry(stage: Stage, _: dict[str, Any]) -> None:
    client = stage.over(stage.settings.flaky)
    same((await client.codes.get_code(code_id=stage.code_id)).code.id, stage.code_id)


async def no_retry(stage: Stage, _: dict[str, Any]) -> None:
    client = stage.over(stage.settings.flaky)
    try:
        await client.run(code_id=stage.code_id)
    except CodeActionsError as error:
        same(error.code, grpc.StatusCode.UNAVAILABLE)


async def unauthenticated(stage: Stage, told: dict[str, Any]) -> None:
    stranger = stage.over(stage.settings.address, told["token"])
    check_unauthenticated(await error_of(stranger.codes.get_code(code_id=stage.code_id)), told)


async def large(stage: Stage, told: dict[str, Any]) -> None:
    body = b"\x07" * told["bytes"]
    done = await stage.client.run(code_id=stage.code_id, input=v1.RunInput(body=body))
    same(done.result.body == body, True)
    refused = v1.RunInput(body=bytes(told["refused"]))
    error = await error_of(stage.client.run(code_id=stage.code_id, input=refused))
    same(error.reason, told["reason"])


async def durable(stage: Stage, told: dict[str, Any]) -> None:
    code = await stage.create("Tries again", told["source"])
    policy = {"max_attempts": 2, "backoff": timedelta(milliseconds=100)}
    queued = await stage.client.runs.start_run(code_id=code.id, retry_policy=policy)
    watching = stage.over(stage.settings.cut).watch(run_id=queued.run.id)
    events = [event async for event in watching]
    read = await stage.client.runs.get_run(run_id=queued.run.id)
    check_durable(events, read.run, told)


async def schedule(stage: Stage, told: dict[str, Any]) -> None:
    runs = stage.client.runs
    request = v1.CreateScheduleRequest(
        code_id=stage.code_id,
        name=told["name"],
        cron=told["cron"],
        time_zone=told["timeZone"],
        request_id=str(uuid.uuid4()),
    )
    made = (await runs.create_schedule(request)).schedule
    again = (await runs.create_schedule(request)).schedule
    read = (await runs.get_schedule(schedule_id=made.id)).schedule
    check_schedule(made, again, read, told)
    wrong = await error_of(runs.create_schedule(code_id=stage.code_id, name=told["name"], cron=told["wrong"]))
    check_cron(wrong, told)
    changed = await runs.update_schedule(schedule_id=made.id, etag=read.etag, paused=True)
    check_paused(changed.schedule)
    same(
        [
            listed.id
            for listed in [
                schedule async for schedule in stage.client.list_all_schedules(code_id=stage.code_id)
            ]
        ],
        [made.id],
    )
    await runs.delete_schedule(schedule_id=made.id)
    same([schedule async for schedule in stage.client.list_all_schedules(code_id=stage.code_id)], [])


CASES: dict[str, Callable[[Stage, dict[str, Any]], Awaitable[None]]] = {
    "create": create,
    "invalid": invalid,
    "run": run,
    "bytes": all_bytes,
    "unicode": unicode,
    "stream": stream,
    "tail": tail,
    "watch": watch,
    "pages": pages,
    "deadline": deadline,
    "cancel": cancel,
    "retry": retry,
    "noretry": no_retry,
    "unauthenticated": unauthenticated,
    "large": large,
    "durable": durable,
    "schedule": schedule,
}


async def seen(steps: AsyncIterable[v1.RunEvent | v1.LogEvent]) -> list[str | int]:
    return [part async for event in steps for part in shape_of(event)]


async def error_of(call: Awaitable[object]) -> CodeActionsError:
    try:
        await call
    except CodeActionsError as error:
        return error
    raise AssertionError("expected an error, but the call succeeded")
