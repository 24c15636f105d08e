"""Stories of the flow engine, told through the inbox."""

from tests.core.house import house

__all__ = ['house']
