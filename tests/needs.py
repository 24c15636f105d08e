"""What a test needs of the machine it runs on."""

import os
from typing import NoReturn

import pytest


def lacks(reason: str) -> NoReturn:
    """This machine cannot run the test: skipped with the reason, but failed on CI, which has to have everything."""
    if os.environ.get('CI'):
        pytest.fail(reason)
    pytest.skip(reason)
