"""How the host processes are answered."""

from pydantic import BaseModel, Field

from . import TIME


class HostOut(BaseModel):
    id: str = Field(examples=['h1'])
    pid: int = Field(examples=[4711])
    sessions: list[str] = Field(examples=[['shop']])
    started_at: str | None = TIME
    crashes: int = Field(examples=[0])
    memory_mb: float = Field(description='Its share of memory (PSS).', examples=[62.4])
