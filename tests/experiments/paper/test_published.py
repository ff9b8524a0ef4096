"""The authors' archive is read as what it is, and nothing else is."""

import gzip
import io
import pickle
import tarfile
import tracemalloc

import numpy as np
import pandas as pd
import pytest

from capacity_jax.results import best_table
from capacity_jax.studies.record import TRIAL_COLUMNS
from experiments.paper.fig3_text8 import figure as fig3_text8
from experiments.paper.published import published_settings, read_published

HPARAMS = {"optimizer": "RMSProp", "lr_init": 0.00398, "train_steps": 1_176_212, "recurrent_bias_scale_o": 1.297}
KINDS = [
    ("architecture", "O"),
    ("eval_loss", "f8"),
    ("hparams", "O"),
    ("max_params", "i8"),
    ("n_layers", "i8"),
    ("num_params", "i8"),
    ("task_type", "O"),
    ("train_loss", "f8"),
    ("valid_loss", "f8"),
    ("hyper_iter", "i8"),
]


def array(task="text8", kinds=KINDS, n=3):
    """Trials of two cells, the last of each diverged."""
    rows = []
    for cell in ("lstm", "+rnn"):
        for i in range(n):
            loss = np.nan if i == n - 1 else 2.0 - 0.1 * i
            losses = {"train_loss": loss - 0.2, "valid_loss": loss - 0.1, "eval_loss": loss}
            row = {"architecture": cell, "task_type": task, "hparams": dict(HPARAMS, trial=i), "n_layers": 4}
            row |= {"hyper_iter": i, "max_params": 1_300_000, "num_params": 1_268_217} | losses
            rows.append(tuple(row[name] for name, _ in kinds))
    return np.array(rows, kinds)


def as_python_2(pickled):
    """A protocol 2 pickle as Python 2 and numpy 1 wrote it: their module names, strings of bytes."""
    assert pickled[:2] == b"\x80\x02"
    old = pickled.replace(b"numpy._core.multiarray", b"numpy.core.multiarray")
    # BINUNICODE with its 4 bytes of length becomes BINSTRING.
    for word in (b"lstm", b"+rnn", b"text8", b"RMSProp", b"optimizer", b"lr_init", b"train_steps"):
        old = old.replace(b"X" + len(word).to_bytes(4, "little") + word, b"T" + len(word).to_bytes(4, "little") + word)
    return old


def archive(path, files, link=None):
    with tarfile.open(path, "w:gz") as tar:
        for name, content in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            tar.addfile(member, io.BytesIO(content))
        if link:
            member = tarfile.TarInfo("rnn_hp_dataset/fig9.p")
            member.type, member.linkname = tarfile.SYMTYPE, link
            tar.addfile(member)
    return path


@pytest.fixture
def published(tmp_path):
    files = {f"rnn_hp_dataset/{name}.p": pickle.dumps(array(name), 2) for name in ("text8", "rcf", "arithmetic")}
    files |= {"rnn_hp_dataset/._text8.p": b"\x00\x05\x16\x07", "rnn_hp_dataset/README": b"data"}
    return read_published(archive(tmp_path / "rnn_hp_dataset.tar.gz", files, link="/etc/passwd"))


def test_archive_becomes_a_table_of_trials(published):
    """Breaks if a column of the contract is missing, a record is lost, or its values are exchanged."""
    assert set(TRIAL_COLUMNS) <= set(published.columns)
    assert len(published) == 18
    row = published.iloc[1].to_dict()
    assert (row["task"], row["cell"], row["depth"], row["number"]) == ("text8", "lstm", 4, 1)
    assert (row["budget"], row["parameters"], row["role"]) == (1.3e6, 1_268_217, "search")
    assert row["hparams"] == dict(HPARAMS, trial=1)
    np.testing.assert_allclose([row["objective"], row["eval_loss"], row["score"]], [1.8, 1.9, 1.9])
    assert row["score_name"] == "bits_per_character"
    assert row["study"] == "published/text8/lstm@4/1300000"
    assert set(published["cell"]) == {"lstm", "intersection"}
    assert published["infeasible"].tolist() == [False, False, True] * 6


@pytest.mark.parametrize("protocol", range(6))
def test_pickles_of_all_protocols_are_read(protocol, tmp_path):
    """Breaks if a pickle of a newer numpy or Python is refused."""
    path = tmp_path / "fig3_txt8rcf.p"
    path.write_bytes(pickle.dumps(array(), protocol))
    assert read_published(path)["hparams"].iloc[0] == dict(HPARAMS, trial=0)


def test_pickles_of_python_2_are_read(tmp_path):
    """Breaks if Python 2's strings stay bytes, or numpy 1's module names are unknown."""
    path, new = tmp_path / "fig4_arith.p", tmp_path / "new.p"
    pickled = pickle.dumps(array(), 2)
    path.write_bytes(as_python_2(pickled))
    new.write_bytes(pickled)
    assert path.read_bytes() != pickled
    assert read_published(path).to_dict("records")[0]["hparams"] == read_published(new).to_dict("records")[0]["hparams"]
    assert read_published(path)["cell"].tolist() == read_published(new)["cell"].tolist()


@pytest.mark.parametrize("strings", ["S8", "U8"])
def test_arrays_with_strings_of_fixed_length_and_records_are_read(strings, tmp_path):
    """Breaks if numpy's own strings, or its record arrays, are refused or end as bytes."""
    kinds = [(name, strings if name in ("architecture", "task_type") else kind) for name, kind in KINDS]
    path = tmp_path / "fig1.p"
    path.write_bytes(pickle.dumps(array(kinds=kinds).view(np.recarray), 2))
    assert read_published(path)["task"].tolist() == ["text8"] * 6
    assert read_published(path)["cell"].iloc[-1] == "intersection"


def test_numpy_scalars_in_hyperparameters_are_plain_numbers(tmp_path):
    """Breaks if a setting cannot be compared or written as JSON because its numbers are numpy's."""
    trials = array()
    trials["hparams"][0] = {"lr_init": np.float64(0.25), "train_steps": np.int64(7), "optimizer": np.str_("SGD")}
    path = tmp_path / "fig1.p"
    path.write_bytes(pickle.dumps(trials, 2))
    hparams = read_published(path)["hparams"].iloc[0]
    assert hparams == {"lr_init": 0.25, "train_steps": 7, "optimizer": "SGD"}
    assert {type(value) for value in hparams.values()} == {float, int, str}


def test_best_settings_come_first_and_in_our_words(published):
    """Breaks if the worst or a diverged setting starts a search, or words are spelt as no optimizer of ours."""
    first, second = published_settings(published, "text8-standin-docs", "intersection", depth=4)
    assert (first["trial"], second["trial"]) == (1, 0)
    assert first["optimizer"] == "rmsprop"
    assert published_settings(published, "text8", "intersection", depth=4, n=1) == [first]
    assert published_settings(published, "text8", "gru", depth=4) == []
    assert published_settings(published, "text8x", "intersection", depth=4) == []


def test_settings_are_those_of_the_nearest_budget(published):
    """Breaks if a setting tuned for another size is taken although one of the right size is there."""
    other = published.assign(budget=1e4, hparams=[{"trial": "small"}] * len(published))
    both = pd.concat([published, other], ignore_index=True)
    assert published_settings(both, "rcf", "lstm", 4, budget=2e4, n=1) == [{"trial": "small"}]
    assert published_settings(both, "rcf", "lstm", 4, budget=9e5, n=1)[0]["trial"] == 1


def test_published_values_are_drawn(published, synthetic):
    """Breaks if the reference points are missing from figures, or break them."""
    assert len(best_table(published)) == 6
    trials = synthetic.loss(depths=(1, 4), cells=("gru",))
    _, axes, _ = fig3_text8.draw(trials, published).axes
    drawn = [line for line in axes.lines if line.get_label().startswith("published")]
    np.testing.assert_allclose(sorted(line.get_ydata()[0] for line in drawn), [1.9, 1.9])


@pytest.mark.parametrize("missing", ["hparams", "valid_loss"])
def test_other_arrays_are_refused(missing, tmp_path):
    """Breaks if an array without the authors' columns is read as theirs."""
    path = tmp_path / "fig1.p"
    path.write_bytes(pickle.dumps(array()[[name for name, _ in KINDS if name != missing]].copy(), 2))
    with pytest.raises(ValueError, match=rf"fig1\.p has no column '{missing}'"):
        read_published(path)


def test_archive_without_pickles_is_refused(tmp_path):
    """Breaks if another archive passes as one without trials."""
    with pytest.raises(ValueError, match=r"holds no \.p file"):
        read_published(archive(tmp_path / "other.tar.gz", {"README": b"x"}))


@pytest.fixture(scope="module")
def packed(tmp_path_factory):
    """A small archive and its table."""
    files = {"rnn_hp_dataset/fig1.p": pickle.dumps(array(n=1), 2), "rnn_hp_dataset/README": b"data" * 200}
    path = archive(tmp_path_factory.mktemp("packed") / "rnn_hp_dataset.tar.gz", files)
    return path.read_bytes(), read_published(path)


def refusal(path):
    """The one line with which an archive is refused; it names the archive."""
    with pytest.raises(ValueError, match=rf"^[ -~]*{path.name}[ -~]+$") as caught:
        read_published(path)
    return str(caught.value)


def test_cut_archives_are_refused(packed, tmp_path):
    """Breaks if an archive that was not copied to its end is read as far as it goes, or ends in a traceback."""
    content, _ = packed
    path = tmp_path / "cut.tar.gz"
    for end in range(0, len(content), 7):
        path.write_bytes(content[:end])
        refusal(path)
    path.write_bytes(content[:-1])
    assert "damaged" in refusal(path)


def test_cut_tars_are_refused(packed, tmp_path):
    """Breaks if a tar without compression that ends between two members passes as whole."""
    content = gzip.decompress(packed[0])
    path = tmp_path / "cut.tar"
    for end in range(512, content.rindex(b"data"), 512):
        path.write_bytes(content[:end])
        assert "early" in refusal(path)


def test_each_flipped_bit_is_noticed(packed, tmp_path):
    """Breaks if a damaged archive gives other trials than a whole one; bits that mean nothing may be wrong."""
    content, table = packed
    path, rng = tmp_path / "flipped.tar.gz", np.random.default_rng(0)
    # Date, name and system, and what fills up the last byte of data, belong to no sum and no content.
    header = content.index(b"\0", 10) + 1
    positions = [*range(header), *rng.integers(header, len(content), 200), *range(len(content) - 12, len(content))]
    unnoticed = set()
    for position in positions:
        wrong = bytearray(content)
        wrong[position] ^= 1 << rng.integers(8)
        path.write_bytes(wrong)
        try:
            pd.testing.assert_frame_equal(read_published(path), table)
        except ValueError as error:
            assert str(error).isprintable()  # noqa: PT017
        else:
            unnoticed.add(position)
    assert {at for at in unnoticed if at >= header} <= {len(content) - 9}


def test_sum_is_checked_past_the_last_pickle(packed, tmp_path):
    """Breaks if reading stops at the end of the last pickle, before the sum."""
    wrong = bytearray(packed[0])
    wrong[-6] ^= 1
    path = tmp_path / "sum.tar.gz"
    path.write_bytes(wrong)
    assert "CRC check failed" in refusal(path)


def zeros(path, start, count):
    """Gzip of some bytes and so many times 16 MiB of zeros, which takes 16 kB each; gzips in a row are one."""
    chunk = gzip.compress(bytes(1 << 24))
    with path.open("wb") as file:
        file.write(gzip.compress(start))
        for _ in range(count):
            file.write(chunk)
    return path


@pytest.mark.parametrize("after", [b"", bytes(1024)])
def test_small_archives_stay_small(after, tmp_path):
    """Breaks if a gzip of 2 MB is unpacked to its 2 GB, be it as a pickle or after the end of the tar."""
    member = tarfile.TarInfo("fig1.p")
    member.size = 0 if after else 2 << 30
    path = zeros(tmp_path / "bomb.tar.gz", member.tobuf() + after, 128)
    assert path.stat().st_size < 3e6
    tracemalloc.start()
    message = refusal(path)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert ("at most 268435456" in message) or ("more than 536870912 bytes" in message)
    assert peak < 1e7


def test_number_of_members_is_bounded(tmp_path):
    """Breaks if a million empty members are read one by one."""
    path = archive(tmp_path / "many.tar.gz", {f"{number}": b"" for number in range(1001)})
    assert "more than 1000 members" in refusal(path)


@pytest.mark.parametrize(
    ("column", "value", "message"),
    [
        ("n_layers", None, "has n_layers None in row 1; it must be a whole number"),
        ("n_layers", -1, "has n_layers -1 in row 1"),
        ("num_params", 10**30, "row 1, num_params: a value is 1000000000000000000000000000000"),
        ("num_params", 2**63, "has num_params 9223372036854775808 in row 1"),
        ("num_params", 0.5, "has num_params 0.5 in row 1"),
        ("num_params", float("nan"), "has num_params nan in row 1"),
        ("hyper_iter", "3", "has hyper_iter '3' in row 1"),
        ("max_params", float("inf"), "has max_params inf in row 1; it must be a number above 0"),
        ("architecture", ["lstm"], "has architecture of type list in row 1; it must be a text"),
        ("task_type", 3, "has task_type 3 in row 1; it must be a text"),
        ("valid_loss", "low", "has valid_loss 'low' in row 1; it must be a number"),
        ("hparams", [1], "has hparams of type list in row 1; it must be a dict"),
        ("hparams", {1: 2}, "a dict with the key 1; each must be a text"),
    ],
)
def test_odd_values_are_named(column, value, message, tmp_path):
    """Breaks if a trial of another kind of value ends in a traceback, or as another trial."""
    trials = array(kinds=[(name, "O") for name, _ in KINDS])
    trials[column][1] = value
    path = archive(tmp_path / "odd.tar.gz", {"fig1.p": pickle.dumps(trials, 2)})
    assert message in refusal(path)


def test_arrays_without_trials_are_read(tmp_path):
    """Breaks if a figure without trials stops the others."""
    files = {"fig1.p": pickle.dumps(array()[:0], 2), "fig2.p": pickle.dumps(array(), 2)}
    assert len(read_published(archive(tmp_path / "some.tar.gz", files))) == 6
