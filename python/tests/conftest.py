# SPDX-License-Identifier: MIT
"""Fixtures: contexts without a window, on Mesa's software renderer where there is no GPU."""

import os

import pmb
import pytest


def no_gl(why):
    """Skips; a failure with PMB_REQUIRE_GL=1."""
    if os.environ.get("PMB_REQUIRE_GL") == "1":
        pytest.fail(why)
    pytest.skip(why)


def headless(**arguments):
    try:
        return pmb.Context.headless(**arguments)
    except pmb.Unsupported as error:
        no_gl(str(error))


@pytest.fixture
def context():
    with headless() as made:
        yield made


@pytest.fixture
def make_context():
    """Makes contexts that the test does not have to close."""
    made = []

    def make(**arguments):
        made.append(headless(**arguments))
        return made[-1]

    yield make
    for each in made:
        each.close()


def pytest_terminal_summary(terminalreporter):
    """Skips in the form that ./run prints before its summary."""
    for report in terminalreporter.stats.get("skipped", []):
        terminalreporter.write_line(f"{report.nodeid}: Skipped\n{report.longrepr[2]}\n[  SKIPPED ] {report.nodeid}")
