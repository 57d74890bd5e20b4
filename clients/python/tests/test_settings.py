"""How a service is reached."""

from __future__ import annotations

import math
from typing import Any

import pytest

from codeactions import CodeActions
from codeactions import _generated_methods as methods
from codeactions._settings import Settings, read_settings


def settings(**given: Any) -> Settings:
    defaults: dict[str, Any] = {
        "address": None,
        "token": None,
        "timeout": 30.0,
        "run_timeout": 960.0,
        "give_up_after": 300.0,
        "root_certificates": None,
        "private_key": None,
        "certificate_chain": None,
        "options": (),
    }
    return read_settings(**{**defaults, **given})


def test_what_is_not_given_comes_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CODEACTIONS_ADDRESS", "http://elsewhere:1234")
    monkeypatch.setenv("CODEACTIONS_TOKEN", "a-token")
    assert settings().target == "elsewhere:1234"
    assert settings().metadata == (("authorization", "Bearer a-token"),)
    given = settings(address="http://here:5678", token="another")
    assert given.target == "here:5678"
    assert given.metadata == (("authorization", "Bearer another"),)


def test_without_an_environment_there_are_defaults(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CODEACTIONS_ADDRESS", raising=False)
    monkeypatch.delenv("CODEACTIONS_TOKEN", raising=False)
    assert (settings().target, settings().metadata) == ("127.0.0.1:8050", ())


@pytest.mark.parametrize(
    ("address", "target", "is_secure"),
    [
        ("http://code.example.org", "code.example.org:80", False),
        ("https://code.example.org/", "code.example.org:443", True),
        ("https://[::1]:8443", "[::1]:8443", True),
    ],
)
def test_the_address_says_host_port_and_whether_to_use_tls(
    address: str, target: str, is_secure: bool
) -> None:
    reached = settings(address=address)
    assert (reached.target, reached.credentials is not None) == (target, is_secure)


@pytest.mark.parametrize("address", ["127.0.0.1:8050", "ftp://host", "http://", "https://host/a/path"])
def test_an_address_that_makes_no_sense_is_refused_at_once(address: str) -> None:
    with pytest.raises(ValueError, match="must look like"):
        CodeActions(address)


def test_runs_have_a_deadline_of_their_own_and_every_call_may_have_another() -> None:
    ready = settings()
    assert ready.timeout_of(methods.GET_CODE, None) == 30.0
    assert ready.timeout_of(methods.RUN_CODE, None) == 960.0
    assert ready.timeout_of(methods.RUN_CODE, 5.0) == 5.0
    assert ready.timeout_of(methods.RUN_CODE, math.inf) == math.inf
