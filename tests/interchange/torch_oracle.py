"""The equations that torch documents for its recurrent modules, in plain numpy of 64 bits."""

import numpy as np


def sigmoid(a):
    return 1 / (1 + np.exp(-a))


def rnn_step(state, from_x, from_h, nonlinearity=np.tanh):
    h = nonlinearity(from_x + from_h)
    return (h,), h


def gru_step(state, from_x, from_h):
    (h,) = state
    (x_r, x_z, x_n), (h_r, h_z, h_n) = np.split(from_x, 3), np.split(from_h, 3)
    r, z = sigmoid(x_r + h_r), sigmoid(x_z + h_z)
    h = (1 - z) * np.tanh(x_n + r * h_n) + z * h
    return (h,), h


def lstm_step(state, from_x, from_h):
    _, c = state
    i, f, g, o = np.split(from_x + from_h, 4)
    c = sigmoid(f) * c + sigmoid(i) * np.tanh(g)
    h = sigmoid(o) * np.tanh(c)
    return (h, c), h


STEPS = {"rnn": (rnn_step, 1), "gru": (gru_step, 3), "lstm": (lstm_step, 4)}


def draw(kind, n_in, n, layers, seed=0, bias=True, both=False):
    """A state dict of random entries, of one direction or both."""
    rng, gates = np.random.default_rng(seed), STEPS[kind][1]
    directions = ("", "_reverse") if both else ("",)
    shapes = {}
    for k in range(layers):
        for d in directions:
            shapes[f"weight_ih_l{k}{d}"] = (gates * n, n_in if k == 0 else n * len(directions))
            shapes[f"weight_hh_l{k}{d}"] = (gates * n, n)
            if bias:
                shapes |= {f"bias_ih_l{k}{d}": (gates * n,), f"bias_hh_l{k}{d}": (gates * n,)}
    return {name: rng.normal(size=shape) for name, shape in shapes.items()}


def draw_state(kind, n, rows, seed=1):
    """A second argument of the module: h [layers·directions, n], of the LSTM (h, c)."""
    rng = np.random.default_rng(seed)
    h, c = rng.uniform(-1, 1, (2, rows, n))
    return (h, c) if kind == "lstm" else h


def forward(kind, state_dict, xs, initial_state=None):
    """All outputs of the last layer for one sequence `[time, n_in]`."""
    directions = ("", "_reverse") if "weight_ih_l0_reverse" in state_dict else ("",)
    row = 0
    for k in range(sum(name.startswith("weight_ih") for name in state_dict) // len(directions)):
        outputs = []
        for d in directions:
            order = slice(None, None, -1 if d else 1)
            state = None
            if initial_state is not None:
                state = tuple(part[row] for part in (initial_state if kind == "lstm" else (initial_state,)))
            outputs.append(layer(kind, state_dict, f"l{k}{d}", xs[order], state)[order])
            row += 1
        xs = np.concatenate(outputs, axis=-1)
    return xs


def layer(kind, state_dict, of, xs, state):
    """All outputs of one layer in one direction."""
    step, gates = STEPS[kind]
    W_x, W_h = state_dict[f"weight_ih_{of}"], state_dict[f"weight_hh_{of}"]
    none = np.zeros(len(W_x))
    b_x, b_h = state_dict.get(f"bias_ih_{of}", none), state_dict.get(f"bias_hh_{of}", none)
    state = (np.zeros(len(W_x) // gates),) * (2 if kind == "lstm" else 1) if state is None else state
    ys = []
    for x in xs:
        state, y = step(state, W_x @ x + b_x, W_h @ state[0] + b_h)
        ys.append(y)
    return np.stack(ys)
