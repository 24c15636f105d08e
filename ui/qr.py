"""How a QR code is drawn."""

from itertools import groupby

import qrcode


def qr_svg(text: str) -> str:
    """An SVG in `currentColor`, without ground or margin: a scanner needs four light modules around it."""
    code = qrcode.QRCode(border=0, error_correction=qrcode.constants.ERROR_CORRECT_L)
    code.add_data(text)
    grid = code.get_matrix()
    path = ''.join(f'M{x} {y}h{width}v1h-{width}z' for y, row in enumerate(grid) for x, width in _runs(row))
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {len(grid)} {len(grid)}" shape-rendering="crispEdges" '
        f'aria-hidden="true"><path d="{path}" fill="currentColor"/></svg>'
    )


def _runs(row: list[bool]) -> list[tuple[int, int]]:
    """(where it begins, how long it is) for every dark stretch of a row."""
    runs, x = [], 0
    for dark, cells in groupby(row):
        width = len(list(cells))
        if dark:
            runs.append((x, width))
        x += width
    return runs
