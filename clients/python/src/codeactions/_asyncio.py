"""Calls and streams for asyncio."""

from __future__ import annotations

import asyncio
import math
from collections.abc import AsyncIterable, AsyncIterator, Iterable
from typing import Any, Callable, Generic, TypeVar

import grpc
import grpc.aio

from codeactions import v1
from codeactions._errors import CodeActionsError, closed, cut, error_from
from codeactions._following import SILENCE_MAX, Event, Following, entries_of
from codeactions._methods import Method, Request, Response
from codeactions._pages import first_page, page_after
from codeactions._retries import Attempts, finite
from codeactions._settings import Settings

Item = TypeVar("Item")


class AsyncCore:
    """What all calls of a client share: the channel, the token, and the time there is. For one event loop."""

    def __init__(self, settings: Settings, channel: grpc.aio.Channel | None) -> None:
        self._settings = settings
        self._channel = channel
        self._is_owned = channel is None
        self._stubs: dict[type[Any], Any] = {}
        self._under_way: set[Any] = set()
        self.is_closed = False

    async def call(
        self, method: Method[Request, Response], request: Request, timeout: float | None
    ) -> Response:
        """Makes a unary call, as often as it takes and is safe."""
        request = method.prepared(request)
        attempts = Attempts(method, request, self._settings.timeout_of(method, timeout))
        while True:
            try:
                response: Response = await self._start(method, request, attempts.time_left())
                return response
            except grpc.RpcError as failed:
                error = self.error_of(failed)
            except asyncio.CancelledError:
                # Closing the client cancels what is under way, but not the task that waits for it.
                if not self.is_closed or is_task_cancelled():
                    raise
                raise closed() from None
            await asyncio.sleep(attempts.delay_after(error))

    def stream(
        self,
        method: Method[Request, Response],
        request: Request,
        timeout: float | None,
        silence_max: float = math.inf,
    ) -> AsyncStream[Response]:
        """Opens a stream that ends with its connection, or when nothing comes for too long."""
        call = self._start(method, request, finite(timeout))
        return AsyncStream(self, call, silence_max)

    def follow(self, following: Following[Event], timeout: float | None) -> AsyncSteps[Event]:
        """Follows a stream through broken connections."""
        following.begin(math.inf if timeout is None else timeout, self._settings.give_up_after)
        return AsyncSteps(self, following)

    async def pages(
        self,
        method: Method[Request, Response],
        request: Request,
        items: Callable[[Response], Iterable[Item]],
        timeout: float | None,
    ) -> AsyncIterator[Item]:
        """Everything that a list has."""
        page: Request | None = first_page(request)
        while page is not None:
            answer = await self.call(method, page, timeout)
            for item in items(answer):
                yield item
            page = page_after(page, answer)

    def error_of(self, failed: grpc.RpcError) -> CodeActionsError:
        """What callers see of an error of gRPC."""
        return closed() if self.is_closed else error_from(failed)

    async def close(self) -> None:
        """Hangs up. What is under way fails, and so does whatever comes after."""
        self.is_closed = True
        if self._is_owned and self._channel is not None:
            # A channel that is closed forgets about most calls over it.
            for call in list(self._under_way):
                call.cancel()
            await self._channel.close()

    def _start(self, method: Method[Any, Any], request: Any, timeout: float | None) -> Any:
        if self.is_closed:
            raise closed()
        if self._channel is None:
            # A channel belongs to the event loop it is opened in, and clients are also made where none runs yet.
            self._channel = _open_channel(self._settings)
        stub = self._stubs.get(method.stub)
        if stub is None:
            stub = self._stubs[method.stub] = method.stub(self._channel)
        call = getattr(stub, method.name)(request, timeout=timeout, metadata=self._settings.metadata)
        self._under_way.add(call)
        call.add_done_callback(self._under_way.discard)
        return call


class AsyncStream(Generic[Response]):
    """The messages of one stream, in order. It ends with its connection.

    Leaving the loop over it, cancelling the task that waits for it, or `aclose`, hangs up.
    """

    def __init__(self, core: AsyncCore, call: Any, silence_max: float = math.inf) -> None:
        self._core = core
        self._call = call
        self._silence_max = silence_max
        self._is_silent = False
        self._is_closed = False

    def __aiter__(self) -> AsyncStream[Response]:
        return self

    async def __anext__(self) -> Response:
        """Waits for the next message."""
        if self._is_closed:
            raise StopAsyncIteration
        try:
            message: Response = await self._read()
        except grpc.RpcError as failed:
            self._hang_up()
            raise self._core.error_of(failed) from failed
        except asyncio.CancelledError:
            is_ours = self._is_closed or self._is_silent or self._core.is_closed
            was_closed = self._is_closed
            self._hang_up()
            if not is_ours or is_task_cancelled():
                raise
            if was_closed:
                raise StopAsyncIteration from None
            if self._core.is_closed:
                raise closed() from None
            raise cut("nothing was heard from the service for too long") from None
        if message is grpc.aio.EOF:  # type: ignore[attr-defined]
            self._hang_up()
            raise StopAsyncIteration
        return message

    async def aclose(self) -> None:
        """Hangs up, and ends the loop over the stream."""
        self._hang_up()

    async def _read(self) -> Any:
        if math.isinf(self._silence_max):
            return await self._call.read()
        alarm = asyncio.get_running_loop().call_later(self._silence_max, self._ring)
        try:
            return await self._call.read()
        finally:
            alarm.cancel()

    def _ring(self) -> None:
        self._is_silent = True
        self._call.cancel()

    def _hang_up(self) -> None:
        self._is_closed = True
        self._call.cancel()

    async def __aenter__(self) -> AsyncStream[Response]:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.aclose()

    def __del__(self) -> None:
        # Leaving a loop is the end of what it was over, and the call is not to outlive it; gRPC's own objects hold each
        # other until the next collection of garbage.
        if not self._call.done():
            self._call.cancel()


class AsyncSteps(Generic[Event]):
    """What is followed, step by step, through broken connections: without a gap and without a duplicate.

    Heartbeats are swallowed. Leaving the loop over it, cancelling the task that waits for it, or `aclose`, ends the
    following; what is followed goes on. It is for one task at a time.
    """

    def __init__(self, core: AsyncCore, following: Following[Event]) -> None:
        self._core = core
        self._following: Following[Event] = following
        self._stream: AsyncStream[Any] | None = None
        self._is_closed = False

    def __aiter__(self) -> AsyncSteps[Event]:
        return self

    async def __anext__(self) -> Event:
        """Waits for the next step. Raises a CodeActionsError when there is no going on."""
        self._following.wait()
        while not (self._is_closed or self._following.is_ended):
            try:
                async for response in self._connection():
                    event: Event | None = self._following.event_of(response)
                    if event is not None and self._following.hear(event):
                        return event
                error = cut("the stream ended before its last event")
            except CodeActionsError as failed:
                error = failed
            await self._go_on_after(error)
        await self.aclose()
        raise StopAsyncIteration

    async def entries(self) -> AsyncIterator[v1.LogEntry]:
        """The log entries, one by one, without the other steps."""
        async with self:
            async for event in self:
                for entry in entries_of(event):
                    yield entry

    async def aclose(self) -> None:
        """Ends the following, and the loop over it."""
        self._is_closed = True
        await self._hang_up()

    def _connection(self) -> AsyncIterable[Any]:
        if self._stream is None:
            method, request = self._following.next_call()
            self._stream = self._core.stream(method, request, self._following.time_left(), SILENCE_MAX)
        return self._stream

    async def _go_on_after(self, error: CodeActionsError) -> None:
        """Waits as long as the next connection has to wait. Raises where there is to be none."""
        await self._hang_up()
        if self._is_closed:
            return
        try:
            await asyncio.sleep(self._following.delay_after(error))
        except CodeActionsError:
            self._is_closed = True
            raise

    async def _hang_up(self) -> None:
        if self._stream is not None:
            await self._stream.aclose()
        self._stream = None

    async def __aenter__(self) -> AsyncSteps[Event]:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.aclose()


def is_task_cancelled() -> bool:
    """Whether somebody wants the running task to end. Before Python 3.11 tasks do not tell."""
    cancelling = getattr(asyncio.current_task(), "cancelling", None)
    return cancelling is not None and cancelling() > 0


def _open_channel(settings: Settings) -> grpc.aio.Channel:
    if settings.credentials is None:
        return grpc.aio.insecure_channel(settings.target, options=settings.options)
    return grpc.aio.secure_channel(settings.target, settings.credentials, options=settings.options)
