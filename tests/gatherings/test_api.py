"""Gatherings over HTTP."""

import pytest

from tests import factories
from tests.api import Api


@pytest.mark.parametrize(
    "asked", ["关于暂停\uf9b5活动的通告", "\u3000关于暂停\u4f8b活动的通告", "关于暂停\u4f8b活动的通告 "]
)
def test_a_notice_is_found_by_the_text_that_was_posted(api: Api, asked: str) -> None:
    """Compatibility ideographs and wide blanks are kept, and asked for, as one."""
    notice = {"issuer": "示范市政府", "title": "关于暂停\uf9b5活动的通告", "dated": "2020-01-24"}
    made = api.made("/v1/gatherings", factories.gathering(notice=notice))
    found = api.get("/v1/gatherings", params={"notice": asked}).json()["items"]
    assert [each["id"] for each in found] == [made["id"]]
