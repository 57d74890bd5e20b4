"""When a call is sent again, and after which pause."""

from __future__ import annotations

import math
import random
import time
from typing import Any, Callable

import grpc
from google.protobuf.message import Message

from codeactions._errors import CodeActionsError, was_never_sent
from codeactions._methods import Method, request_id_of

ATTEMPTS_MAX = 5
"""How often a call is sent at most, the first time included."""

_FIRST_DELAY = 0.1
_LAST_DELAY = 10.0

# Refusals that say that nothing of the call has happened.
_NOTHING_HAPPENED = frozenset(
    {
        "POOL_FULL",
        "RATE_LIMITED",
        "LANGUAGE_PREPARING",
        "POOL_UNAVAILABLE",
        "SHUTTING_DOWN",
        "DATABASE_UNAVAILABLE",
    }
)


def delay_after(
    failures: int, retry_after: float | None = None, chance: Callable[[], float] = random.random
) -> float:
    """How many seconds to wait after so many failures in a row.

    Twice as long each time, up to 10 s, less up to half of it by chance so that callers who failed together do not come
    back together. Never less than the service asks for.
    """
    longest = min(_FIRST_DELAY * 2.0 ** min(failures - 1, 32), _LAST_DELAY)
    return max(longest * (1 - chance() / 2), retry_after or 0.0)


def did_nothing(error: CodeActionsError) -> bool:
    """Whether the service is known to have done nothing, whatever was asked."""
    if error.reason is not None:
        return error.reason in _NOTHING_HAPPENED
    return error.code is grpc.StatusCode.UNAVAILABLE and was_never_sent(error)


def may_send_again(error: CodeActionsError, method: Method[Any, Any], request: Message) -> bool:
    """Whether the call may be sent again after this error without doing anything twice."""
    is_repeatable = method.is_repeatable or request_id_of(request) != ""
    return did_nothing(error) or (is_repeatable and may_pass(error))


def may_pass(error: CodeActionsError) -> bool:
    """Whether an error may be gone a moment later, as a broken connection is.

    A quarantine is not: it lasts, and the caller is to know of it at once.
    """
    return error.code is grpc.StatusCode.UNAVAILABLE and error.reason != "CODE_QUARANTINED"


class Attempts:
    """The attempts of one call: how much time is left for the next one, and whether there is one."""

    def __init__(
        self,
        method: Method[Any, Any],
        request: Message,
        timeout: float,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._method = method
        self._request = request
        self._clock = clock
        self._deadline = clock() + timeout
        self._made = 0

    def time_left(self) -> float | None:
        """The seconds until the deadline; None if there is none."""
        return finite(self._deadline - self._clock())

    def delay_after(self, error: CodeActionsError) -> float:
        """How long to wait before the next attempt. Raises the error where there is to be none."""
        self._made += 1
        delay = delay_after(self._made, error.retry_after)
        is_late = self._clock() + delay >= self._deadline
        if self._made == ATTEMPTS_MAX or is_late or not may_send_again(error, self._method, self._request):
            raise error
        return delay


def finite(seconds: float | None) -> float | None:
    """What gRPC takes for a time-out: None where there is none."""
    return None if seconds is None or math.isinf(seconds) else max(0.0, seconds)
