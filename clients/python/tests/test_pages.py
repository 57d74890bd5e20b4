"""Lists, page after page."""

from codeactions import v1
from codeactions._pages import first_page, page_after


def test_pages_are_of_the_largest_size_unless_another_one_is_asked_for() -> None:
    request = v1.ListCodesRequest(project_id="p")
    assert first_page(request) == v1.ListCodesRequest(project_id="p", page_size=100)
    assert request == v1.ListCodesRequest(project_id="p")
    assert first_page(v1.ListCodesRequest(page_size=7)).page_size == 7


def test_pages_go_on_where_the_caller_wants_to() -> None:
    assert first_page(v1.ListCodesRequest(page_token="there")).page_token == "there"


def test_an_empty_page_is_not_the_last_one_unless_it_says_so() -> None:
    page = first_page(v1.ListLogEntriesRequest(run_id="r", text="needle"))
    following = page_after(page, v1.ListLogEntriesResponse(next_page_token="further"))
    assert following == v1.ListLogEntriesRequest(
        run_id="r", text="needle", page_size=100, page_token="further"
    )
    assert page_after(page, v1.ListLogEntriesResponse(entries=[v1.LogEntry()])) is None
