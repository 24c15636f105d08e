"""How files are answered, ours and received ones."""

from pydantic import BaseModel, Field


class MediaPartOut(BaseModel):
    id: str | None = Field(description='For `GET /media/{id}`; null until it was fetched from WhatsApp.')
    mime: str = Field(examples=['image/jpeg'])
    size: int = Field(description='Bytes.')
    filename: str
    width: int
    height: int
    seconds: int
    animated: bool
    view_once: bool | None = None
    state: str | None = Field(
        default=None,
        description='Of a received one: wanted (it is being fetched), here, failed, gone (WhatsApp has it no longer) '
        'or skipped (this session does not fetch such files by itself).',
        examples=['here'],
    )
    detail: str | None = Field(default=None, description='Why it is not here, in a sentence.', examples=[''])


class ReceivedFileOut(MediaPartOut):
    kind: str = Field(description='image, video, audio, voice, document or sticker.', examples=['image'])


class WantedOut(BaseModel):
    id: str = Field(description='The message.', examples=['01KB3M5V6J8QW2H4E9T7XZ1C0A'])
    media: ReceivedFileOut


class FileOut(BaseModel):
    id: str = Field(description='For `media.id` of a message.', examples=['01KB3M5V6J8QW2H4E9T7XZ1C0A'])
    mime: str = Field(description='By its content.', examples=['image/jpeg'])
    size: int = Field(description='Bytes.', examples=[48213])
    sha256: str = Field(examples=['9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08'])
    filename: str = Field(examples=['photo.jpg'])
    width: int = Field(description='Pixels; 0: unknown, or it has none.', examples=[1600])
    height: int = Field(examples=[1200])
    seconds: int = Field(description='Of sound and video; 0: unknown, or it has none.', examples=[0])
    animated: bool
