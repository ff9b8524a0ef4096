"""Workers as a job array of a real SLURM, on three nodes that are this machine, one of them put back into the queue."""

import os
import shutil
import socket
import subprocess
import sys
import time
from importlib.util import find_spec
from pathlib import Path
from tempfile import mkdtemp

import pytest

from capacity_jax.results import read_trials

ROOT = Path(__file__).parents[2]
PROGRAMS = ("munged", "slurmctld", "slurmd", "sbatch", "scontrol", "squeue")
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        not all(shutil.which(one) for one in PROGRAMS) or os.geteuid() != 0,
        reason="no SLURM is installed (apt-get install slurmctld slurmd slurm-client munge), or the user is not root",
    ),
    pytest.mark.skipif(find_spec("submitit") is None, reason="submitit is not installed (the extra `slurm`)"),
]

CONFIG = """
ClusterName=test
SlurmctldHost={host}(127.0.0.1)
SlurmctldPort={ports[0]}
SlurmUser=root
AuthInfo=socket={home}/munge.socket,cred_expire=5
SlurmctldPidFile={home}/slurmctld.pid
SlurmdPidFile={home}/slurmd-%n.pid
SlurmdSpoolDir={home}/spool-%n
StateSaveLocation={home}/state
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SelectType=select/linear
SlurmdParameters=config_overrides
KillWait=5
MinJobAge=300
{nodes}
PartitionName=all Nodes=ALL Default=YES MaxTime=INFINITE State=UP
"""
TINY = ("--config.cells=rnn", "--config.budgets=80,", "--config.space.train_steps=2000,6000", "--config.trials=9")
ARGUMENTS = ("--config=experiments/configs/quickstart.py:smoke", *TINY)


def free_ports(n):
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(n)]
    ports = [one.getsockname()[1] for one in sockets]
    for one in sockets:
        one.close()
    return ports


@pytest.fixture
def slurm():
    """Runs programs of SLURM on a cluster of its own."""
    home = Path(mkdtemp(prefix="capacity_jax-slurm-"))
    home.chmod(0o755)
    ports, host = free_ports(4), socket.gethostname()
    nodes = "\n".join(
        f"NodeName=node{i} NodeHostname={host} NodeAddr=127.0.0.1 Port={ports[i]} CPUs=1 RealMemory=100"
        for i in (1, 2, 3)
    )
    (home / "slurm.conf").write_text(CONFIG.format(host=host, ports=ports, home=home, nodes=nodes))
    (home / "key").write_bytes(os.urandom(128))
    (home / "key").chmod(0o400)
    (home / "state").mkdir()
    environment = os.environ | {"SLURM_CONF": str(home / "slurm.conf")}
    socket_of_munge = [f"--socket={home}/munge.socket", f"--pid-file={home}/munge.pid", f"--seed-file={home}/seed"]
    daemons = [["munged", "-F", "-f", f"--key-file={home}/key", f"--log-file={home}/munge.log", *socket_of_munge]]
    daemons += [["slurmctld", "-D", "-c"], *(["slurmd", "-D", "-N", f"node{i}"] for i in (1, 2, 3))]
    with (home / "log").open("w") as log:
        running = []
        for command in daemons:
            running.append(subprocess.Popen(command, env=environment, stdout=log, stderr=log))
            time.sleep(1)

    def ask(*command, **options):
        return subprocess.run(command, env=environment, check=True, text=True, capture_output=True, **options).stdout

    yield ask
    for one in reversed(running):
        one.terminate()
        one.wait()
    shutil.rmtree(home)


def wait_until(condition, seconds=240):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.5)


def test_an_array_with_a_requeue_finds_what_one_worker_finds(slurm, tmp_path):
    """Breaks if workers of a job array, one of them taken from its node and queued again, lose or change a trial."""
    alone, together = tmp_path / "alone", tmp_path / "together"
    subprocess.run([sys.executable, "-m", "experiments.run", *ARGUMENTS, f"--workdir={alone}"], cwd=ROOT, check=True)
    storage = f"journal:{tmp_path / 'journal'}"
    options = ["--workers=3", "--cluster=slurm", "--", *ARGUMENTS, f"--workdir={together}", f"--storage={storage}"]
    said = slurm(sys.executable, "-m", "experiments.launch", *options, cwd=ROOT)
    array = said.split()[1].partition("_")[0]

    def states():
        return slurm("squeue", f"--jobs={array}", "--array", "--noheader", "--format=%T").split()

    wait_until(lambda: states() == ["RUNNING"] * 3 and Path(tmp_path, "journal").exists())
    slurm("scontrol", "requeue", f"{array}_1")
    wait_until(lambda: not {"RUNNING", "PENDING", "COMPLETING", "REQUEUED"} & set(states()))
    assert "Restarts=1" in slurm("scontrol", "show", "job", f"{array}_1")
    assert slurm("scontrol", "show", "job", array).split().count("JobState=COMPLETED") == 3
    expected, found = read_trials(f"sqlite:///{alone / 'studies.db'}"), read_trials(storage)
    for column in set(expected.columns) - {"seconds", "finished", "versions"}:
        assert found[column].equals(expected[column]), column
