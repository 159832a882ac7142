"""What the simulation's tests share."""

import pytest

from sim.camera import NoPicture, choose_gl


@pytest.fixture(scope="session")
def needs_gl():
    try:
        choose_gl()
    except NoPicture as error:
        pytest.skip(str(error))
