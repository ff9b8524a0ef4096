"""Claims hold where the trials were made to, fail where they were made not to, and wait where there are few."""

import numpy as np
import pandas as pd
import pytest

from capacity_jax.cells import CELLS
from capacity_jax.results import trials_table
from capacity_jax.stats import Interval
from experiments.paper.folders import PAPER_FOLDERS, claims_of, judge_claims
from experiments.paper.verdict import FAILS, HOLDS, NOT_RUN, UNDECIDED, Claim, Finding, Quantity, judge

CLAIMS = {claim.number: claim for folder in PAPER_FOLDERS for claim in claims_of(folder)}


def judged(number, records):
    return judge(CLAIMS[number], records)


def finding(judgement, name):
    return next(one.interval for one in judgement.findings if one.name.startswith(name))


def joined(*tables):
    return pd.concat(tables, ignore_index=True)


def verdict(*estimates, low=0, high=1):
    """The verdict on a claim that every estimate lies between the bounds."""
    subjects = {str(i): estimate for i, estimate in enumerate(estimates)}
    claim = Claim(1, "x lies there", lambda rows: rows, len, [Quantity("x", "x", "all", lambda n: subjects, low, high)])
    return judge(claim, pd.DataFrame({"cell": ["rnn"]})).verdict


def test_verdict_needs_every_part_inside():
    """Breaks if one good part outvotes an uncertain one, or an unmeasured one counts as good."""

    def part(low, high):
        return lambda level: Interval((low + high) / 2, low, high)

    assert verdict(part(0.2, 0.8), part(0.1, 0.9)) == HOLDS
    assert verdict(part(0.2, 0.8), part(0.1, 1.1)) == UNDECIDED
    assert verdict(part(0.2, 0.8), part(np.nan, np.nan)) == UNDECIDED
    assert verdict(part(0.2, 0.8), part(1.1, 1.2)) == FAILS
    assert verdict() == UNDECIDED


@pytest.mark.parametrize(
    ("interval", "growth"),
    [
        ((0.5, 0.3, 0.7), 1),
        ((0.8, 0.4, 1.2), 4),
        ((1.1, 0.8, 1.4), 9),
        ((0.5, -0.6, 1.5), 1.1**2 / 0.5**2),
        ((2.0, 1.5, 2.5), 1),
        ((1.0, 0.9, 1.1), np.inf),
    ],
)
def test_intervals_narrow_as_trials_grow(interval, growth):
    """Breaks if the plan asks for too few trials or too many, on either side of a bound."""
    found = Finding("x", Interval(*interval), Quantity("x", "x", "all", dict, 0, 1))
    assert found.growth == pytest.approx(growth)


def test_plan_tells_what_a_claim_lacks(tables):
    """Breaks if who plans a run does not learn which numbers are undecided, or that one has no interval yet."""
    few = tables["fig1"].groupby("study").head(1)
    claim = judged(2, few)
    assert claim.verdict == UNDECIDED
    assert f"Claim 2: {UNDECIDED.upper()}" in claim.plan
    assert "times the trials" in claim.plan or "no interval yet" in claim.plan
    assert judged(1, tables["fig1"]).plan == "Claim 1: HOLDS"


def test_failure_is_judged_at_the_level_corrected_for_the_number_of_parts():
    """Breaks if one of many true parts fails a claim by chance."""
    levels = []

    def estimate(level):
        levels.append(level)
        return Interval(2.0, 1.0 - level, 3.0)

    assert verdict(*[estimate] * 5, low=-1, high=0.04) == UNDECIDED
    assert max(levels) == pytest.approx(0.99)


def test_claim_1_finds_the_slope(synthetic):
    """Breaks if the slope is another than was put in, or a curve passes for a line."""
    claim = judged(1, synthetic.capacity())
    assert claim.verdict == HOLDS
    assert len(claim.findings) == 2 * 17
    np.testing.assert_allclose(finding(claim, "LSTM, bits").value, 4.1, rtol=0.02)
    assert judged(1, synthetic.capacity(dict(synthetic.bits, lstm=2.0), relu=1.0)).verdict == FAILS
    curved = synthetic.capacity()
    for name in ("score", "objective"):
        curved[name] *= np.sqrt(curved["parameters"] / 2400)
    assert judged(1, curved).verdict == FAILS


def test_claim_1_needs_all_cells_and_three_sizes(synthetic):
    """Breaks if a claim about every architecture holds for one."""
    assert judged(1, synthetic.capacity({"rnn": 4.9})).verdict == UNDECIDED
    assert judged(1, synthetic.capacity(budgets=(600, 1200))).verdict == UNDECIDED


def test_claim_2_finds_the_order(synthetic):
    """Breaks if the order is another than the paper's, or a reversed one passes."""
    claim = judged(2, synthetic.capacity())
    assert claim.verdict == HOLDS
    np.testing.assert_allclose(finding(claim, "GRU less LSTM").value, 0.3, atol=0.03)
    np.testing.assert_allclose(finding(claim, "RNN, tanh less ReLU").value, 1.4, atol=0.03)
    exchanged = dict(synthetic.bits, gru=4.1, lstm=4.4)
    assert judged(2, synthetic.capacity(exchanged)).verdict == FAILS
    assert judged(2, synthetic.capacity(dict.fromkeys(synthetic.bits, 4.0), noise=0.1)).verdict != HOLDS
    assert judged(2, synthetic.capacity(seeds=1)).verdict == UNDECIDED


def test_claim_2_does_not_hold_when_cells_are_shuffled(synthetic):
    """Breaks if the verdict follows anything but the cells' names."""
    trials = synthetic.capacity()
    names = dict(zip(synthetic.bits, np.roll(list(synthetic.bits), 2), strict=True))
    assert judged(2, trials.assign(cell=trials["cell"].map(names))).verdict == FAILS


def test_claim_3_finds_the_rise_and_its_end(synthetic):
    """Breaks if steps are out of order, or capacity that goes on rising counts as saturated."""
    sizes = {"budgets": (2000,), "depths": (2,), "seeds": 2}
    assert judged(3, synthetic.capacity(steps=(1, 2, 5, 8, 12), **sizes)).verdict == HOLDS
    assert judged(3, synthetic.capacity(steps=(1, 2, 3), **sizes)).verdict == FAILS
    assert judged(3, synthetic.capacity(steps=(8, 12), **sizes)).verdict == UNDECIDED
    assert judged(3, synthetic.capacity()).verdict == NOT_RUN


def test_claim_3_is_judged_on_seeds(synthetic):
    """Breaks if more seeds bring no narrower interval, or networks that fall are averaged into nothing."""
    sizes = {"steps": (1, 2, 5, 8, 12), "budgets": (2000,), "depths": (2,)}
    few, many = (finding(judged(3, synthetic.capacity(seeds=n, noise=0.3, **sizes)), "ratio") for n in (3, 30))
    assert many.high - many.low < (few.high - few.low) / 2
    trials = synthetic.capacity(seeds=4, **sizes)
    falls = trials["cell"].isin(["gru", "lstm", "ugrnn"]) & (trials["n_steps"] == 12)
    claim = judged(3, trials.assign(score=trials["score"].mask(falls, trials["score"] * 0.7)))
    assert claim.verdict == FAILS
    np.testing.assert_allclose(finding(claim, "ratio").value, np.sqrt(0.7), rtol=0.02)
    assert "from 0.7" in claim.remark


def test_claim_4_finds_the_knee(synthetic):
    """Breaks if the knee is elsewhere than at the size of the input, or a network above the curve passes."""
    claim = judged(4, synthetic.recall())
    assert claim.verdict == HOLDS
    np.testing.assert_allclose(finding(claim, "GRU, values").value, 1.0, atol=0.01)
    late = synthetic.recall(curve=lambda n, m: 1 - min(n, 80) / 80)
    np.testing.assert_allclose(finding(judged(4, late), "GRU, values").value, 64 / 80, atol=0.01)
    assert judged(4, late).verdict == FAILS
    assert judged(4, synthetic.recall(units=(16, 32))).verdict == UNDECIDED
    assert judged(4, synthetic.recall(units=(32, 64), seeds=1)).verdict == UNDECIDED


def test_claim_5_tells_parameters_from_units(synthetic):
    """Breaks if a loss set by units passes as set by parameters, or one task stands for both."""
    rcf = synthetic.loss("rcf")
    assert judged(5, joined(synthetic.loss("text8-standin-docs"), rcf)).verdict == HOLDS
    assert judged(5, joined(synthetic.loss(by="units"), rcf)).verdict == FAILS
    assert judged(5, rcf).verdict == UNDECIDED


def test_claim_6_ranks_cells(synthetic):
    """Breaks if the wrong winner passes, or diverged trials do not count against a cell."""
    both = [synthetic.search(task) for task in ("parens_counting", "arithmetic")]
    claim = judged(6, joined(*both))
    assert claim.verdict == HOLDS
    assert finding(claim, "parens_counting, depth 1: P(GRU").value > 0.8
    assert judged(6, joined(both[0], synthetic.search("arithmetic", best={1: "lstm", 8: "gru"}))).verdict == FAILS
    assert judged(6, both[0]).verdict == UNDECIDED
    assert judged(6, joined(*(table[table["number"] < 5] for table in both))).verdict == UNDECIDED
    diverged = joined(*both)
    of_gru = (diverged["cell"] == "gru") & (diverged["depth"] == 1) & (diverged["number"] > 1)
    diverged.loc[of_gru, ["infeasible", "score"]] = True, np.nan
    assert judged(6, diverged).verdict == FAILS


def test_claim_7_compares_shares_with_table_1(synthetic):
    """Breaks if shares are not held against the paper's, or a tuner's trials count as random draws."""
    shallow = synthetic.search(sampler="random", depths=(1,), n=400)
    deep = {"gru": 0.064, "irnn": 0.892, "lstm": 0.08, "rnn": 0.374, "ugrnn": 0.23, "intersection": 0.176}
    trials = joined(shallow, synthetic.search(sampler="random", depths=(8,), n=400, infeasible=deep))
    claim = judged(7, trials)
    assert claim.verdict == HOLDS
    assert "GRU at depth 1, +RNN at depth 8" in claim.remark
    never = trials.assign(infeasible=False, score=trials["score"].fillna(30.0))
    assert judged(7, never).verdict == FAILS
    assert judged(7, trials.assign(sampler="gp")).verdict == NOT_RUN


def test_claim_8_compares_repeats_with_what_was_found(synthetic):
    """Breaks if the sign is wrong for a task to be maximized, or too few repeats count."""
    assert judged(8, synthetic.rerun()).verdict == HOLDS
    assert judged(8, synthetic.rerun(worse=0.3)).verdict == FAILS
    assert judged(8, synthetic.rerun(worse=-0.3)).verdict == HOLDS
    assert judged(8, synthetic.rerun(worse=-0.3).assign(maximize=True)).verdict == FAILS
    assert judged(8, synthetic.rerun(n=9)).verdict == NOT_RUN


def test_what_no_trial_touches_was_not_run(synthetic):
    """Breaks if a storage that has just begun raises or decides anything, or claims on other tasks wait for it."""
    assert {judgement.verdict for judgement in judge_claims(trials_table([]))} == {NOT_RUN}
    judgements = judge_claims(synthetic.recall(units=(16,))[:2])
    verdicts = {judgement.claim.number: judgement.verdict for judgement in judgements}
    assert verdicts == dict.fromkeys(range(1, 9), NOT_RUN) | {4: UNDECIDED}


def test_other_cells_and_tasks_change_no_verdict(synthetic, monkeypatch):
    """Breaks if a claim about the paper's six cells and its tasks takes in what a user registered or named alike."""
    both = [synthetic.loss(task, depths=(1,)) for task in ("text8", "rcf")]
    trials = joined(synthetic.capacity(budgets=(600, 1200, 2400), depths=(2,)), synthetic.recall(), *both)
    before = list(map(str, judge_claims(trials)))
    monkeypatch.setitem(CELLS, "seventh", CELLS["gru"])
    assert list(map(str, judge_claims(trials))) == before
    mine = trials.assign(cell="seventh", score=0.5, objective=0.5, study=trials["study"] + "/mine")
    named_alike = trials.assign(task=trials["task"] + "2", score=0.5, study=trials["study"] + "/alike")
    assert list(map(str, judge_claims(joined(trials, mine, named_alike)))) == before


def test_rule_and_findings_follow_from_the_quantities(synthetic):
    """Breaks if a reader cannot see by what, and on what, a claim was judged, or sees other bounds than those used."""
    text = str(judged(1, synthetic.capacity()))
    assert text.startswith("Claim 1: HOLDS")
    for one in CLAIMS[1].quantities:
        assert one.what in CLAIMS[1].rule
        assert f"lies {one.bounds}" in CLAIMS[1].rule
    assert "RNN, bits per parameter: 4.9" in text
    assert "claimed within 3 to 6" in text
    assert CLAIMS[4].quantities[0].bounds == "within ±0.05"
    assert CLAIMS[5].quantities[1].bounds == "below 0.5"
