"""The report is one page that needs nothing else, and a browser shows it."""

import re
import shutil
import subprocess
from html.parser import HTMLParser

import numpy as np
import pandas as pd
import pytest
from matplotlib.image import imread

from capacity_jax.results import TRIAL_COLUMNS, report

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
EVIL = "<script>alert(1)</script>&\"'"


@pytest.fixture(scope="module")
def page(synthetic):
    trials = [synthetic.recall(("rnn", "gru")), synthetic.rerun(("rnn",))]
    config = {"name": "fig2c", "task_args": {"n_in": 64}, "units": (16, 64), "note": EVIL}
    trials = pd.concat(trials, ignore_index=True)
    return report(trials.assign(study=trials["study"] + EVIL), config, title=f"fig2c {EVIL}")


def test_page_holds_everything(page):
    """Breaks if studies, figures, claims, configuration, versions, steps or time are left out."""
    assert page.count("<figure id=") == 3
    assert "id='fig2c'" in page
    for number in range(1, 9):
        assert f" {number}. " in page
    for part in ("task_args.n_in", "run-steps", "squared error", "jaxlib", "Python", "devices", "Repeats of the best"):
        assert part in page
    assert "61,000" in page
    assert "2 min 2 s" in page


def test_page_needs_no_network_and_no_other_file(page):
    """Breaks if the page refers to anything outside it, which a reader without a network would miss."""
    assert "://" not in page
    assert "@import" not in page
    assert "url(" not in page
    sources = re.findall(r"(?:src|href)\s*=\s*['\"]?([^'\"\s>]*)", page)
    assert sources
    assert all(source.startswith(("data:image/svg+xml;base64,", "#")) for source in sources)


def test_data_cannot_become_markup(page):
    """Breaks if a name in the data can add elements to the page."""
    assert "<script" not in page
    assert "&lt;script&gt;" in page


def test_elements_are_closed(page):
    """Breaks if a tag is left open, and what follows ends up inside it."""
    stack, optional = [], {"th", "td", "tr"}

    class Tags(HTMLParser):
        def handle_starttag(self, tag, attributes):
            if tag not in ("meta", "img"):
                stack.append(tag)

        def handle_endtag(self, tag):
            while stack[-1] != tag and stack[-1] in optional:
                stack.pop()
            assert stack.pop() == tag

    Tags().feed(page)
    assert not stack


def test_empty_storage_has_a_report():
    """Breaks if a run that has just begun cannot be looked at."""
    page = report(pd.DataFrame(columns=TRIAL_COLUMNS))
    assert "No trials to draw yet" in page
    assert page.count("not enough trials</span>") == 8


@pytest.mark.skipif(CHROMIUM is None, reason="no Chromium is installed")
def test_browser_shows_the_page(page, tmp_path):
    """Breaks if the page stays blank, or its figures are not drawn."""
    (tmp_path / "report.html").write_text(page)
    flags = "--headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking"
    flags += " --disable-component-update --disable-sync --hide-scrollbars --window-size=1100,2400"
    paths = [f"--user-data-dir={tmp_path / 'user'}", f"--screenshot={tmp_path / 'shot.png'}"]
    command = [CHROMIUM, *flags.split(), *paths, (tmp_path / "report.html").as_uri()]
    subprocess.run(command, check=True, capture_output=True, timeout=120)
    pixels = imread(tmp_path / "shot.png")[..., :3]
    assert pixels.shape[:2] == (2400, 1100)
    # Text above, and the colours of lines in the figures below it.
    assert np.ptp(pixels[:300]) > 0.5
    colourful = np.ptp(pixels[900:], axis=-1) > 0.3
    assert colourful.mean() > 1e-4
