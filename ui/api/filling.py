"""The template of a message, filled in for whom it is sent to."""

from core.addresses import parse_recipient
from core.errors import Invalid
from core.outbox import Saying
from core.templates import letter
from data.sessions import Session

from ..compose import Gateway
from .saying import TemplatePart


def filled(gateway: Gateway, part: TemplatePart, to: str, session: Session) -> Saying:
    """Only what the template makes of a message. With a file it may take minutes.

    Raises Invalid, TooLarge, NotFound, Conflict (`ffmpeg_missing`), NoFiller and StorageFailed.
    """
    address = parse_recipient(to, str(session.country) or gateway.outbox.country)
    try:
        found = gateway.templates.written(
            part.key, part.vars, to=address, session=str(session.name), language=part.language
        )  # fmt: skip
    except Invalid as error:
        raise Invalid(str(error), field='template', code=error.code) from error
    return letter(gateway.media, found)
