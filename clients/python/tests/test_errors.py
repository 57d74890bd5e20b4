"""What callers see when something fails."""

from __future__ import annotations

import pickle
from typing import Any

import grpc
import pytest
from google.protobuf.any_pb2 import Any as AnyMessage
from google.protobuf.duration_pb2 import Duration
from google.protobuf.message import Message
from google.rpc.error_details_pb2 import BadRequest, ErrorInfo, RetryInfo
from google.rpc.status_pb2 import Status

from codeactions import FieldProblem
from codeactions._errors import error_from

StatusCode = grpc.StatusCode


class Failed(grpc.RpcError):
    """What gRPC raises, of either kind of client."""

    def __init__(self, code: StatusCode, text: str, trailers: tuple[tuple[str, Any], ...] = ()) -> None:
        self._told = (code, text, trailers)

    def code(self) -> StatusCode:
        return self._told[0]

    def details(self) -> str:
        return self._told[1]

    def trailing_metadata(self) -> Any:
        return self._told[2]


def refusal(code: StatusCode, reason: str, *details: Message) -> Failed:
    status = Status()
    for detail in (ErrorInfo(domain="codeactions", reason=reason, metadata={"line": "2"}), *details):
        packed = AnyMessage()
        packed.Pack(detail)
        status.details.append(packed)
    trailers = (("x-request-id", "1"), ("grpc-status-details-bin", status.SerializeToString()))
    return Failed(code, "as the service says it", trailers)


def test_a_refusal_shows_its_reason_metadata_fields_and_when_to_come_back() -> None:
    fields = BadRequest(field_violations=[{"field": "source", "description": "does not parse"}])
    retry = RetryInfo(retry_delay=Duration(seconds=1, nanos=500_000_000))
    of_somebody_else = Duration(seconds=7)
    error = error_from(
        refusal(StatusCode.INVALID_ARGUMENT, "SOURCE_INVALID", fields, retry, of_somebody_else)
    )
    assert error.code is StatusCode.INVALID_ARGUMENT
    assert error.reason == "SOURCE_INVALID"
    assert error.message == "as the service says it"
    assert error.metadata == {"line": "2"}
    assert error.fields == (FieldProblem("source", "does not parse"),)
    assert error.retry_after == 1.5
    assert str(error) == "SOURCE_INVALID: as the service says it"


def test_an_error_can_be_sent_to_another_process() -> None:
    error = error_from(refusal(StatusCode.INVALID_ARGUMENT, "SOURCE_INVALID"))
    again = pickle.loads(pickle.dumps(error))
    assert (str(again), again.code, again.metadata) == (str(error), error.code, error.metadata)


def test_a_refusal_without_more_has_nothing_more() -> None:
    error = error_from(refusal(StatusCode.NOT_FOUND, "CODE_NOT_FOUND"))
    assert (error.fields, error.retry_after) == ((), None)


def test_a_reason_that_a_newer_service_has_is_kept_as_text() -> None:
    assert error_from(refusal(StatusCode.INTERNAL, "MOON_IS_FULL")).reason == "MOON_IS_FULL"


def test_an_internal_error_of_the_service_is_not_taken_for_a_broken_connection() -> None:
    assert error_from(refusal(StatusCode.INTERNAL, "INTERNAL")).code is StatusCode.INTERNAL


@pytest.mark.parametrize(
    ("code", "text"),
    [
        (StatusCode.UNAVAILABLE, "Socket closed"),
        (StatusCode.UNAVAILABLE, "Received http2 header with status: 502"),
        (StatusCode.INTERNAL, "Received RST_STREAM with error code 2"),
        (StatusCode.CANCELLED, "Received RST_STREAM with error code 8"),
        (StatusCode.UNKNOWN, "Stream removed"),
    ],
)
def test_a_connection_that_breaks_is_unavailable_however_grpc_puts_it(code: StatusCode, text: str) -> None:
    error = error_from(Failed(code, text))
    assert (error.code, error.reason) == (StatusCode.UNAVAILABLE, None)


@pytest.mark.parametrize(
    ("code", "text"),
    [
        (StatusCode.INTERNAL, "Exception serializing request!"),
        (StatusCode.INTERNAL, "Exception deserializing response!"),
        (StatusCode.UNKNOWN, "Received http2 header with status: 500"),
        (StatusCode.RESOURCE_EXHAUSTED, "Received message larger than max (6000000 vs. 5242880)"),
        (StatusCode.UNIMPLEMENTED, "Received http2 header with status: 404"),
    ],
)
def test_what_is_wrong_in_itself_is_not_taken_for_a_broken_connection(code: StatusCode, text: str) -> None:
    assert error_from(Failed(code, text)).code is code


def test_a_deadline_that_this_side_notices_has_the_service_s_reason() -> None:
    assert error_from(Failed(StatusCode.DEADLINE_EXCEEDED, "Deadline Exceeded")).reason == "DEADLINE_EXCEEDED"


@pytest.mark.parametrize(
    "value", [b"\xff\xff", Status(details=[AnyMessage(value=b"\xff")]).SerializeToString()]
)
def test_details_that_cannot_be_read_count_as_not_there(value: bytes) -> None:
    failed = Failed(StatusCode.NOT_FOUND, "no", (("grpc-status-details-bin", value),))
    error = error_from(failed)
    assert (error.code, error.reason, error.__cause__) == (StatusCode.NOT_FOUND, None, failed)


def test_an_error_info_that_cannot_be_read_counts_as_not_there() -> None:
    packed = AnyMessage(type_url="type.googleapis.com/google.rpc.ErrorInfo", value=b"\xff")
    trailers = (("grpc-status-details-bin", Status(details=[packed]).SerializeToString()),)
    assert error_from(Failed(StatusCode.NOT_FOUND, "no", trailers)).reason is None
