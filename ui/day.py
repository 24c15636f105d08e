"""How a day of messages is drawn."""

from .overview import Hours
from .pieces import drawing, figure
from .written import grouped


def day_figures(hours: Hours, uncertain: int, *, label: str, lately: str) -> None:
    """Four figures for a box of class `figures`; `label` names the first, `lately` says what the last hour is."""
    sent, arrived = sum(hours.went), sum(hours.arrived)
    share = f'{100 * arrived / sent:.3g} % of what was sent' if sent else 'nothing was sent yet'
    for name, values, note in (
        (label, hours.came, f'{grouped(hours.came[-1])} {lately}'),
        ('Sent', hours.went, f'{grouped(hours.went[-1])} {lately}'),
        ('Delivered', hours.arrived, share),
        ('Failed', hours.failed, f'{grouped(uncertain)} uncertain' if uncertain else 'none uncertain'),
    ):
        figure(name, grouped(sum(values)), note=note, values=(0, *values))


def day_bars(hours: Hours) -> None:
    """The reader's whole day, two bars an hour; the hours to come are empty."""
    most = max(*hours.came, *hours.went, 1)
    bars = ''.join(
        f'<span><i style="height:{100 * _at(hours.came, hour) / most:.0f}%"></i>'
        f'<i style="height:{100 * _at(hours.went, hour) / most:.0f}%"></i></span>'
        for hour in range(24)
    )
    labels = ''.join(f'<span>{hour:02}</span>' if hour % 3 == 0 else '<span></span>' for hour in range(24))
    chart = drawing(f'<div class="hours day">{bars}</div><div class="hours-below small faint">{labels}</div>')
    chart.props['role'], chart.props['aria-label'] = 'img', _told(hours)


def _told(hours: Hours) -> str:
    both = [came + went for came, went in zip(hours.came, hours.went, strict=True)]
    if not any(both):
        return 'No messages yet today'
    return f'Messages by the hour, most at {both.index(max(both)):02}:00'


def _at(values: tuple[int, ...], hour: int) -> int:
    return values[hour] if hour < len(values) else 0
