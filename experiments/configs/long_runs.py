"""What the paper's six cells store near 2,000 parameters in long runs by SOAP: four seeds of one setting each.

`:laptop` (the default) trains IRNN, LSTM and +RNN on batches of 256, `:batches_of_512` UGRNN and GRU,
`:batches_of_1024` the RNN. Together they take 40 minutes of 2 fast cores; what they find stands in
`experiments/results/training.md`. `--config.cells=lstm` takes one cell, `:smoke` trains two small ones for
300 steps.
"""

from ml_collections import ConfigDict

from experiments.configs.common import base_config, train_by_soap

# Labels per parameter stand just above what is stored: more overload a network, which then stores less. The rate falls
# to 3%; decay bounds the weights' random walk (`experiments/results/training.md`).
SETTINGS = {
    256: {
        "irnn": {"b_per_parameter": 4.3, "train_steps": 800_000, "lr_init": 0.008, "weight_decay": 0.001},
        "lstm": {"b_per_parameter": 4.3, "train_steps": 1_200_000, "lr_init": 0.015, "weight_decay": 0.003},
        "intersection@2": {"b_per_parameter": 4.4, "train_steps": 1_000_000, "lr_init": 0.006, "weight_decay": 0.001},
    },
    512: {
        "ugrnn": {"b_per_parameter": 4.9, "train_steps": 1_400_000, "lr_init": 0.01, "weight_decay": 0.001},
        "gru": {"b_per_parameter": 4.3, "train_steps": 1_200_000, "lr_init": 0.015, "weight_decay": 0.003},
    },
    1024: {"rnn": {"b_per_parameter": 5.25, "train_steps": 1_000_000, "lr_init": 0.014, "weight_decay": 0.002}},
}
BATCHES = {"laptop": 256, "smoke": 512, "batches_of_512": 512, "batches_of_1024": 1024}


def get_config(extent: str = "laptop") -> ConfigDict:
    """The configuration at an extent, one of `BATCHES`."""
    config = base_config("long_runs", "per_cap", extent, tuple(BATCHES))
    smoke = extent == "smoke"
    train_by_soap(config)
    config.batch_size = BATCHES[extent]
    settings = SETTINGS[config.batch_size]
    config.task_args = ConfigDict({"n_in": 32, "n_steps": 5})
    config.cells = ",".join(settings)
    config.budgets = (150,) if smoke else (2145,)
    config.seeds = 2 if smoke else 4
    config.trials = 0
    for cell, setting in settings.items():
        steps = {"train_steps": 300} if smoke else {}
        config.initial_settings[cell] = (setting | {"lr_decay_rate": 0.03} | steps,)
    config.space = ConfigDict({"train_steps": 300 if smoke else (1_000, 2_000_000), "b_per_parameter": (2.0, 6.0)})
    return config
