"""Drafts that two people change at the same time."""

import pytest

from core.errors import Conflict, NotFound
from tests.core.house import House
from tests.flows.test_runs import flow, say


def test_what_somebody_else_kept_meanwhile_is_not_written_over(house: House) -> None:
    mine = house.library.draft(flow(say('one'))).version
    house.library.draft(flow(say('two')))
    with pytest.raises(Conflict, match='Somebody else changed') as refused:
        house.library.draft(flow(say('three')), since=mine)
    assert refused.value.code == 'draft_changed'
    assert house.library.draft(flow(say('three')), since=mine + 1).version == mine + 2
    house.library.delete('talk')
    with pytest.raises(NotFound):
        house.library.draft(flow(say('four')), since=mine + 2)
