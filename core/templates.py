"""Texts kept by a key in several languages, filled in for whom they are written to."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any

from data import templates as rows
from data.database import after_commit, read, write

from .addresses import Address
from .attaching import CAPTIONED, as_message, kind_of
from .errors import Invalid, NotFound
from .fill import CAPTION_MOST, TEXT_MOST, Finding, compiled, fill, lint, names
from .identities import Identities
from .media import MediaStore
from .news import NewsDesk
from .outbox import Saying
from .whom import values_for
from .world import World

KEY = re.compile(r'[a-z0-9][a-z0-9_-]{0,62}')
LANGUAGE = re.compile(r'[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8}){0,3}')
LONGEST_NAME = 80
MOST = 2_000  # each language counts
COMMON = 'en'  # for whom there is no text in their own language

# What core.fill.lint is told: None may be empty, `...` may be missing and may hold anything.
KNOWN: Mapping[str, object] = {
    'contact': {
        'id': '', 'phone': None, 'lid': None, 'name': '', 'first_name': '', 'vars': ..., 'tags': [], 'language': '',
    },
    'session': {'name': '', 'phone': ''},
    'vars': ...,
}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Wording:
    """A template in one language. `media_id`: of its file, whose caption the text is then; '' for none."""

    language: str
    text: str
    media_id: str = ''


@dataclass(frozen=True, slots=True, kw_only=True)
class Filled:
    """What a template says to somebody, in which language it was found."""

    language: str
    text: str
    media_id: str = ''


class Templates:
    def __init__(self, world: World, identities: Identities, desk: NewsDesk, media: MediaStore) -> None:
        self.world, self.identities, self.desk, self.media = world, identities, desk, media

    def put(self, key: str, wording: Wording, *, name: str = '') -> bool:
        """Keep it, instead of the one in this language; True when it is new. `name` '' leaves the one it has.

        Raises Invalid.
        """
        _check_key(key)

        def keep() -> bool:
            return self._keep(key, wording, self._name(key, name))

        return write(keep)

    def replace(self, key: str, wordings: Sequence[Wording], *, name: str = '') -> None:
        """Keep these and no other languages of it. Raises Invalid, with the number of the one that is wrong."""
        _check_key(key)
        languages = [language_of(each.language, field=f'texts.{n}.language') for n, each in enumerate(wordings)]
        if not languages:
            raise Invalid('A template needs a text.', field='texts')
        if len(set(languages)) < len(languages):
            raise Invalid('No language can come twice.', field='texts')

        def keep() -> None:
            called = self._name(key, name)
            gone = [str(row.language) for row in rows.template_texts(key) if row.language not in languages]
            rows.delete_template(key, gone)
            for number, each in enumerate(wordings):
                self._keep(key, each, called, place=f'texts.{number}.')

        write(keep)

    def rename(self, key: str, new_key: str) -> None:
        """Keep it under another key. Raises Invalid, also when that one is taken, and NotFound."""
        _check_key(new_key)

        def move() -> None:
            if new_key != key and rows.template_texts(new_key):
                raise Invalid(f'There is a template “{new_key}” already.', field='key')
            if not rows.rename_template(key, new_key):
                raise unknown(key)
            self._tell()

        write(move)

    def delete(self, key: str, language: str = '') -> None:
        """In all languages, or this one. Raises NotFound."""

        def remove() -> None:
            if not rows.delete_template(key, [language_of(language)] if language else None):
                raise unknown(key, language)
            self._tell()

        write(remove)

    def written(
        self, key: str, vars: Mapping[str, Any], *, to: Address, session: str, language: str = ''
    ) -> Filled:  # fmt: skip
        """What it says to `to` when the session of this name writes, on any thread. Raises what `filled` raises."""
        return self.filled(key, {**values_for(self.identities, to, session), 'vars': dict(vars)}, language)

    def filled(self, key: str, values: Mapping[str, Any], language: str = '') -> Filled:
        """With {contact, session, vars …}, on any thread; what is in `vars` has its bare name too, where that is free.

        In `language`, else the contact's, else English, else the one that was made first; for pt-BR also pt. Raises
        NotFound, NoFiller, and Invalid where it cannot be filled or comes out empty.
        """
        found = chosen(key, values, language)
        text = fill(str(found.text), with_bare(values))
        if not text.strip() and not found.media_id:
            raise Invalid(f'The template “{key}” says nothing here: its text comes out empty.', field='template')
        return Filled(language=str(found.language), text=text, media_id=str(found.media_id or ''))

    def _keep(self, key: str, wording: Wording, name: str, *, place: str = '') -> bool:
        language = language_of(wording.language, field=f'{place}language')
        text = wording.text.strip()
        self._check(text, wording.media_id, place)
        fresh = rows.put_template(
            key, language, text, name=name, media_id=wording.media_id, at=self.world.now()
        )  # fmt: skip
        if fresh and rows.count_templates() > MOST:
            raise Invalid(f'There are {MOST} templates already; delete one that nobody uses.', field='key')
        self._tell()
        return fresh

    def _name(self, key: str, name: str) -> str:
        if len(name.strip()) > LONGEST_NAME:
            raise Invalid(f'A name has at most {LONGEST_NAME} characters.', field='name')
        if name.strip():
            return name.strip()
        before = rows.template_texts(key)
        return str(before[0].name) if before else key

    def _check(self, text: str, media_id: str, place: str) -> None:
        if not text and not media_id:
            raise Invalid('There is nothing in this template: the text is empty.', field=f'{place}text')
        try:
            compiled(text)
        except Invalid as error:
            raise Invalid(str(error), field=f'{place}text', code=error.code) from error
        if media_id:
            self._check_file(text, media_id, place)

    def _check_file(self, text: str, media_id: str, place: str) -> None:
        try:
            media = self.media.media(media_id)
            self.media.path_of(media)
        except NotFound as error:
            raise Invalid(str(error), field=f'{place}media') from error
        if text and kind_of(media) not in CAPTIONED:
            raise Invalid(f'A {kind_of(media)} has no caption: leave the text empty.', field=f'{place}text')

    def _tell(self) -> None:
        after_commit(lambda: self.desk.whisper('templates.changed', {}))


def letter(store: MediaStore, filled: Filled) -> Saying:
    """What a template makes of a message; with a file it may take minutes. Raises what `as_message` raises."""
    if not filled.media_id:
        return Saying(text=filled.text)
    return as_message(store, store.media(filled.media_id), None, caption=filled.text)


def language_of(text: str, *, field: str = 'language') -> str:
    """As it is kept: pt-BR, also for pt_br. Raises Invalid."""
    tag = text.strip().replace('_', '-')
    if not LANGUAGE.fullmatch(tag):
        raise Invalid('A language is written like en, de or pt-BR.', field=field)
    first, *more = tag.split('-')
    return '-'.join([first.lower(), *(_part(each) for each in more)])


def chosen(key: str, values: Mapping[str, Any], language: str = '') -> rows.Template:
    """The text for whom these values are about. Reads the database, on any thread. Raises NotFound."""
    with read():
        there = rows.template_texts(key)
    if not there:
        raise unknown(key)
    contact = values.get('contact')
    theirs = contact.get('language') if isinstance(contact, Mapping) else ''
    by_language = {str(row.language).lower(): row for row in there}
    wanted = (*_with_base(language), *_with_base(str(theirs or '')), COMMON)
    return next((by_language[each] for each in wanted if each in by_language), there[0])


def warnings_of(text: str, *, caption: bool = False, values: Mapping[str, Any] | None = None) -> list[Finding]:
    """What may go wrong with it: for anybody, or with just these values. May take a second. Raises nothing."""
    most = CAPTION_MOST if caption else TEXT_MOST
    return lint(text, with_bare(values) if values is not None else _known(text), most=most)


def variables_of(text: str) -> list[str]:
    """The values that it reads, by name."""
    return sorted(names(text))


def with_bare(values: Mapping[str, Any]) -> dict[str, Any]:
    own = values.get('vars')
    return {**own, **values} if isinstance(own, Mapping) else dict(values)


def unknown(key: str, language: str = '') -> NotFound:
    return NotFound(f'There is no template “{key[:63]}”{f" in “{language[:40]}”" if language else ""}.')


def _known(text: str) -> dict[str, object]:
    """Other names are for whoever sends it to bring, unless they look like a slip of the pen."""
    try:
        brought = [each for each in names(text) if each not in KNOWN and not get_close_matches(each, KNOWN)]
    except Invalid:
        brought = []  # which is told as a mistake
    return {**KNOWN, **dict.fromkeys(brought, ...)}


def _with_base(language: str) -> tuple[str, ...]:
    tag = language.strip().replace('_', '-').lower()
    return tag, tag.partition('-')[0]


def _part(part: str) -> str:
    return part.upper() if len(part) == 2 else part.title() if len(part) == 4 else part.lower()


def _check_key(key: str) -> None:
    if not KEY.fullmatch(key):
        raise Invalid(
            'A key is a short word of small letters, digits, “-” and “_”, like “order-shipped”.', field='key'
        )  # fmt: skip
