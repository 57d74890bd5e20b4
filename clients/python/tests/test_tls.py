"""Connections that are encrypted, and callers that show a certificate."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any

import grpc
import pytest
from certificate import CERTIFICATE, KEY
from conftest import Service

from codeactions import AsyncCodeActions, CodeActions, CodeActionsError, v1


@pytest.fixture
def strict_service() -> Iterator[Service]:
    """A service that wants to see a certificate."""
    pairs = [(KEY, CERTIFICATE)]
    service = Service(grpc.ssl_server_credentials(pairs, CERTIFICATE, require_client_auth=True))
    yield service
    service.close()


def test_a_caller_with_a_certificate_is_let_in(strict_service: Service) -> None:
    strict_service.script("GetCode", v1.GetCodeResponse(), v1.GetCodeResponse())
    shown: dict[str, Any] = {
        "root_certificates": CERTIFICATE,
        "private_key": KEY,
        "certificate_chain": CERTIFICATE,
    }
    with CodeActions(strict_service.address, **shown) as client:
        client.codes.get_code(code_id="c")

    async def act() -> None:
        async with AsyncCodeActions(strict_service.address, **shown) as client:
            await client.codes.get_code(code_id="c")

    asyncio.run(act())
    assert len(strict_service.calls) == 2


def test_a_service_that_cannot_be_trusted_is_not_called(strict_service: Service) -> None:
    with CodeActions(strict_service.address) as client, pytest.raises(CodeActionsError) as raised:
        client.codes.get_code(code_id="c")
    assert raised.value.code is grpc.StatusCode.UNAVAILABLE
    assert strict_service.calls == []
