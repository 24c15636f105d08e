"""Votes come out as they went in, for whoever has the poll's secret, and for nobody else."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.sandbox import polls
from core.sandbox.message import said
from core.sandbox.node import LID, USER, Jid
from core.sandbox.polls import NoVote

secrets = st.binary(min_size=32, max_size=32)
numbers = st.text('0123456789', min_size=5, max_size=15)
people = st.builds(Jid, numbers, st.sampled_from([USER, LID]), st.integers(0, 20))
ids = st.text('0123456789ABCDEF', min_size=4, max_size=32)
names = st.lists(st.text(min_size=1, max_size=40), min_size=2, max_size=12, unique=True)


@given(secrets, ids, people, people, names)
def test_a_vote_is_opened_with_any_of_the_names(
    secret: bytes, poll: str, asker: Jid, voter: Jid, options: list[str]
) -> None:
    hashes = tuple(map(polls.hash_of, options))
    vote = polls.seal(secret, poll, asker, voter, hashes)
    stranger = Jid('1', USER)
    assert polls.unseal(secret, poll, [stranger, asker.bare], [stranger, voter.bare], vote) == hashes


@given(secrets, secrets, ids, people, people)
def test_a_vote_stays_shut_for_others(secret: bytes, other: bytes, poll: str, asker: Jid, voter: Jid) -> None:
    vote = polls.seal(secret, poll, asker, voter, [polls.hash_of('Yes')])
    wrong = Jid('1', USER)
    for key, name, one, two in (
        (other, poll, asker, voter),
        (secret, f'{poll}0', asker, voter),
        (secret, poll, wrong, voter),
        (secret, poll, asker, wrong),
    ):
        if (key, name, one, two) != (secret, poll, asker, voter):
            with pytest.raises(NoVote):
                polls.unseal(key, name, [one], [two], vote)


@given(st.text(max_size=50), names, st.booleans())
def test_a_poll_says_what_it_was_made_of(question: str, options: list[str], multiple: bool) -> None:
    message = polls.poll_message(question, options, multiple=multiple)
    found = said(message)
    assert (found.kind, found.text, found.options, found.multiple) == ('poll', question, tuple(options), multiple)
    assert len(polls.secret_of(message)) == 32
