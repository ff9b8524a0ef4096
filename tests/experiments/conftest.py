"""What several tests of configurations share."""

import pytest


@pytest.fixture
def any_width(monkeypatch):
    """Networks of 32 units whatever the budget: widths are tested elsewhere, and finding one traces the network."""
    monkeypatch.setattr("experiments.plan.units_for_budget", lambda *arguments: 32)
