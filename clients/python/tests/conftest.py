"""A real gRPC server on a port of its own, which answers as a test tells it to."""

from __future__ import annotations

import queue
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Callable

import grpc
import pytest

from codeactions.v1 import code_service_pb2_grpc, log_service_pb2_grpc, runner_service_pb2_grpc

PATIENCE = 20.0
"""Seconds until something that does not happen fails a test."""


class Service:
    """Answers each call of a method with the next of the answers that `script` was given for it.

    A list is the messages of a stream, where a status code breaks it off and `WAIT` keeps it open until it is hung up.
    """

    WAIT = object()

    def __init__(self, credentials: grpc.ServerCredentials | None = None) -> None:
        self.calls: list[tuple[str, Any, dict[str, Any]]] = []
        """The calls that came: name, request, metadata."""
        self.hung_up: queue.Queue[str] = queue.Queue()
        """The methods whose callers went away."""
        self.waiting: queue.Queue[str] = queue.Queue()
        """The methods that have come to a `WAIT`."""
        self._answers: dict[str, list[Any]] = {}
        # Without threads that are still waiting for a call that was given up, a server would not end.
        self._threads = ThreadPoolExecutor(16)
        self._server = grpc.server(self._threads)
        if credentials is None:
            self.address = f"http://127.0.0.1:{self._server.add_insecure_port('127.0.0.1:0')}"
        else:
            self.address = f"https://127.0.0.1:{self._server.add_secure_port('127.0.0.1:0', credentials)}"
        stubs: Any = (code_service_pb2_grpc, runner_service_pb2_grpc, log_service_pb2_grpc)
        codes, runs, logs = stubs
        codes.add_CodeServiceServicer_to_server(self._servicer("GetCode", "ListCodes"), self._server)
        streaming = self._servicer(
            "RunCode", "RunCodeStream", "WatchRun", "WatchPool", "StartRun", "ReplayRun", "CreateSchedule"
        )
        runs.add_RunnerServiceServicer_to_server(streaming, self._server)
        logs.add_LogServiceServicer_to_server(self._servicer("TailLogs"), self._server)
        self._server.start()

    def script(self, method: str, *answers: Any) -> None:
        self._answers.setdefault(method, []).extend(answers)

    def close(self) -> None:
        self._server.stop(None).wait(PATIENCE)
        self._threads.shutdown()

    def _servicer(self, *methods: str) -> Any:
        servicer = _Servicer()
        for method in methods:
            is_stream = method in ("RunCodeStream", "WatchRun", "TailLogs", "WatchPool")
            setattr(servicer, method, self._stream(method) if is_stream else self._answer(method))
        return servicer

    def _next(self, method: str, request: Any, context: Any) -> Any:
        self.calls.append((method, request, dict(context.invocation_metadata())))
        return self._answers[method].pop(0)

    def _answer(self, method: str) -> Callable[[Any, Any], Any]:
        def act(request: Any, context: Any) -> Any:
            return self._part(method, self._next(method, request, context), context)

        return act

    def _stream(self, method: str) -> Callable[[Any, Any], Iterator[Any]]:
        def act(request: Any, context: Any) -> Iterator[Any]:
            for part in self._next(method, request, context):
                yield self._part(method, part, context)

        return act

    def _part(self, method: str, part: Any, context: Any) -> Any:
        if part is self.WAIT:
            over = threading.Event()
            if context.add_callback(over.set):
                self.waiting.put(method)
                over.wait(PATIENCE)
            self.hung_up.put(method)
            part = grpc.StatusCode.CANCELLED
        if isinstance(part, grpc.StatusCode):
            context.abort(part, "the test says so")
        return part


class _Servicer:
    """Methods are put in; those that are not are not called."""

    def __getattr__(self, name: str) -> None:
        return None


@pytest.fixture
def service() -> Iterator[Service]:
    service = Service()
    yield service
    service.close()
