"""The report is one page that needs nothing else, and a browser shows it."""

import re
import shutil
import subprocess
from html.parser import HTMLParser

import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure
from matplotlib.image import imread
from trial_tables import table

from capacity_jax.results import trials_table
from capacity_jax.results.report import report

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
EVIL = "<script>alert(1)</script>&\"'"


@pytest.fixture(scope="module")
def page():
    names = {"task": "mem_thru", "cell": "rnn", "depth": 1, "score_name": "squared_error", "objective": 0.25}
    trials = table([names | {"study": f"{units} units {EVIL}", "units": units} for units in (16, 64) for _ in range(3)])
    config = {"name": "fig2c", "task_args": {"n_in": 64}, "units": (16, 64), "note": EVIL}
    figure = Figure()
    figure.subplots().plot([0, 1], [0, 1], color="red", linewidth=20)
    tables = {"Repeats": pd.DataFrame({"share": [0.123456, np.nan], "cell": [EVIL, "gru"], "draws": [1000, 61_000]})}
    return report(trials, config, {"fig2c": figure}, {"Claims": "<p>None.</p>"}, tables, title=f"fig2c {EVIL}")


def test_page_holds_everything(page):
    """Breaks if studies, figures, sections, tables, configuration, versions, steps or time are left out."""
    assert page.count("<figure id=") == 1
    assert page.index("None.") < page.index("<figure id=") < page.index("squared error") < page.index("Repeats")
    for part in ("task_args.n_in", "jaxlib", "Python", "devices", "6,000 (all trials together)", "0:00:12", "0.25"):
        assert part in page


def test_tables_are_short_and_words_come_first(page):
    """Breaks if numbers lose their thousands, missing ones read `nan`, or words stand in a column of numbers."""
    rows = re.findall(r"<tr>(.*?)</tr>", page[page.index("Repeats") :], re.DOTALL)
    cells = [re.findall(r"<td>(.*?)</td>", row, re.DOTALL) for row in rows]
    assert cells[:2] == [[cells[0][0], "0.1235", "1,000"], ["gru", "–", "61,000"]]
    assert 'class="dataframe texts-1"' in page


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
    page = report(trials_table([]))
    assert "Nothing is drawn yet" in page
    assert "No trials yet" in page


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
