"""How one phone number may be written in countries where WhatsApp and people write it differently.

Brazil put a 9 before its mobile numbers, Mexico dropped a 1, Argentina writes a 9 only from abroad; WhatsApp knows an
account by one of the two, and which of them only WhatsApp knows. None of this says that a spelling is right.
"""

import re

# (with the digit, how to leave it out), (without it, how to put it in)
RULES = (
    (re.compile(r'55(\d{2})9([6-9]\d{7})\Z'), r'55\1\2'),
    (re.compile(r'55(\d{2})([6-9]\d{7})\Z'), r'55\g<1>9\2'),
    (re.compile(r'521(\d{10})\Z'), r'52\1'),
    (re.compile(r'52([2-9]\d{9})\Z'), r'521\1'),
    (re.compile(r'549(\d{10})\Z'), r'54\1'),
    (re.compile(r'54([1-8]\d{9})\Z'), r'549\1'),
)


def other_spelling(phone: str) -> str:
    """Digits in, digits out; '' for a number that is written in one way only."""
    for written, other in RULES:
        if written.match(phone):
            return written.sub(other, phone)
    return ''
