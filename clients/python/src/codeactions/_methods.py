"""What the rest of the package knows about a method of the contract."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from google.protobuf.message import Message

Request = TypeVar("Request", bound=Message)
Response = TypeVar("Response", bound=Message)


@dataclass(frozen=True)
class Method(Generic[Request, Response]):
    """A method of the contract."""

    stub: type[Any]
    """The generated stub of its service."""
    name: str
    request: type[Request]
    is_repeatable: bool
    """Whether the contract says that calling it twice does what calling it once does."""

    def message(self, given: Request | None, **fields: Any) -> Request:
        """The request: the one that was given, or one made of those fields that are not None."""
        named = {name: value for name, value in fields.items() if value is not None}
        if given is None:
            return self.request(**named)
        if named:
            raise TypeError(
                f"{self.name} takes a request or its fields, not both; beside the request came {', '.join(named)}"
            )
        return given

    def prepared(self, request: Request) -> Request:
        """The request with an id where that lets the call be sent again: where the contract calls the method repeatable.

        A run gets none, because with a request id it would go on without its caller.
        """
        return with_request_id(request) if self.is_repeatable else request


def with_request_id(request: Request) -> Request:
    """The request with a request id, in a copy where it has a place for one and none in it."""
    if "request_id" not in request.DESCRIPTOR.fields_by_name or request_id_of(request):
        return request
    named: Any = type(request)()
    named.CopyFrom(request)
    named.request_id = str(uuid.uuid4())
    return named  # type: ignore[no-any-return]


def request_id_of(request: Message) -> str:
    """The request id of a message; empty if it has none."""
    return str(getattr(request, "request_id", ""))
