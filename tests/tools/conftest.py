"""The command line configures logs for its whole process; tests give that back."""

import logging

import pytest
import structlog


@pytest.fixture(autouse=True)
def logs_given_back():
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    structlog.reset_defaults()
    root.handlers[:] = handlers
    root.setLevel(level)
