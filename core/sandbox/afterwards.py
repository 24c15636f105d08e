"""What is done to a message that is already there: reactions, votes, edits, deletions, forwarding."""

import logging
import time
from collections.abc import Iterable
from typing import TYPE_CHECKING

from core.errors import Conflict, Invalid
from core.sandbox import polls, writing
from core.sandbox.mailbox import Letter
from core.sandbox.message import ABOUT_ANOTHER, unwrapped
from core.sandbox.node import Jid
from core.sandbox.people import Account, Group, Peer
from core.sandbox.protos import Message, e2e

if TYPE_CHECKING:
    from core.sandbox.phone import Phone

log = logging.getLogger(__name__)
EDIT_WINDOW = 15 * 60


def react(phone: 'Phone', ident: str, emoji: str) -> str:
    """Each of these sends something about the message *ident* and returns the id of what it sent."""
    about = phone.letter(ident)
    return phone.send(phone.chat(about.chat), writing.reaction_message(phone.key(about), emoji))


def edit(phone: 'Phone', ident: str, text: str) -> str:
    """Raises Invalid when it is no own text, Conflict when it is too late."""
    about = phone.letter(ident)
    if not about.mine or about.kind != 'text' or about.revoked:
        raise Invalid('Only an own text can be edited.', field='message')
    if time.time() - about.at > EDIT_WINDOW:
        raise Conflict('A text can be edited for 15 minutes only.', code='too_late')
    return phone.send(phone.chat(about.chat), writing.edit_message(phone.key(about), text))


def revoke(phone: 'Phone', ident: str) -> str:
    """Raises Conflict when it is neither an own message nor this phone an admin of the group."""
    about = phone.letter(ident)
    to = phone.chat(about.chat)
    if not about.mine and not (isinstance(to, Group) and to.members.get(phone.account)):
        raise Conflict('Only an own message can be deleted for everyone, or by an admin.', code='not_yours')
    return phone.send(to, writing.revoke_message(phone.key(about)))


def forward(phone: 'Phone', ident: str, to: Peer) -> str:
    return phone.send(to, writing.forwarded(e2e.Message.FromString(phone.letter(ident).raw)))


def vote(phone: 'Phone', ident: str, options: Iterable[str]) -> str:
    """Raises Invalid for a message that is no poll and for options it does not have."""
    about, chosen = phone.letter(ident), tuple(options)
    poll = e2e.Message.FromString(about.raw)
    if about.kind != 'poll' or not polls.secret_of(poll):
        raise Invalid('This message is not a poll that can be voted in.', field='message')
    if not set(chosen) <= set(about.options):
        raise Invalid(f'The options are {", ".join(about.options)}.', field='options')
    if len(chosen) > 1 and not about.multiple:
        raise Invalid('Only one option can be chosen.', field='options')
    to = phone.chat(about.chat)
    asker = phone.relay.people.accounts[about.sender].jid(phone.server(to))
    voter = phone.account.jid(phone.server(to))
    sealed = polls.seal(polls.secret_of(poll), ident, asker, voter, map(polls.hash_of, chosen))
    return phone.send(to, polls.vote_message(phone.key(about), sealed))


def apply(phone: 'Phone', new: Letter, message: Message) -> None:
    """Let *new*, which is *message*, change the letter that it is about."""
    about = phone.mailbox.get(new.about) if new.kind in ABOUT_ANOTHER else None
    if about is None or about.chat != new.chat:
        return
    if new.kind == 'reaction':
        about.hearts = {**about.hearts, new.sender: new.text}
        about.hearts = {who: emoji for who, emoji in about.hearts.items() if emoji}
    elif new.kind == 'vote':
        new.options = _opened(phone, about, message, new.sender)
        new.text = ', '.join(new.options)
        about.ballots[new.sender] = new.options
    elif new.kind == 'edit' and new.sender == about.sender:
        about.text, about.edited = new.text, True
        about.raw = unwrapped(message).protocolMessage.editedMessage.SerializeToString()
    elif new.kind == 'revoke' and (new.sender == about.sender or _is_admin(phone, new)):
        about.text, about.revoked, about.raw = '', True, b''
    phone.mailbox.changed(about)


def _is_admin(phone: 'Phone', new: Letter) -> bool:
    group = phone.relay.people.group_of(Jid.parse(new.chat)) if '@' in new.chat else None
    return bool(group and group.members.get(_account(phone, new.sender)))


def _opened(phone: 'Phone', poll: Letter, message: Message, voter: str) -> list[str]:
    """The options that somebody chose."""
    vote = unwrapped(message).pollUpdateMessage.vote
    sealed = polls.Sealed(vote.encIV, vote.encPayload)
    secret = polls.secret_of(e2e.Message.FromString(poll.raw))
    askers, voters = _account(phone, poll.sender).names(), _account(phone, voter).names()
    try:
        hashes = polls.unseal(secret, poll.id, askers, voters, sealed)
    except polls.NoVote as problem:
        log.warning('%s cannot open a vote: %s', phone.account.number, problem)
        return []
    return [each for each in poll.options if polls.hash_of(each) in hashes]


def _account(phone: 'Phone', number: str) -> Account:
    return phone.relay.people.accounts[number]
