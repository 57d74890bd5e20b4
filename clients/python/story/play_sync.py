"""Plays the story with the client for threads."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
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

from codeactions import CodeActions, CodeActionsError, v1


def play(settings: Settings) -> bool:
    """Plays every case in the order of the story, also after a failed one, and tells the outcome of each."""
    outcomes = []
    with Stage(settings) as stage:
        for name, act in CASES.items():
            try:
                act(stage, settings.story.get(name, {}))
            except Exception as error:
                outcomes.append(tell(name, error))
            else:
                outcomes.append(tell(name, None))
    return all(outcomes)


class Stage(ExitStack):
    """What the cases share: the client, and the code that the first of them makes."""

    def __init__(self, settings: Settings) -> None:
        super().__init__()
        self.settings = settings
        self.client = self.over(settings.address)
        self.code_id = ""

    def over(self, address: str, token: str | None = None) -> CodeActions:
        return self.enter_context(CodeActions(address, token or self.settings.token))

    def create(self, name: str, source: str, request_id: str | None = None) -> v1.Code:
        project_id = self.settings.project_id
        return self.client.codes.create_code(
            project_id=project_id, name=name, source=source, request_id=request_id, **KIND
        ).code

    def log_of(self, run: v1.Run) -> list[str]:
        return [entry.text for entry in self.client.tail(run_id=run.id, beginning=True).entries()]


def create(stage: Stage, told: dict[str, Any]) -> None:
    request_id = str(uuid.uuid4())
    code = stage.create(told["name"], told["source"], request_id=request_id)
    stage.code_id = code.id
    same(code.slug, told["slug"])
    same(code.active_version, 1)
    same(stage.create(told["name"], told["source"], request_id=request_id).id, code.id)


def invalid(stage: Stage, told: dict[str, Any]) -> None:
    check_invalid(error_of(lambda: stage.create("Not a code", told["source"])), told)


def run(stage: Stage, told: dict[str, Any]) -> None:
    given = {"query": told["query"], "headers": [told["header"]], "body": told["body"].encode()}
    done = stage.client.run(code_id=stage.code_id, input=given)
    same(done.status, v1.RUN_STATUS_SUCCEEDED)
    same(done.result.status_code, told["status"])
    same(done.result.body.decode(), told["body"])
    same(header_of(done, told["header"]["name"]), told["header"]["value"])
    same(stage.log_of(done), [told["log"]])


def all_bytes(stage: Stage, _: dict[str, Any]) -> None:
    body = bytes(range(256)) * 1000
    done = stage.client.run(code_id=stage.code_id, input=v1.RunInput(body=body))
    same(done.result.body == body, True)


def unicode(stage: Stage, told: dict[str, Any]) -> None:
    text = told["text"]
    query = [v1.Pair(name="name", value=text)]
    done = stage.client.run(code_id=stage.code_id, input=v1.RunInput(query=query, body=text.encode()))
    same(done.result.body.decode(), text)
    same(stage.log_of(done), [f"hello {text}"])


def stream(stage: Stage, told: dict[str, Any]) -> None:
    code = stage.create("Streams", told["source"])
    same(
        seen(stage.client.run_stream(code_id=code.id)), ["started", *range(1, told["lines"] + 1), "finished"]
    )


def tail(stage: Stage, _: dict[str, Any]) -> None:
    told = stage.settings.story["tail"]
    code = stage.create("Tails", told["source"])
    with stage.client.run_stream(code_id=code.id) as steps:
        run_id = next(steps).started.id
    steps_of_tail = stage.over(stage.settings.cut).tail(run_id=run_id, beginning=True)
    same(seen(steps_of_tail), ["started", *range(1, told["lines"] + 1), "ended"])


def watch(stage: Stage, _: dict[str, Any]) -> None:
    told = stage.settings.story["tail"]
    code = stage.create("Watches", told["source"])
    steps = stage.over(stage.settings.cut).run_stream(code_id=code.id)
    same(seen(steps), ["started", *range(1, told["lines"] + 1), "finished"])


def pages(stage: Stage, told: dict[str, Any]) -> None:
    source = stage.settings.story["create"]["source"]
    with ThreadPoolExecutor(16) as threads:
        created = list(
            threads.map(lambda place: stage.create(f"Page {place}", source).id, range(told["codes"]))
        )
    check_pages(stage.client.list_all_codes(project_id=stage.settings.project_id, page_size=100), created)


def deadline(stage: Stage, told: dict[str, Any]) -> None:
    code = stage.create("Sleeps", told["source"])
    seconds = told["milliseconds"] / 1000
    check_deadline(error_of(lambda: stage.client.run(code_id=code.id, timeout=seconds)))


def cancel(stage: Stage, _: dict[str, Any]) -> None:
    code = stage.create("Sleeps too", stage.settings.story["deadline"]["source"])
    run_id = ""
    for event in stage.client.run_stream(code_id=code.id):
        if event.HasField("started"):
            run_id = event.started.id
        if event.HasField("log"):
            break
    same(stage.client.runs.cancel_run(run_id=run_id).run.status, v1.RUN_STATUS_CANCELLED)


def retry(stage: Stage, _: dict[str, Any]) -> None:
    client = stage.over(stage.settings.flaky)
    same(client.codes.get_code(code_id=stage.code_id).code.id, stage.code_id)


def no_retry(stage: Stage, _: dict[str, Any]) -> None:
    client = stage.over(stage.settings.flaky)
    try:
        client.run(code_id=stage.code_id)
    except CodeActionsError as error:
        same(error.code, grpc.StatusCode.UNAVAILABLE)


def unauthenticated(stage: Stage, told: dict[str, Any]) -> None:
    stranger = stage.over(stage.settings.address, told["token"])
    check_unauthenticated(error_of(lambda: stranger.codes.get_code(code_id=stage.code_id)), told)


def large(stage: Stage, told: dict[str, Any]) -> None:
    body = b"\x07" * told["bytes"]
    done = stage.client.run(code_id=stage.code_id, input=v1.RunInput(body=body))
    same(done.result.body == body, True)
    refused = v1.RunInput(body=bytes(told["refused"]))
    same(error_of(lambda: stage.client.run(code_id=stage.code_id, input=refused)).reason, told["reason"])


def durable(stage: Stage, told: dict[str, Any]) -> None:
    code = stage.create("Tries again", told["source"])
    policy = {"max_attempts": 2, "backoff": timedelta(milliseconds=100)}
    queued = stage.client.runs.start_run(code_id=code.id, retry_policy=policy)
    watching = stage.over(stage.settings.cut).watch(run_id=queued.run.id)
    events = list(watching)
    read = stage.client.runs.get_run(run_id=queued.run.id)
    check_durable(events, read.run, told)


def schedule(stage: Stage, told: dict[str, Any]) -> None:
    runs = stage.client.runs
    request = v1.CreateScheduleRequest(
        code_id=stage.code_id,
        name=told["name"],
        cron=told["cron"],
        time_zone=told["timeZone"],
        request_id=str(uuid.uuid4()),
    )
    made = runs.create_schedule(request).schedule
    again = runs.create_schedule(request).schedule
    read = runs.get_schedule(schedule_id=made.id).schedule
    check_schedule(made, again, read, told)
    wrong = error_of(
        lambda: runs.create_schedule(code_id=stage.code_id, name=told["name"], cron=told["wrong"])
    )
    check_cron(wrong, told)
    changed = runs.update_schedule(schedule_id=made.id, etag=read.etag, paused=True)
    check_paused(changed.schedule)
    same([listed.id for listed in list(stage.client.list_all_schedules(code_id=stage.code_id))], [made.id])
    runs.delete_schedule(schedule_id=made.id)
    same(list(stage.client.list_all_schedules(code_id=stage.code_id)), [])


CASES: dict[str, Callable[[Stage, dict[str, Any]], None]] = {
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


def seen(steps: Iterable[v1.RunEvent | v1.LogEvent]) -> list[str | int]:
    return [part for event in steps for part in shape_of(event)]


def error_of(call: Callable[[], object]) -> CodeActionsError:
    try:
        call()
    except CodeActionsError as error:
        return error
    raise AssertionError("expected an error, but the call succeeded")
