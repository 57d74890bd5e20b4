"""The one error that callers see, and how it is read from what gRPC raises."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import grpc
from google.protobuf.any_pb2 import Any as AnyMessage
from google.protobuf.message import DecodeError
from google.rpc import error_details_pb2, status_pb2

_DOMAIN = "codeactions"
_DETAILS = "grpc-status-details-bin"


@dataclass(frozen=True)
class FieldProblem:
    """A field that breaks its rule."""

    field: str
    """Which one, as `input.body`."""
    description: str
    """What is wrong with it, and what is accepted."""


class CodeActionsError(Exception):
    """Every call that does not succeed raises one of these. Branch on `reason`, or on `code`; never on the text."""

    code: grpc.StatusCode
    """The code of gRPC. A connection that broke, or was never made, is `UNAVAILABLE`."""
    reason: str | None
    """Why the service refused: a name of the contract's closed list, or one that a newer service added.

    `DEADLINE_EXCEEDED` and `CALL_CANCELLED` also when this side noticed first; None when what failed is the way to the
    service.
    """
    message: str
    """What happened and what to do, for people."""
    metadata: Mapping[str, str]
    """What the reason comes with, as `{"line": "2"}`."""
    fields: Sequence[FieldProblem]
    """The fields that break their rules."""
    retry_after: float | None
    """In how many seconds the service wants to be asked again. None when it does not say."""

    def __init__(
        self,
        message: str,
        code: grpc.StatusCode,
        *,
        reason: str | None = None,
        metadata: Mapping[str, str] | None = None,
        fields: Sequence[FieldProblem] = (),
        retry_after: float | None = None,
    ) -> None:
        super().__init__(message, code)
        self.message = message
        self.code = code
        self.reason = reason
        self.metadata = dict(metadata or {})
        self.fields = tuple(fields)
        self.retry_after = retry_after

    def __str__(self) -> str:
        """For people, not for programs."""
        return f"{self.reason or self.code.name}: {self.message}"


def error_from(failed: grpc.RpcError) -> CodeActionsError:
    """What gRPC raised, of either kind of client, as the one error that callers see."""
    code: grpc.StatusCode = failed.code()
    text: str = failed.details() or ""
    info = error_details_pb2.ErrorInfo()
    bad_request = error_details_pb2.BadRequest()
    retry = error_details_pb2.RetryInfo()
    for detail in _details_of(failed):
        for known in (info, bad_request, retry):
            try:
                detail.Unpack(known)
            except DecodeError:
                known.Clear()
    if info.domain == _DOMAIN:
        error = CodeActionsError(
            text,
            code,
            reason=info.reason,
            metadata=info.metadata,
            fields=[
                FieldProblem(problem.field, problem.description) for problem in bad_request.field_violations
            ],
            retry_after=retry.retry_delay.ToMilliseconds() / 1000 if retry.HasField("retry_delay") else None,
        )
    else:
        error = _without_reason(code, text)
    error.__cause__ = failed
    return error


def closed() -> CodeActionsError:
    """The error of a call of a client that was closed."""
    return CodeActionsError("the client was closed", grpc.StatusCode.CANCELLED, reason="CALL_CANCELLED")


def too_late() -> CodeActionsError:
    """The error of a call whose time is over."""
    return CodeActionsError(
        "the caller's time-out passed", grpc.StatusCode.DEADLINE_EXCEEDED, reason="DEADLINE_EXCEEDED"
    )


def cut(message: str) -> CodeActionsError:
    """The error of a connection that broke."""
    return CodeActionsError(message, grpc.StatusCode.UNAVAILABLE)


def was_never_sent(error: CodeActionsError) -> bool:
    """Whether there was not even a connection to send anything over, or the service did not look at what was sent."""
    return _NEVER_SENT.search(error.message) is not None


_NEVER_SENT = re.compile(
    "failed to connect to all addresses|DNS resolution failed|stream refused", re.IGNORECASE
)


# Codes that a broken connection can come as. The service itself never answers with them and without a reason.
_BROKEN = frozenset(
    {
        grpc.StatusCode.UNAVAILABLE,
        grpc.StatusCode.INTERNAL,
        grpc.StatusCode.UNKNOWN,
        grpc.StatusCode.ABORTED,
        grpc.StatusCode.DATA_LOSS,
        grpc.StatusCode.CANCELLED,
    }
)

# What gRPC says under the same codes about messages of its own making, and about answers that are not gRPC.
_NOT_BROKEN = re.compile(r"^Exception (de)?serializing|http2 header with status|compress")


def _without_reason(code: grpc.StatusCode, text: str) -> CodeActionsError:
    if code is grpc.StatusCode.DEADLINE_EXCEEDED:
        return CodeActionsError(text, code, reason="DEADLINE_EXCEEDED")
    is_broken = code is grpc.StatusCode.UNAVAILABLE or (code in _BROKEN and not _NOT_BROKEN.search(text))
    if not is_broken:
        return CodeActionsError(text, code)
    return cut(f"the connection to the service broke, or was never made: {text}")


def _details_of(failed: grpc.RpcError) -> Sequence[AnyMessage]:
    trailers: Iterable[Any] = failed.trailing_metadata() or ()
    status = status_pb2.Status()
    for key, value in trailers:
        if key == _DETAILS:
            try:
                status.MergeFromString(value)
            except DecodeError:
                status.Clear()
    details: Sequence[AnyMessage] = status.details
    return details
