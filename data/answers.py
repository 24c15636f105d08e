"""Answers already given, so that a request repeated with its Idempotency-Key is not carried out twice."""

from datetime import datetime

from peewee import CharField, IntegerField, TextField

from .database import Table, TimeField


class Answer(Table):
    """`key` is a hash of who asked, where, and their Idempotency-Key; `request` a hash of the body."""

    key = CharField(primary_key=True)
    request = CharField()
    status = IntegerField()
    body = TextField()
    at = TimeField(index=True)


def answer_for(key: str) -> Answer | None:
    found: Answer | None = Answer.get_or_none(Answer.key == key)
    return found


def forget_answers(before: datetime) -> int:
    gone: int = Answer.delete().where(Answer.at < before).execute()
    return gone


def keep_answer(key: str, request: str, status: int, body: str, at: datetime) -> None:
    """Inside the write that carries the request out, so that both are kept or neither."""
    Answer.insert(key=key, request=request, status=status, body=body, at=at).on_conflict_replace().execute()
