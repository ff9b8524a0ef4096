"""What is drawn and tabled of modern cells."""

import io
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest
from trial_tables import sizes, table

from capacity_jax.results.parquet import write_parquet
from experiments.configs.modern import get_config
from experiments.modern.figure import draw, select, tables
from experiments.modern.rows import RECALLED, rows_of
from experiments.modern.table import with_live_parameters
from experiments.plan import studies

ROOT = Path(__file__).parents[2]
STORED = {
    "gru": {600: [3.0, 3.2], 1200: [2.9, 3.1]},
    "retnet(heads=2)": {600: [0.3, 0.4]},
    "lru": {600: [0.1, 0.12]},
    "block(lru)": {600: [2.0, 2.1]},
}


@pytest.fixture
def records():
    """Stored labels of cells of three classes and one in a block, what one recalls, and a stranger's cell."""
    rows = [row | {"budget": row["parameters"], "units": 4} for cell in STORED for row in sizes(cell, 1, STORED[cell])]
    rows += sizes("leaky", 1, {600: [5.0]})
    gru = {"study": "n_steps=1/gru@1/600", "n_steps": 1, "budget": 600, "units": 4}
    rows += [row | gru for row in sizes("gru", 1, {600: [3.5]})]
    recall = {"cell": "deltanet", "depth": 1, "units": 4, "objective": 9.0, "maximize": True}
    rows += [recall | {"study": "pairs", "task": "assoc_recall", "score_name": "bits_recalled", "bits_recalled": 9.0}]
    rows += [recall | {"study": "values", "task": "mem_thru", "score_name": "values_recalled", "values_recalled": 4.0}]
    return table(rows)


def test_rows_know_class_track_and_state(records):
    """Breaks if a cell of options or in a block is taken for another, or a stranger's cell breaks the table."""
    found = rows_of(records).set_index("study")[["core", "track", "class", "state_size"]].to_dict("index")
    assert found["block(lru)@1/600"] == {"core": "lru", "track": "block", "class": "L", "state_size": 8}
    assert found["retnet(heads=2)@1/600"] == {"core": "retnet(heads=2)", "track": "bare", "class": "B", "state_size": 8}
    assert found["gru@1/1200"]["class"] == "R"
    assert found["pairs"]["state_size"] == 16
    assert "leaky" not in {row["core"] for row in found.values()}


def test_figure_holds_a_line_for_each_cell_and_a_mark_for_each_study(records):
    """Breaks if a cell or a track is left out, or steps or recall are not drawn where they were measured."""
    figure = draw(records)
    bare, block, steps, values, pairs = figure.axes
    assert [label.get_text() for label in bare.get_yticklabels()] == ["lru", "retnet(heads=2)", "gru"]
    assert len(bare.collections) - 4 == 4
    assert len(block.collections) == 1
    assert steps.lines[0].get_xydata().tolist() == [[1, 3.5], [5, pytest.approx(3.1)]]
    assert [values.texts[0].xy, pairs.texts[0].xy] == [(16, 4), (16, 9)]
    draw(records.iloc[:0]).savefig(io.BytesIO(), format="svg")


def test_table_counts_live_parameters(records):
    """Breaks if bits are divided by parameters that never get a gradient, such as a query's weights."""
    (retnet,) = with_live_parameters(records.loc[records["cell"] == "retnet(heads=2)"]).to_dict("records")
    # Of 3 * 4 * 33 values of q, k and v and the readout's 5, q's 4 * 32 weights meet no input.
    assert retnet["live"] == 3 * 4 * 33 + 5 - 4 * 32
    assert retnet["bits_per_live"] == pytest.approx(retnet["mean_bits"] / retnet["live"])
    stored, recalled = tables(records).values()
    assert set(stored["core"]) == {"gru", "lru", "retnet(heads=2)"}
    assert recalled[["unit", "recalled", "per_state"]].to_numpy().tolist() == [
        ["bits_recalled", 9, 9 / 16],
        ["values_recalled", 4, 0.25],
    ]
    assert len(select(records)) == 13


def test_the_table_is_written_by_a_command(records, tmp_path):
    """Breaks if the README's command writes nothing, or another table, or needs both labels and recall."""
    stored = records.loc[records["cell"] == "retnet(heads=2)"].drop(columns=list(RECALLED.values()))
    write_parquet(tmp_path / "trials.parquet", stored)
    command = [sys.executable, "-m", "experiments.modern.table", str(tmp_path), f"--out={tmp_path / 'modern.csv'}"]
    subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.DEVNULL)
    assert pd.read_csv(tmp_path / "modern.csv")["core"].tolist() == ["retnet(heads=2)"]
    assert not len(pd.read_csv(tmp_path / "modern_recall.csv"))
    of_recall = records.loc[records["task"] != "per_cap"].drop(columns=["bits", "bits_per_parameter"])
    assert [len(table) for table in tables(of_recall).values()] == [0, 2]


@pytest.mark.parametrize("extent", ["laptop", "steps", "values", "pairs"])
def test_every_cell_fits_the_smallest_size(extent):
    """Breaks if some cell is too large for it, its labels or units do not fit it, or two studies have one name."""
    config = get_config(extent)
    config.budgets = config.budgets[:1]
    plan = studies(config)
    assert len({study.name for study in plan}) == len(plan)
