"""What it takes to follow a stream through broken connections, without the connections themselves."""

from __future__ import annotations

import time
from collections.abc import Iterable
from typing import Any, Callable, Generic, TypeVar

from codeactions import _generated_methods as methods
from codeactions import v1
from codeactions._errors import CodeActionsError, too_late
from codeactions._methods import Method, with_request_id
from codeactions._retries import delay_after, did_nothing, finite, may_pass

Event = TypeVar("Event", v1.RunEvent, v1.LogEvent, v1.WatchPoolResponse)

SILENCE_MAX = 45.0
"""Heartbeats come every 15 seconds; a stream that has been silent for three of them is taken for broken."""


class Following(Generic[Event]):
    """Where a followed stream stands: what to open next, which events are news, when to give up.

    A stream that breaks is opened again after the last event that was seen, which leaves no gap and no duplicate.
    """

    def __init__(self) -> None:
        self.is_ended = False
        self._cursor: str | None = None
        self._failures = 0

    def begin(
        self, timeout: float, give_up_after: float, clock: Callable[[], float] = time.monotonic
    ) -> None:
        """Sets out: to follow for so long at most, and to give up when nothing came for so long."""
        self._clock = clock
        self._deadline = clock() + timeout
        self._give_up_after = give_up_after
        self._heard_at = clock()

    def time_left(self) -> float | None:
        """The seconds that are left to follow; None for no limit."""
        return finite(self._deadline - self._clock())

    def next_call(self) -> tuple[Method[Any, Any], Any]:
        """What to open: the stream that was asked for or, once something was seen of it, what comes after that."""
        raise NotImplementedError

    def event_of(self, response: Any) -> Any:
        """The event that an answer brings; None if it brings none."""
        return response.event if response.HasField("event") else None

    def wait(self) -> None:
        """The caller begins to wait for an event. Time that it spends with one is no silence of the service."""
        self._heard_at = self._clock()

    def hear(self, event: Event) -> bool:
        """Takes note of an event, and tells whether it is news to the caller."""
        kind = event.WhichOneof("event")
        is_news = kind != "heartbeat" and not (kind == "started" and self._cursor is not None)
        if kind != "started":
            self._failures = 0
        self._heard_at = self._clock()
        # A heartbeat's cursor may be further than its predecessor's, past entries that a filter hides.
        self._cursor = getattr(event, "cursor", "")
        self.is_ended = kind in ("finished", "ended")
        return is_news

    def delay_after(self, error: CodeActionsError) -> float:
        """How long to wait before the next connection. Raises the error where there is to be none."""
        now = self._clock()
        is_tired = now - self._heard_at > self._give_up_after
        if is_tired or not (may_pass(error) or did_nothing(error)):
            raise error
        self._failures += 1
        delay = delay_after(self._failures, error.retry_after)
        if now + delay >= self._deadline:
            raise too_late() from error
        return delay


class RunFollowing(Following[v1.RunEvent]):
    """Follows a run that is started by the first call, or was started by somebody else, and is watched from then on."""

    def __init__(self, method: Method[Any, Any], request: Any) -> None:
        super().__init__()
        self._method = method
        # A streamed run goes on without its caller anyway, so that an id of our own changes nothing but makes it safe to
        # ask again when even the first event was lost.
        self._request = with_request_id(request)
        self._run_id: str = getattr(request, "run_id", "")

    def next_call(self) -> tuple[Method[Any, Any], Any]:
        if self._cursor is None:
            return self._method, self._request
        return methods.WATCH_RUN, v1.WatchRunRequest(run_id=self._run_id, cursor=self._cursor)

    def hear(self, event: v1.RunEvent) -> bool:
        if event.HasField("started"):
            self._run_id = event.started.id
        return super().hear(event)


class TailFollowing(Following[v1.LogEvent]):
    """Follows a log."""

    def __init__(self, method: Method[Any, Any], request: v1.TailLogsRequest) -> None:
        super().__init__()
        self._method = method
        self._request = request

    def next_call(self) -> tuple[Method[Any, Any], Any]:
        if self._cursor is None:
            return self._method, self._request
        after = v1.TailLogsRequest()
        after.CopyFrom(self._request)
        after.cursor = self._cursor
        return self._method, after


class PoolFollowing(Following[v1.WatchPoolResponse]):
    """Follows the pool. It has no cursor: each connection begins anew with the whole of it."""

    def __init__(self, method: Method[Any, Any], request: v1.WatchPoolRequest) -> None:
        super().__init__()
        self._method = method
        self._request = request

    def next_call(self) -> tuple[Method[Any, Any], Any]:
        return self._method, self._request

    def event_of(self, response: v1.WatchPoolResponse) -> Any:
        return response if response.WhichOneof("event") else None


def entries_of(event: v1.RunEvent | v1.LogEvent | v1.WatchPoolResponse) -> Iterable[v1.LogEntry]:
    """The log entries of an event; none if it is about something else."""
    if isinstance(event, v1.RunEvent):
        return event.log.entries
    return event.batch.entries if isinstance(event, v1.LogEvent) else ()
