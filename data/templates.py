"""Texts kept by a key in several languages, filled in where messages are made."""

from collections.abc import Collection
from datetime import datetime
from typing import Any

from peewee import CharField, CompositeKey, TextField, fn

from .database import Table, TimeField


class Template(Table):
    """`text` is a template for core/fill.py, the caption where `media_id` names a file. All of a key share a `name`."""

    key = CharField()
    language = CharField()
    name = CharField()
    text = TextField()
    media_id = CharField(null=True, index=True)
    created_at = TimeField()
    changed_at = TimeField()

    class Meta:
        primary_key = CompositeKey('key', 'language')


def templates(limit: int = -1, *, after: tuple[str, str] = ('', '')) -> list[Template]:
    """By key and language; `after` is the last one already shown."""
    key, language = after
    later = (Template.key > key) | ((Template.key == key) & (Template.language > language))
    return list(Template.select().where(later).order_by(Template.key, Template.language).limit(limit))


def template_texts(key: str) -> list[Template]:
    """In all its languages, the one that was made first comes first."""
    return list(Template.select().where(Template.key == key).order_by(Template.created_at, Template.language))


def count_templates() -> int:
    return int(Template.select(fn.COUNT(Template.key)).scalar())


def put_template(key: str, language: str, text: str, *, name: str, media_id: str, at: datetime) -> bool:
    """True when it is new, False when it was there and is another one now. All languages get the name."""
    here = (Template.key == key) & (Template.language == language)
    Template.update(name=name).where(Template.key == key).execute()
    if Template.update(text=text, media_id=media_id or None, changed_at=at).where(here).execute():
        return False
    Template.create(
        key=key, language=language, name=name, text=text, media_id=media_id or None, created_at=at, changed_at=at
    )
    return True


def rename_template(key: str, new_key: str) -> int:
    """How many languages it has."""
    return int(Template.update(key=new_key).where(Template.key == key).execute())


def delete_template(key: str, languages: Collection[str] | None = None) -> int:
    """How many languages of it are gone; None means all."""
    which = Template.key == key
    if languages is not None:
        which &= Template.language << list(languages)
    return int(Template.delete().where(which).execute())


def files_of_templates(media_ids: Collection[str]) -> set[str]:
    """Those of them that a template brings."""
    rows: Any = Template.select(Template.media_id).where(Template.media_id << list(media_ids)).distinct().tuples()
    return {str(id) for (id,) in rows}
