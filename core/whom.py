"""What a template sees of whom it is written to, and of the session that writes."""

from collections.abc import Mapping
from typing import Any

from data.database import read
from data.scenes import contact_scene
from data.sessions import session_by_name

from .addresses import Address
from .identities import Identities

Values = dict[str, Any]


def values_for(identities: Identities, to: Address, session: str) -> Values:
    """{contact, session}, on any thread. A group has no contact; of a stranger only the address is known.

    Raises NotFound for the id of a contact nobody has.
    """
    if to.kind == 'group':
        return {'contact': {}, 'session': session_values(session)}
    with read():
        known = identities.known(to)
        return {'contact': contact_values(known) if known else _stranger(to), 'session': session_values(session)}


def contact_values(contact_id: str) -> Values:
    """{id, phone, lid, name, first_name, vars, tags, language}; {} when there is nobody. Reads the database."""
    row = contact_scene(contact_id)
    return person_values(row) if row is not None else {}


def person_values(row: Mapping[str, Any]) -> Values:
    """The same of a row of data/scenes.py."""
    phone, name = row['phone'], row['name'] or row['push_name']
    return {
        'id': row['id'],
        'phone': f'+{phone}' if phone else None,
        'lid': row['lid'],
        'name': name or (f'+{phone}' if phone else ''),
        'first_name': name.split(' ', maxsplit=1)[0] if name else '',
        'vars': row['vars'],
        'tags': row['tags'],
        'language': row['language'],
    }


def session_values(name: str) -> Values:
    """{name, phone}; the phone is '' while none is linked. Reads the database."""
    with read():
        row = session_by_name(name)
    return {'name': name, 'phone': f'+{row.phone}' if row is not None and row.phone else ''}


def _stranger(to: Address) -> Values:
    digits = {'phone': to.digits if to.kind == 'phone' else None, 'lid': to.digits if to.kind == 'lid' else None}
    return person_values({'id': '', **digits, 'name': '', 'push_name': '', 'vars': {}, 'tags': [], 'language': ''})
