"""How to reach a service, and how patient to be."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import grpc

from codeactions._generated_methods import RUN_CODE
from codeactions._methods import Method
from codeactions._version import VERSION

# The largest message to read or write: what the service sends at most, 4 MiB, and some headroom.
_MESSAGE_BYTES_MAX = 5 * 1024 * 1024

_OPTIONS: tuple[tuple[str, Any], ...] = (
    ("grpc.primary_user_agent", f"codeactions-python/{VERSION}"),
    ("grpc.max_receive_message_length", _MESSAGE_BYTES_MAX),
    ("grpc.max_send_message_length", _MESSAGE_BYTES_MAX),
    # A connection is asked for a sign of life while calls are under way, also while nothing is sent over it, as under a
    # tail, and dropped if it gives none.
    ("grpc.keepalive_time_ms", 20_000),
    ("grpc.keepalive_timeout_ms", 10_000),
    ("grpc.http2.max_pings_without_data", 0),
    ("grpc.initial_reconnect_backoff_ms", 100),
    ("grpc.max_reconnect_backoff_ms", 5_000),
    # Each client has a connection of its own, which ends with it, instead of one with all others of the process.
    ("grpc.use_local_subchannel_pool", 1),
)


@dataclass(frozen=True)
class Settings:
    """Settings with nothing left open."""

    target: str
    """Host and port, as gRPC wants them."""
    credentials: grpc.ChannelCredentials | None
    """None for a connection without TLS."""
    options: Sequence[tuple[str, Any]]
    metadata: Sequence[tuple[str, str]]
    """What goes with every call: the token."""
    timeout: float
    run_timeout: float
    give_up_after: float

    def timeout_of(self, method: Method[Any, Any], given: float | None) -> float:
        """The seconds a call may take."""
        if given is not None:
            return given
        return self.run_timeout if method is RUN_CODE else self.timeout


def read_settings(
    *,
    address: str | None,
    token: str | None,
    timeout: float,
    run_timeout: float,
    give_up_after: float,
    root_certificates: bytes | None,
    private_key: bytes | None,
    certificate_chain: bytes | None,
    options: Sequence[tuple[str, Any]],
) -> Settings:
    """Fills in the environment and the defaults. Raises ValueError for an address that makes no sense."""
    if address is None:
        address = os.environ.get("CODEACTIONS_ADDRESS") or "http://127.0.0.1:8050"
    if token is None:
        token = os.environ.get("CODEACTIONS_TOKEN")
    parts = urlsplit(address)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.path not in ("", "/"):
        raise ValueError(f"the address {address!r} must look like http://127.0.0.1:8050 or https://host")
    is_secure = parts.scheme == "https"
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    return Settings(
        target=f"{host}:{parts.port or (443 if is_secure else 80)}",
        credentials=grpc.ssl_channel_credentials(root_certificates, private_key, certificate_chain)
        if is_secure
        else None,
        options=(*_OPTIONS, *options),
        metadata=(("authorization", f"Bearer {token}"),) if token else (),
        timeout=timeout,
        run_timeout=run_timeout,
        give_up_after=give_up_after,
    )
