"""The clients."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import grpc
import grpc.aio

from codeactions._asyncio import AsyncCore
from codeactions._generated_asyncio import AsyncCalls
from codeactions._generated_threads import Calls
from codeactions._settings import read_settings
from codeactions._threads import Core


class CodeActions(Calls):
    """A service, ready to be called, by any number of threads.

    `codes`, `runs`, `logs` and `projects` have every method of the contract, with its fields as keywords. Calls have a
    deadline, are repeated where that does nothing twice, and raise a `CodeActionsError`. `run`, `run_stream`,
    `run_source`, `watch`, `tail` and `list_all_…` do what takes more than one call.

    It is a context manager; leaving it, or `close`, hangs up.
    """

    def __init__(
        self,
        address: str | None = None,
        token: str | None = None,
        *,
        timeout: float = 30.0,
        run_timeout: float = 960.0,
        give_up_after: float = 300.0,
        root_certificates: bytes | None = None,
        private_key: bytes | None = None,
        certificate_chain: bytes | None = None,
        options: Sequence[tuple[str, Any]] = (),
        channel: grpc.Channel | None = None,
    ) -> None:
        """Makes a client. Whether the service answers shows with the first call.

        Args:
            address: The service, as `https://code.example.org`; `https` means TLS. `CODEACTIONS_ADDRESS` if absent, and
                `http://127.0.0.1:8050` without that.
            token: The token to show. `CODEACTIONS_TOKEN` if absent; no token at all without that.
            timeout: The deadline of a call that is given none, in seconds, retries included; `math.inf` for none.
            run_timeout: The same for RunCode, which waits for a run to end.
            give_up_after: How many seconds a followed stream may be without a single message before it gives up.
            root_certificates: Authorities to trust instead of those that gRPC brings, as PEM.
            private_key: The key of a certificate to show, as PEM.
            certificate_chain: The certificate to show, as PEM.
            options: Further options of gRPC's channel, as `("grpc.ssl_target_name_override", "localhost")`.
            channel: A channel of the caller's own, with interceptors for example. It decides about address, TLS and
                options. Closing the client leaves it open, with what is under way over it.

        Raises:
            ValueError: The address makes no sense.
        """
        settings = read_settings(
            address=address,
            token=token,
            timeout=timeout,
            run_timeout=run_timeout,
            give_up_after=give_up_after,
            root_certificates=root_certificates,
            private_key=private_key,
            certificate_chain=certificate_chain,
            options=options,
        )
        super().__init__(Core(settings, channel))

    def close(self) -> None:
        """Closes the connection. What is under way fails with the reason `CALL_CANCELLED`."""
        self._core.close()

    def __enter__(self) -> CodeActions:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class AsyncCodeActions(AsyncCalls):
    """A service, ready to be called, by any number of tasks of one event loop: `CodeActions` for asyncio.

    Cancelling a task cancels the call it waits for. It is an asynchronous context manager; leaving it, or `close`, hangs
    up.
    """

    def __init__(
        self,
        address: str | None = None,
        token: str | None = None,
        *,
        timeout: float = 30.0,
        run_timeout: float = 960.0,
        give_up_after: float = 300.0,
        root_certificates: bytes | None = None,
        private_key: bytes | None = None,
        certificate_chain: bytes | None = None,
        options: Sequence[tuple[str, Any]] = (),
        channel: grpc.aio.Channel | None = None,
    ) -> None:
        """Makes a client; see `CodeActions` for its settings. It belongs to the event loop of its first call."""
        settings = read_settings(
            address=address,
            token=token,
            timeout=timeout,
            run_timeout=run_timeout,
            give_up_after=give_up_after,
            root_certificates=root_certificates,
            private_key=private_key,
            certificate_chain=certificate_chain,
            options=options,
        )
        super().__init__(AsyncCore(settings, channel))

    async def close(self) -> None:
        """Closes the connection. What is under way fails with the reason `CALL_CANCELLED`."""
        await self._core.close()

    async def __aenter__(self) -> AsyncCodeActions:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()
