"""Stores, runs and follows codes of Code Actions.

    with CodeActions() as client:  # of CODEACTIONS_ADDRESS, with CODEACTIONS_TOKEN
        run = client.run(code_id=code_id)

`CodeActions` is for threads, `AsyncCodeActions` for asyncio. `codeactions.v1` has the messages and enums of the contract.
"""

from codeactions import v1
from codeactions._asyncio import AsyncSteps, AsyncStream
from codeactions._client import AsyncCodeActions, CodeActions
from codeactions._errors import CodeActionsError, FieldProblem
from codeactions._threads import Steps, Stream
from codeactions._version import VERSION as __version__

__all__ = [
    "AsyncCodeActions",
    "AsyncSteps",
    "AsyncStream",
    "CodeActions",
    "CodeActionsError",
    "FieldProblem",
    "Steps",
    "Stream",
    "__version__",
    "v1",
]
