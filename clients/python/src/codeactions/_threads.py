"""Calls and streams for threads."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Iterable, Iterator
from typing import Any, Callable, Generic, TypeVar

import grpc

from codeactions import v1
from codeactions._errors import CodeActionsError, closed, cut, error_from
from codeactions._following import SILENCE_MAX, Event, Following, entries_of
from codeactions._methods import Method, Request, Response
from codeactions._pages import first_page, page_after
from codeactions._retries import Attempts, finite
from codeactions._settings import Settings

Item = TypeVar("Item")


class Core:
    """What all calls of a client share: the channel, the token, and the time there is. For any number of threads."""

    def __init__(self, settings: Settings, channel: grpc.Channel | None) -> None:
        self._settings = settings
        self._owned = _open_channel(settings) if channel is None else None
        self._channel = channel or self._owned
        self._stubs: dict[type[Any], Any] = {}
        self._changed = threading.Condition()
        self.is_closed = False

    def call(self, method: Method[Request, Response], request: Request, timeout: float | None) -> Response:
        """Makes a unary call, as often as it takes and is safe."""
        request = method.prepared(request)
        attempts = Attempts(method, request, self._settings.timeout_of(method, timeout))
        while True:
            try:
                response: Response = self._start(method, request, attempts.time_left())
                return response
            except grpc.RpcError as failed:
                error = self.error_of(failed)
            self.pause(attempts.delay_after(error))

    def stream(
        self,
        method: Method[Request, Response],
        request: Request,
        timeout: float | None,
        silence_max: float = math.inf,
    ) -> Stream[Response]:
        """Opens a stream that ends with its connection, or when nothing comes for too long."""
        call = self._start(method, request, finite(timeout))
        return Stream(self, call, silence_max)

    def follow(self, following: Following[Event], timeout: float | None) -> Steps[Event]:
        """Follows a stream through broken connections."""
        following.begin(math.inf if timeout is None else timeout, self._settings.give_up_after)
        return Steps(self, following)

    def pages(
        self,
        method: Method[Request, Response],
        request: Request,
        items: Callable[[Response], Iterable[Item]],
        timeout: float | None,
    ) -> Iterator[Item]:
        """Everything that a list has."""
        page: Request | None = first_page(request)
        while page is not None:
            answer = self.call(method, page, timeout)
            yield from items(answer)
            page = page_after(page, answer)

    def pause(self, seconds: float, is_over: Callable[[], bool] = lambda: False) -> None:
        """Waits, but no longer than until `is_over`, whose change `wake` tells. Raises when the client is closed."""
        with self._changed:
            self._changed.wait_for(lambda: self.is_closed or is_over(), seconds)
            if self.is_closed:
                raise closed()

    def wake(self) -> None:
        """Ends pauses that are over."""
        with self._changed:
            self._changed.notify_all()

    def error_of(self, failed: grpc.RpcError) -> CodeActionsError:
        """What callers see of an error of gRPC."""
        return closed() if self.is_closed else error_from(failed)

    def close(self) -> None:
        """Hangs up. What is under way fails, and so does whatever comes after."""
        with self._changed:
            self.is_closed = True
            self._changed.notify_all()
        if self._owned is not None:
            self._owned.close()

    def _start(self, method: Method[Any, Any], request: Any, timeout: float | None) -> Any:
        if self.is_closed:
            raise closed()
        stub = self._stubs.get(method.stub)
        if stub is None:
            stub = self._stubs.setdefault(method.stub, method.stub(self._channel))
        try:
            return getattr(stub, method.name)(request, timeout=timeout, metadata=self._settings.metadata)
        except ValueError:
            # What a channel says that was closed by another thread meanwhile.
            if self.is_closed:
                raise closed() from None
            raise


class Stream(Generic[Response]):
    """The messages of one stream, in order. It ends with its connection.

    Leaving the loop over it, or `close`, hangs up.
    """

    def __init__(self, core: Core, call: Any, silence_max: float = math.inf) -> None:
        self._core = core
        self._call = call
        self._alarm = _Alarm(silence_max, call.cancel) if math.isfinite(silence_max) else None
        self._is_closed = False

    def __iter__(self) -> Stream[Response]:
        return self

    def __next__(self) -> Response:
        """Waits for the next message."""
        if self._is_closed:
            raise StopIteration
        try:
            with self._alarm or _NO_ALARM:
                message: Response = next(self._call)
                return message
        except StopIteration:
            self.close()
            raise
        except grpc.RpcError as failed:
            was_closed = self._is_closed
            self.close()
            if was_closed:
                raise StopIteration from None
            if self._alarm is not None and self._alarm.has_rung:
                raise cut("nothing was heard from the service for too long") from failed
            raise self._core.error_of(failed) from failed

    def close(self) -> None:
        """Hangs up, and ends the loop over the stream. May be called by any thread, and again."""
        self._is_closed = True
        if self._alarm is not None:
            self._alarm.stop()
        self._call.cancel()

    def __enter__(self) -> Stream[Response]:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __del__(self) -> None:
        # Leaving a loop is the end of what it was over, and the call is not to outlive it.
        if hasattr(self, "_is_closed"):
            self.close()


class Steps(Generic[Event]):
    """What is followed, step by step, through broken connections: without a gap and without a duplicate.

    Heartbeats are swallowed. Leaving the loop over it, or `close`, ends the following; what is followed goes on. It is
    for one thread at a time, but `close` may be called by any.
    """

    def __init__(self, core: Core, following: Following[Event]) -> None:
        self._core = core
        self._following: Following[Event] = following
        self._stream: Stream[Any] | None = None
        self._lock = threading.Lock()
        self._is_closed = False

    def __iter__(self) -> Steps[Event]:
        return self

    def __next__(self) -> Event:
        """Waits for the next step. Raises a CodeActionsError when there is no going on."""
        self._following.wait()
        while not (self._is_closed or self._following.is_ended):
            try:
                for response in self._connection():
                    event: Event | None = self._following.event_of(response)
                    if event is not None and self._following.hear(event):
                        return event
                error = cut("the stream ended before its last event")
            except CodeActionsError as failed:
                error = failed
            self._go_on_after(error)
        self.close()
        raise StopIteration

    def entries(self) -> Iterator[v1.LogEntry]:
        """The log entries, one by one, without the other steps."""
        with self:
            for event in self:
                yield from entries_of(event)

    def close(self) -> None:
        """Ends the following, and the loop over it. May be called by any thread, and again."""
        with self._lock:
            self._is_closed = True
            self._hang_up()
        self._core.wake()

    def _connection(self) -> Iterable[Any]:
        with self._lock:
            if self._is_closed:
                return ()
            if self._stream is None:
                method, request = self._following.next_call()
                self._stream = self._core.stream(method, request, self._following.time_left(), SILENCE_MAX)
            return self._stream

    def _go_on_after(self, error: CodeActionsError) -> None:
        """Waits as long as the next connection has to wait. Raises where there is to be none."""
        with self._lock:
            self._hang_up()
        if self._is_closed:
            return
        try:
            self._core.pause(self._following.delay_after(error), lambda: self._is_closed)
        except CodeActionsError:
            self._is_closed = True
            raise

    def _hang_up(self) -> None:
        if self._stream is not None:
            self._stream.close()
        self._stream = None

    def __enter__(self) -> Steps[Event]:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class _Alarm:
    """Hangs up when somebody has waited for too long.

    It takes a thread per stream, because gRPC's own iterator for threads cannot wait for a limited time.
    """

    def __init__(self, seconds: float, hang_up: Callable[[], object]) -> None:
        self.has_rung = False
        self._seconds = seconds
        self._hang_up = hang_up
        self._waiting_since: float | None = None
        self._stopped = threading.Event()
        threading.Thread(target=self._watch, name="codeactions-silence", daemon=True).start()

    def stop(self) -> None:
        self._stopped.set()

    def __enter__(self) -> None:
        self._waiting_since = time.monotonic()

    def __exit__(self, *_: object) -> None:
        self._waiting_since = None

    def _watch(self) -> None:
        left = self._seconds
        while not self._stopped.wait(left):
            since = self._waiting_since
            left = self._seconds if since is None else since + self._seconds - time.monotonic()
            if left <= 0:
                self.has_rung = True
                self._hang_up()
                return


class _NoAlarm:
    def __enter__(self) -> None:
        pass

    def __exit__(self, *_: object) -> None:
        pass


_NO_ALARM = _NoAlarm()


def _open_channel(settings: Settings) -> grpc.Channel:
    if settings.credentials is None:
        return grpc.insecure_channel(settings.target, options=settings.options)
    return grpc.secure_channel(settings.target, settings.credentials, options=settings.options)
