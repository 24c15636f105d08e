"""Hooks: other systems tell us something, and a message, a contact or a flow comes of it."""
