"""The two protobuf wire types that Signal's messages use."""

Fields = dict[int, int | bytes]


class BadFields(ValueError):
    """The bytes are not such a message, or a field is missing."""


def pack(fields: dict[int, int | bytes | None]) -> bytes:
    out = bytearray()
    for number, value in fields.items():
        if isinstance(value, bytes):
            out += _varint(number << 3 | 2) + _varint(len(value)) + value
        elif value is not None:
            out += _varint(number << 3) + _varint(value)
    return bytes(out)


def unpack(data: bytes) -> Fields:
    """Raises BadFields."""
    fields: Fields = {}
    at = 0
    try:
        while at < len(data):
            tag, at = _number(data, at)
            value, at = _number(data, at)
            if tag & 7 == 2:
                fields[tag >> 3] = data[at : at + value]
                at += value
            else:
                fields[tag >> 3] = value
    except IndexError as error:
        raise BadFields('the message ends early') from error
    return fields


def blob(fields: Fields, number: int) -> bytes:
    value = fields.get(number)
    if not isinstance(value, bytes):
        raise BadFields(f'field {number} is missing')
    return value


def integer(fields: Fields, number: int) -> int:
    value = fields.get(number, 0)
    if not isinstance(value, int):
        raise BadFields(f'field {number} is no number')
    return value


def _varint(number: int) -> bytes:
    out = bytearray()
    while number > 127:
        out.append(number & 127 | 128)
        number >>= 7
    out.append(number)
    return bytes(out)


def _number(data: bytes, at: int) -> tuple[int, int]:
    byte = data[at]
    if byte < 128:
        return byte, at + 1
    value = shift = 0
    while True:
        byte = data[at]
        at += 1
        value |= (byte & 127) << shift
        shift += 7
        if byte < 128:
            return value, at
