"""Stories of the inner rooms."""

from .house import house

__all__ = ['house']
