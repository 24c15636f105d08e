"""What stands on a card: its sentence, a note, and what is wrong."""

from flows.outline import Fault

from ...pieces import box, words


def draw_sentence(told: tuple[str, str, bool]) -> None:
    says, note, _ = told
    with box('says-it', 'span'):
        sentence_words(f'{says[:1].upper()}{says[1:]}')
    if note:
        words(note, 'under')


def draw_way(told: tuple[str, tuple[Fault, ...]]) -> None:
    says, faults = told
    sentence_words(says)
    draw_card_faults(faults)


def sentence_words(text: str) -> None:
    for index, part in enumerate(text.split('|')):
        if part:
            words(part, 'value-chip' if index % 2 else '')


def draw_faults(faults: tuple[Fault, ...]) -> None:
    for fault in faults:
        said = {'triggers': 'Add what starts the flow', 'steps': 'Add what the flow does'}.get(fault.field)
        words(f'{said or fault.sentence[:1].upper() + fault.sentence[1:]}.', 'problem small', 'p')


def draw_card_faults(faults: tuple[Fault, ...]) -> None:
    for fault in faults[:3]:
        name = fault.field.rpartition('/')[2].replace('_', ' ')
        words(f'{name.capitalize()}: {fault.sentence}' if name else fault.sentence, 'problem small block')
