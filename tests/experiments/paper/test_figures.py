"""The paper's figures: what is drawn is what was measured, at every stage of a study."""

import io

import matplotlib
import numpy as np
import pandas as pd
import pytest
from trial_tables import bars

from capacity_jax.cells import CELLS
from capacity_jax.results import trials_table
from experiments.paper.cells import PAPER_CELLS
from experiments.paper.fig5.figure import infeasible_table
from experiments.paper.folders import PAPER_FOLDERS, draw_figures, figure_of
from experiments.paper.panels import style_of
from experiments.paper.table_rerun.figure import rerun_table

NAMES = [folder.rpartition(".")[2] for folder in PAPER_FOLDERS]


def draw(name, records, published=None):
    return figure_of(f"experiments.paper.{name}").draw(records, published)


def text(figure):
    return " ".join(figure.get_supxlabel().split())


@pytest.mark.parametrize("name", NAMES)
def test_figure_draws_its_trials_and_says_what_they_show(name, tables):
    """Breaks if a figure finds none of its trials, or its caption lacks the claim or the measurement."""
    figure = draw(name, tables[name])
    assert "Paper: " in text(figure)
    assert "Measured here: " in text(figure)
    assert any(character.isdigit() for character in text(figure).split("Measured here: ")[1])
    assert "not measured" not in text(figure)


@pytest.mark.parametrize("name", NAMES)
def test_figure_of_an_unfinished_study_says_so(name, tables):
    """Breaks if a study of no, one or only diverged trials raises, warns or draws an empty panel without a word."""
    nothing = draw(name, trials_table([]))
    assert "no trials yet" in {note.get_text() for axes in nothing.axes for note in axes.texts}
    nowhere = {"infeasible": True, "objective": np.nan, "score": np.nan}
    one, diverged = tables[name].iloc[:1], tables[name].iloc[:30].assign(**nowhere)
    draw(name, diverged)
    draw(name, one).savefig(io.BytesIO(), format="svg")


def test_figures_are_those_with_trials(tables):
    """Breaks if a report shows empty figures or misses one."""
    assert list(draw_figures(tables["fig2c"])) == ["fig2c"]
    assert {"fig1", "fig2a"} == set(draw_figures(tables["fig1"]))
    assert list(draw_figures(tables["fig5"])) == ["fig5"]


def test_fig1_shows_bits_and_factors(tables):
    """Breaks if a panel holds another depth, bits lose their scale, or the matrix is transposed."""
    axes = draw("fig1", tables["fig1"]).axes
    assert set(bars(axes[1])) == {"RNN", "IRNN", "UGRNN", "GRU", "LSTM"}
    assert "+RNN, depth 2" in bars(axes[2])
    assert not bars(axes[3])
    ((size, bits, ends),) = bars(axes[1])["GRU"]
    np.testing.assert_allclose(bits / size, 4.4, atol=0.05)
    ((_, per_parameter, per_parameter_ends),) = bars(axes[5])["GRU"]
    np.testing.assert_allclose(bits, per_parameter * size)
    np.testing.assert_allclose(ends, per_parameter_ends * size[:, None])
    matrix = axes[8]
    columns = [label.get_text() for label in matrix.get_xticklabels()]
    rows = [label.get_text() for label in matrix.get_yticklabels()]
    written = {note.get_position(): note.get_text() for note in matrix.texts}
    value, bounds = written[columns.index("IRNN"), rows.index("RNN")].split("\n")
    np.testing.assert_allclose(float(value), 4.9 / 3.5, atol=0.02)
    assert bounds.startswith("[1.")


def test_fig2a_separates_relu_runs(tables):
    """Breaks if the dashed lines hold other runs, or a cell without the choice has one."""
    axes = draw("fig2a", tables["fig2a"]).axes[0]
    both = bars(axes)["RNN"]
    np.testing.assert_allclose([bits.mean() for _, bits, _ in both], [4.9, 3.5], atol=0.05)
    assert len(bars(axes)["+RNN, depth 2"]) == 1
    assert [container.lines[0].get_linestyle() for container in axes.containers if container.get_label() == "RNN"] == [
        "-",
        "--",
    ]


def test_fig2c_draws_the_subspace(tables):
    """Breaks if the reference curve is elsewhere than 1 − n/64."""
    axes = draw("fig2c", tables["fig2c"]).axes[0]
    curve = axes.lines[0]
    np.testing.assert_allclose(curve.get_ydata(), np.maximum(0, 1 - np.array(curve.get_xdata()) / 64))
    assert "knee lies at 64.0 to 64.1" in text(axes.figure) or "knee lies at 64.1 to 64.1" in text(axes.figure)


def test_fig3_names_the_stand_in(tables):
    """Breaks if results of a stand-in pass for those of text8, or panel d is not by units."""
    figure = draw("fig3_text8", tables["fig3_text8"])
    assert "text8-standin-docs" in text(figure)
    ((units, _, _),) = bars(figure.axes[3])["GRU"]
    assert max(units) < 500


@pytest.mark.parametrize(
    ("name", "depths", "titles"),
    [
        ("fig3_text8", (2,), ["b  2 layers"]),
        ("fig3_text8", (1, 2), ["a  1 layer", "b  2 layers", "d  1 layer"]),
        ("fig4_parens", (1, 8), ["a  1 layer", "d  8 layers", "e  1 layer", "h  8 layers"]),
    ],
)
def test_panels_are_of_the_depths_that_were_measured(name, depths, titles, tables):
    """Breaks if a depth that nobody measured has an empty panel, or a panel another letter than in the paper."""
    trials = tables[name]
    axes = draw(name, trials.loc[trials["depth"].isin(depths)]).axes
    assert [one.get_title() for one in axes] == titles


def test_fig4_follows_the_search(tables):
    """Breaks if the running minimum or median skips diverged trials, looks ahead, or leaves the tuner's order."""
    trials = tables["fig4_parens"]
    axes = draw("fig4_parens", trials.sample(frac=1, random_state=0)).axes
    of_rnn = trials[(trials["cell"] == "rnn") & (trials["depth"] == 1)]["score"].fillna(np.inf).to_numpy()
    colour = style_of("rnn", trials)["color"]
    median, minimum = (next(line for line in axes[i].lines if line.get_color() == colour) for i in (0, 2))
    expected = [np.median(of_rnn[: n + 1]) for n in range(len(of_rnn))]
    np.testing.assert_allclose(np.nan_to_num(median.get_ydata(), nan=np.inf), expected)
    np.testing.assert_allclose(np.nan_to_num(minimum.get_ydata(), nan=np.inf), np.minimum.accumulate(of_rnn))
    assert len(axes[0].collections) >= 2


def test_table_1_counts_random_draws_alone(tables, synthetic):
    """Breaks if a tuner's trials enter the shares, or the interval is not binomial."""
    both = pd.concat([tables["fig5"], synthetic.search(n=40, depths=(1,))], ignore_index=True)
    table = infeasible_table(both).set_index(["depth", "cell"])
    row = table.loc[1, "rnn"]
    assert row["trials"] == 40
    assert row["share"] == both[(both["study"] == "parens_counting/rnn@1/random")]["infeasible"].mean()
    assert row["ci_low"] < row["share"] < row["ci_high"]
    assert row["paper"] == 0.215
    assert np.isnan(infeasible_table(both[both["cell"] == "intersection"].assign(depth=2)).loc[0, "paper"])


def test_rerun_table_holds_repeats_alone(tables):
    """Breaks if what the search found counts as a repeat, or the best is the worst."""
    table = rerun_table(tables["table_rerun"]).set_index("cell")
    repeats = tables["table_rerun"].query("cell == 'gru' and role == 'repeat'")["score"]
    row = table.loc["gru"]
    assert (row["repeats"], row["infeasible"]) == (30, 0)
    np.testing.assert_allclose([row["mean"], row["std"], row["best"]], [repeats.mean(), repeats.std(), repeats.min()])
    assert row["found"] == 3.0
    upside_down = rerun_table(tables["table_rerun"].assign(maximize=True)).set_index("cell")
    assert upside_down.loc["gru", "best"] == repeats.max()


def test_cells_are_told_apart_in_grey():
    """Breaks if two cells share colour or mark, or depths share a line."""
    table = pd.DataFrame({"cell": [*PAPER_CELLS, "mine"]})
    styles = [style_of(cell, table) for cell in table["cell"]]
    assert len({style["marker"] for style in styles}) == len({style["color"] for style in styles}) == 7
    assert len({style_of("rnn", table, depth)["linestyle"] for depth in (1, 2, 4, 8)}) == 4


@pytest.mark.parametrize("name", ["fig1", "fig5"])
def test_a_seventh_registered_cell_changes_no_figure(name, tables):
    """Breaks if a paper figure draws what is registered in place of the paper's own cells."""

    def drawn():
        axes = draw(name, tables[name]).axes
        lines = [
            (line.get_color(), line.get_marker(), line.get_xydata().tolist()) for one in axes for line in one.lines
        ]
        return lines, [tick.get_text() for one in axes for tick in one.get_xticklabels()]

    before, registered = str(drawn()), dict(CELLS)
    CELLS.clear()
    CELLS.update({"seventh": registered["gru"]} | registered)
    try:
        assert str(drawn()) == before
    finally:
        CELLS.clear()
        CELLS.update(registered)


def test_figures_leave_the_state_of_matplotlib_alone(tables):
    """Breaks if drawing a figure opens a window or changes the user's settings."""
    before = dict(matplotlib.rcParams)
    draw("fig2c", tables["fig2c"])
    assert dict(matplotlib.rcParams) == before
