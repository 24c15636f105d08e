"""Files: those we hold, once each by what is in them, and those we still have to fetch for a message."""

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from typing import Any, Literal

from peewee import (
    JOIN,
    SQL,
    BlobField,
    BooleanField,
    CharField,
    CompositeKey,
    ForeignKeyField,
    IntegerField,
    TextField,
    fn,
)

from .database import Table, TimeField
from .messages import Message
from .sessions import Session
from .templates import files_of_templates

DownloadState = Literal['wanted', 'running', 'here', 'failed', 'gone', 'skipped']


class Media(Table):
    """One file of the media folder. `sha256` in hex; sizes in bytes and pixels, 0 when unknown.

    `filename` is how it was called last; `thumbnail` a small JPEG, `waveform` 64 loudnesses from 0 to 100 of a voice
    note. `used_at`: when somebody last brought or sent it. `gone_at`: the file was deleted, the row tells of it.
    """

    id = CharField(primary_key=True)
    sha256 = CharField(unique=True)
    mime = CharField()
    size = IntegerField()
    filename = CharField(default='')
    width = IntegerField(default=0)
    height = IntegerField(default=0)
    seconds = IntegerField(default=0)
    animated = BooleanField(default=False)
    thumbnail = BlobField(null=True)
    waveform = BlobField(null=True)
    created_at = TimeField()
    used_at = TimeField(index=True)
    gone_at = TimeField(null=True)


class Conversion(Table):
    """What became of `source` for sending it as `kind`, so that it is converted once."""

    source = ForeignKeyField(Media, on_delete='CASCADE', index=False)
    kind = CharField()
    result = ForeignKeyField(Media, on_delete='CASCADE')

    class Meta:
        primary_key = CompositeKey('source', 'kind')


class Upload(Table):
    """Who brought a file here by themselves. `by`: 'user:<id>' or 'key:<id>'."""

    media = ForeignKeyField(Media, on_delete='CASCADE', index=False)
    by = CharField()

    class Meta:
        primary_key = CompositeKey('media', 'by')


class Download(Table):
    """The file of one received message: where it lies at WhatsApp, and how far we are with it.

    The first fields are those of RemoteFile. `state`: wanted waits for its turn at `next_at`, running is being
    fetched, here has its `media`; failed, gone (WhatsApp has it no longer) and skipped (not wanted by itself) say why
    in `error`, a sentence.
    """

    message_id: str
    session_id: str
    media_id: str | None

    message = ForeignKeyField(Message, primary_key=True, on_delete='CASCADE')
    session = ForeignKeyField(Session, on_delete='CASCADE')
    kind = CharField()
    mime = CharField()
    size = IntegerField()
    filename = CharField(default='')
    width = IntegerField(default=0)
    height = IntegerField(default=0)
    seconds = IntegerField(default=0)
    animated = BooleanField(default=False)
    view_once = BooleanField(default=False)
    path = TextField()
    url = TextField()
    key = BlobField()
    sha256 = BlobField()
    sealed_sha256 = BlobField()
    thumbnail = BlobField(null=True)
    state = CharField()
    tries = IntegerField(default=0)
    next_at = TimeField()
    error = TextField(default='')
    media = ForeignKeyField(Media, null=True, on_delete='SET NULL')


# Small whatever the size of the table: only what still has to be fetched is in it.
Download.add_index(
    Download.index(Download.next_at, where=SQL("state IN ('wanted', 'running')"), name='download_open')
)  # fmt: skip


# ---- the files we hold


def media_by_id(id: str) -> Media | None:
    found: Media | None = Media.get_or_none(Media.id == id)
    return found


def media_by_ids(ids: Collection[str]) -> list[Media]:
    return list(Media.select().where(Media.id << list(ids))) if ids else []


def media_by_sha256(sha256: str) -> Media | None:
    found: Media | None = Media.get_or_none(Media.sha256 == sha256)
    return found


def held_hashes() -> set[str]:
    """Of all files that should be in the folder."""
    rows: Any = Media.select(Media.sha256).where(Media.gone_at.is_null()).tuples()
    return {str(sha256) for (sha256,) in rows}


def add_media(**values: Any) -> Media:
    """A new file, or one that had gone and is here again."""
    old = media_by_sha256(values['sha256'])
    if old is None:
        made: Media = Media.create(**values)
        return made
    again = {name: value for name, value in values.items() if name not in ('id', 'created_at')}
    Media.update(**again, gone_at=None).where(Media.id == old.id).execute()
    return Media.get_by_id(old.id)


def touch(id: str, at: datetime, *, filename: str = '') -> Media | None:
    """Note that a file is used, and its newest name; None when it has gone."""
    values: dict[str, Any] = {'used_at': at, **({'filename': filename} if filename else {})}
    if not Media.update(**values).where(Media.id == id, Media.gone_at.is_null()).execute():
        return None
    return media_by_id(id)


def set_waveform(id: str, waveform: bytes) -> None:
    Media.update(waveform=waveform).where(Media.id == id).execute()


def conversion_of(source_id: str, kind: str) -> Media | None:
    """What became of it, while that is still here."""
    found: Media | None = (
        Media.select()
        .join(Conversion, on=(Conversion.result == Media.id))
        .where(Conversion.source == source_id, Conversion.kind == kind, Media.gone_at.is_null())
        .first()
    )
    return found


def keep_conversion(source_id: str, kind: str, result_id: str) -> None:
    Conversion.insert(source=source_id, kind=kind, result=result_id).on_conflict_replace().execute()


def keep_upload(media_id: str, by: str) -> None:
    Upload.insert(media=media_id, by=by).on_conflict_ignore().execute()


def was_uploaded_by(media_id: str, by: str) -> bool:
    return bool(Upload.select().where(Upload.media == media_id, Upload.by == by).exists())


def carried_in(media_id: str, session_ids: Iterable[str]) -> bool:
    """Whether a message of one of these sessions brings this file."""
    query = Message.select().where(Message.media_id == media_id, Message.session << list(session_ids))
    return bool(query.exists())


def carried(media_ids: Sequence[str]) -> set[str]:
    """Those of them that a message brings, in or out, or a template."""
    rows: Any = Message.select(Message.media_id).where(Message.media_id << list(media_ids)).distinct().tuples()
    return {str(id) for (id,) in rows} | files_of_templates(media_ids)


def unused_media(before: datetime, *, after: tuple[datetime, str] | None = None, limit: int = 500) -> list[Media]:
    """Files not used since then, the longest unused first; `after`: (used_at, id) of the last one already seen."""
    query = Media.select().where(Media.used_at < before).order_by(Media.used_at, Media.id).limit(limit)
    if after is not None:
        at, id = after
        query = query.where((Media.used_at > at) | ((Media.used_at == at) & (Media.id > id)))
    return list(query)


def mark_gone(ids: Collection[str], at: datetime) -> list[str]:
    """Deleted files, with what could show them; gives the hashes of those that were still here."""
    here = Media.select(Media.sha256).where(Media.id << list(ids), Media.gone_at.is_null())
    hashes = [str(row.sha256) for row in here]
    Media.update(gone_at=at, thumbnail=None, waveform=None).where(Media.id << list(ids)).execute()
    return hashes


def delete_media(ids: Collection[str]) -> None:
    Media.delete().where(Media.id << list(ids)).execute()


# ---- the files we still have to fetch


def want_download(**values: Any) -> bool:
    """False when the message has its row already."""
    added: int = Download.insert(**values).on_conflict_ignore().as_rowcount().execute()
    return added == 1


def download_of(message_id: str) -> Download | None:
    """With its file joined once that is here, and with its message (`id` and `chat` only)."""
    return next(iter(downloads_of([message_id])), None)


def downloads_of(message_ids: Collection[str]) -> list[Download]:
    """The same for several messages; those that brought no file are left out."""
    return list(
        Download.select(Download, Message.id, Message.chat, Media)
        .join(Message)
        .switch(Download)
        .join(Media, JOIN.LEFT_OUTER)
        .where(Download.message << list(message_ids))
    )


def due_downloads(now: datetime) -> int:
    """How many could be fetched now."""
    return int(Download.select(fn.COUNT(Download.message)).where(_open(), *_due(now)).scalar() or 0)


def claim_download(now: datetime) -> Download | None:
    """The one that is due longest, now running; None when nothing is due."""
    found: Download | None = Download.select().where(_open(), *_due(now)).order_by(Download.next_at).first()
    if found is not None and move_download(found.message_id, ('wanted',), 'running', tries=found.tries + 1):
        return download_of(found.message_id)
    return None


def move_download(message_id: str, before: Iterable[DownloadState], after: DownloadState, **more: Any) -> bool:
    """False when somebody else already did."""
    query = Download.update(state=after, **more).where(Download.message == message_id, Download.state << list(before))
    moved: int = query.execute()
    return moved == 1


def note_in_message(message_id: str, media_id: str | None, **facts: Any) -> None:
    """Show in the message itself what is known of its file, in the words of core/contents.py."""
    row: Message | None = Message.get_or_none(Message.id == message_id)
    if row is not None:
        content = {**row.content, **facts} if row.content else row.content
        Message.update(media_id=media_id, content=content).where(Message.id == message_id).execute()


def release_running(at: datetime) -> int:
    """What was being fetched when the program ended waits for its turn again, and that try does not count."""
    freed: int = (
        Download.update(state='wanted', next_at=at, tries=Download.tries - 1)
        .where(_open(), Download.state == 'running')
        .execute()
    )
    return freed


def _open() -> Any:
    # Says the same as a single one of these states does, but only then SQLite looks into the index download_open.
    return SQL("state IN ('wanted', 'running')")


def _due(now: datetime) -> tuple[Any, Any]:
    return Download.state == 'wanted', Download.next_at <= now
