"""How lists are read page after page. A page may be empty without being the last."""

from __future__ import annotations

from typing import Any, TypeVar

_Request = TypeVar("_Request")

# Pages of the largest size unless the caller wants another one, so that reading all takes the fewest calls.
_PAGE_SIZE = 100


def first_page(request: _Request) -> _Request:
    """The request for the first page, in a copy."""
    page: Any = type(request)()
    page.CopyFrom(request)
    page.page_size = page.page_size or _PAGE_SIZE
    return page  # type: ignore[no-any-return]


def page_after(page: _Request, answer: Any) -> _Request | None:
    """The request for the page after this one; None if there is none."""
    if not answer.next_page_token:
        return None
    following: Any = first_page(page)
    following.page_token = answer.next_page_token
    return following  # type: ignore[no-any-return]
