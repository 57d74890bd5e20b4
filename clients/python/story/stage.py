"""What both ways of playing share: the settings, the shapes that are looked at, and how outcomes are told."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterable
from typing import Any

import grpc

from codeactions import CodeActionsError, v1

KIND: dict[str, Any] = {"type": v1.CODE_TYPE_ENDPOINT, "language": v1.LANGUAGE_PYTHON}


class Settings:
    """What the file that STORY names holds; see clients/story/README.md."""

    def __init__(self) -> None:
        with open(os.environ["STORY"], encoding="utf-8") as file:
            told = json.load(file)
        self.address: str = told["address"]
        self.cut: str = told["cut"]
        self.flaky: str = told["flaky"]
        self.token: str = told["token"]
        self.project_id: str = told["projectId"]
        self.story: dict[str, dict[str, Any]] = told["story"]


def tell(case: str, error: BaseException | None) -> bool:
    outcome: dict[str, Any] = {"case": case, "ok": error is None}
    if error is not None:
        outcome["error"] = f"{type(error).__name__}: {error}"
    print(json.dumps(outcome), flush=True)
    return error is None


def same(actual: object, expected: object) -> None:
    if actual != expected:
        raise AssertionError(f"expected {expected!r:.500}, got {actual!r:.500}")


def shape_of(event: v1.RunEvent | v1.LogEvent) -> list[str | int]:
    """What a step shows: its kind, or the numbers of its entries."""
    batch = event.log if isinstance(event, v1.RunEvent) else event.batch
    numbers: list[str | int] = [entry.sequence for entry in batch.entries]
    return numbers or [str(event.WhichOneof("event"))]


def header_of(run: v1.Run, name: str) -> str | None:
    return next((header.value for header in run.result.headers if header.name == name), None)


def check_invalid(error: CodeActionsError, told: dict[str, Any]) -> None:
    same(error.code, grpc.StatusCode.INVALID_ARGUMENT)
    same(error.reason, told["reason"])
    same(error.fields[0].field, told["field"])
    same(error.metadata["line"].isdigit(), True)


def check_deadline(error: CodeActionsError) -> None:
    same(error.code, grpc.StatusCode.DEADLINE_EXCEEDED)
    same(error.reason, "DEADLINE_EXCEEDED")


def check_unauthenticated(error: CodeActionsError, told: dict[str, Any]) -> None:
    same(error.code, grpc.StatusCode.UNAUTHENTICATED)
    same(error.reason, told["reason"])


def check_durable(events: Iterable[v1.RunEvent], read: v1.Run, told: dict[str, Any]) -> None:
    seen = list(events)
    entries = [entry for event in seen for entry in event.log.entries]
    same([entry.sequence for entry in entries], list(range(1, len(entries) + 1)))
    for attempt in (1, 2):
        lines = [entry for entry in entries if entry.attempt == attempt and entry.text.startswith("line ")]
        same(len(lines), told["lines"])
    same([event.finished.status for event in seen if event.HasField("finished")], [v1.RUN_STATUS_SUCCEEDED])
    same((read.status, read.attempt), (v1.RUN_STATUS_SUCCEEDED, 2))
    (earlier,) = read.durable.earlier_attempts
    same((earlier.attempt, earlier.status), (1, v1.RUN_STATUS_FAILED))
    same(earlier.error.message, told["error"])


def check_schedule(made: v1.Schedule, again: v1.Schedule, read: v1.Schedule, told: dict[str, Any]) -> None:
    same((again.id, read.id), (made.id, made.id))
    same((read.cron, read.time_zone), (told["cron"], told["timeZone"]))
    same(read.next_fire_time.ToSeconds() > time.time(), True)


def check_paused(paused: v1.Schedule) -> None:
    same((paused.paused, paused.HasField("next_fire_time")), (True, False))


def check_cron(error: CodeActionsError, told: dict[str, Any]) -> None:
    same(error.reason, told["reason"])
    same(error.metadata["position"], told["position"])


def check_pages(found: Iterable[v1.Code], created: Iterable[str]) -> None:
    # Ids sort by time.
    same([code.id for code in found if code.name.startswith("Page ")], sorted(created, reverse=True))
