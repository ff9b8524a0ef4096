"""Anybody's Flax cells as ours: the same output, the same transformations, and clear refusals."""

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import linen as nn
from flax import nnx
from three_forms import NAMES, assert_trees_close, pure_params, sequences, shapes

from capacity_jax.flax import from_linen, from_nnx, pure_to_linen
from capacity_jax.flax import linen as our_linen
from capacity_jax.networks import Network, units_for_budget

KEY = jax.random.key(0)


class Decaying(nn.RNNCellBase):
    """A user's own cell: named as they like, with a submodule, a vector of decays, and its own width."""

    features: int
    depth: int = 1

    @nn.compact
    def __call__(self, carry, inputs):
        decay = self.param("decay", nn.initializers.ones, (self.features,))
        carry = decay * carry + nn.Dense(self.features, name="read")(inputs)
        return carry, jnp.tanh(carry)

    @nn.nowrap
    def initialize_carry(self, rng, input_shape):
        return jnp.zeros((*input_shape[:-1], self.features))

    @property
    def num_feature_axes(self):
        return 1


class Narrow(nn.RNNCellBase):
    """Its width goes by another name; beside its state it counts the steps, and it answers with their mean."""

    hidden_size: int

    @nn.compact
    def __call__(self, carry, inputs):
        t, total = carry["t"], carry["total"] + nn.Dense(self.hidden_size)(inputs)
        return {"t": t + 1, "total": total}, total / (t + 1)

    @nn.nowrap
    def initialize_carry(self, rng, input_shape):
        return {"t": jnp.int32(3), "total": jnp.zeros((*input_shape[:-1], self.hidden_size))}

    num_feature_axes = 1


def rotated(key, shape, dtype=jnp.complex64):
    return nn.initializers.normal(0.5)(key, shape, jnp.complex64)


class Rotating(nn.RNNCellBase):
    """A complex state and complex parameters, read out as real values."""

    features: int

    @nn.compact
    def __call__(self, carry, inputs):
        kernel = self.param("kernel", rotated, (inputs.shape[-1], self.features))
        angle = self.param("angle", nn.initializers.normal(), (self.features,))
        carry = 0.9 * jnp.exp(1j * angle) * carry + inputs @ kernel
        return carry, carry.real + 0.5 * carry.imag**2

    @nn.nowrap
    def initialize_carry(self, rng, input_shape):
        return jnp.zeros((*input_shape[:-1], self.features), jnp.complex64)

    num_feature_axes = 1


class Dropping(Decaying):
    """A cell with dropout, which a user has to turn off."""

    deterministic: bool = False

    @nn.compact
    def __call__(self, carry, inputs):
        return super().__call__(carry, nn.Dropout(0.5, deterministic=self.deterministic)(inputs))


class Silent(nnx.SimpleCell):
    """A cell whose dropout is turned off."""

    def __init__(self, n_in, n_hidden, *, rngs):
        super().__init__(n_in, n_hidden, rngs=rngs)
        self.dropout = nnx.Dropout(0.5, deterministic=True, rngs=None)

    def __call__(self, carry, inputs):
        return super().__call__(carry, self.dropout(inputs))


FUNCTIONS = partial(nnx.GRUCell, gate_fn=nnx.hard_sigmoid, activation_fn=nnx.gelu)
KERNEL_INIT = nn.initializers.lecun_normal()
PARTITIONED = nn.with_partitioning(KERNEL_INIT, (None, "model"))

WRAPPED = {
    "simple": lambda: from_linen(nn.SimpleCell(1)),
    "gru": lambda: from_linen(nn.GRUCell(1)),
    "mgu": lambda: from_linen(nn.MGUCell(1)),
    "lstm": lambda: from_linen(nn.OptimizedLSTMCell(1)),
    "own": lambda: from_linen(Decaying(1)),
    "hidden_size": lambda: from_linen(Narrow(1)),
    "complex": lambda: from_linen(Rotating(1)),
    "no dropout": lambda: from_linen(Dropping(1, deterministic=True)),
    "partitioned": lambda: from_linen(nn.LSTMCell(1, kernel_init=PARTITIONED)),
    "functions": lambda: from_linen(nn.GRUCell(1, gate_fn=nn.hard_sigmoid, activation_fn=nn.gelu)),
    "ours": lambda: from_linen(our_linen.UGRNNCell(1)),
    "nnx simple": lambda: from_nnx(nnx.SimpleCell),
    "nnx gru": lambda: from_nnx(nnx.GRUCell),
    "nnx lstm": lambda: from_nnx(nnx.LSTMCell),
    "nnx functions": lambda: from_nnx(FUNCTIONS),
    "nnx no dropout": lambda: from_nnx(Silent),
}


def scanned(cell, params, xs):
    """The cell over one sequence: the last state and all outputs."""
    return jax.jit(_scanned, static_argnums=0)(cell, params, xs)


def _scanned(cell, params, xs):
    return jax.lax.scan(partial(cell.step, params), cell.initial_state(params), xs)


def gradients(network, keys):
    """Gradients of the parameters of several members."""

    def loss(params):
        return jnp.sum(network.apply(params, jax.random.normal(KEY, (5, 3))) ** 2)

    return jax.vmap(lambda key: jax.grad(loss)(network.init(key)))(keys)


@pytest.mark.parametrize("make", WRAPPED.values(), ids=WRAPPED)
def test_wrapped_cells_trace_under_every_transformation(make):
    """Fails if a wrapped cell breaks as a static argument of jit or under vmap, scan or grad."""
    network = Network(make(), n_in=3, n_hidden=4, n_out=2)
    grads = jax.eval_shape(partial(jax.jit(gradients, static_argnums=0), network), jax.random.split(KEY, 2))
    assert sum(leaf.size for leaf in jax.tree.leaves(grads)) == 2 * network.n_params


@pytest.mark.parametrize("name", ["mgu", "own", "hidden_size", "complex", "nnx lstm"])
def test_every_parameter_of_a_wrapped_cell_is_trained(name):
    """Fails if a parameter, the initial state included, has no influence on the output."""
    cell, rng = WRAPPED[name](), np.random.default_rng(0)
    leaves = jax.eval_shape(lambda: cell.init(KEY, 4, 4))
    params = jax.tree.map(lambda leaf: rng.normal(size=leaf.shape).astype(np.float32), leaves)
    xs = sequences(2)

    @jax.jit
    @jax.grad
    def gradient(params):
        return jnp.sum(jax.lax.scan(partial(cell.step, params), cell.initial_state(params), xs)[1] ** 2)

    assert all(np.any(np.asarray(leaf) != 0) for leaf in jax.tree.leaves(gradient(params)))


def test_wrapped_linen_cell_computes_what_the_module_does():
    """Fails if wrapping changes the weights' place, the carry or the output."""
    cell, module, xs = from_linen(nn.MGUCell(features=9)), nn.MGUCell(features=4), sequences(5)
    params = jax.jit(lambda: cell.init(KEY, 4, 4))() | {"h0": jnp.arange(4.0)}
    variables, layer = {"params": {"cell": params["weights"]}}, nn.RNN(module, return_carry=True)
    expected = jax.jit(lambda: layer.apply(variables, xs, initial_carry=params["h0"]))()
    assert_trees_close(scanned(cell, params, xs), expected)


def test_wrapped_nnx_cell_computes_what_the_module_does():
    """Fails if wrapping changes the weights' place, the carry or the output."""
    cell, xs = from_nnx(nnx.LSTMCell), sequences(5)
    module = nnx.eval_shape(lambda: nnx.LSTMCell(4, 5, rngs=nnx.Rngs(0)))
    params = jax.jit(lambda: cell.init(KEY, 4, 5))()
    nnx.update(module, nnx.State(params["weights"]))
    expected = nnx.jit(lambda module: nnx.RNN(module, return_carry=True)(xs, initial_carry=params["h0"]))(module)
    assert_trees_close(scanned(cell, params, xs), expected)


@pytest.mark.parametrize("gate_fn", [nn.sigmoid, nn.hard_sigmoid])
def test_functions_of_the_gates_are_the_modules_own(gate_fn):
    """Fails if gate_fn or activation_fn is lost when a module is rebuilt at another width."""
    options, xs = {"gate_fn": gate_fn, "activation_fn": nn.gelu}, sequences(5)
    cell, in_nnx = from_linen(nn.GRUCell(9, **options)), from_nnx(partial(nnx.GRUCell, **options))
    params = jax.jit(lambda: cell.init(KEY, 4, 4))() | {"h0": jnp.arange(4.0)}
    layer = nn.RNN(nn.GRUCell(4, **options), return_carry=True)
    apply = jax.jit(lambda weights, h0: layer.apply({"params": {"cell": weights}}, xs, initial_carry=h0))
    expected = apply(params["weights"], params["h0"])
    assert_trees_close(scanned(cell, params, xs), expected)
    of_gates = {side: [params["weights"][side + gate]["kernel"] for gate in "rzn"] for side in "ih"}
    weights = {f"dense_{side}": {"kernel": np.concatenate(of_gates[side], 1)} for side in "ih"}
    weights["dense_i"]["bias"] = np.zeros(12, np.float32)
    assert_trees_close(scanned(in_nnx, params | {"weights": weights}, xs), expected)


def test_whole_numbers_of_the_carry_start_where_the_module_puts_them():
    """Fails if a counter is trained, rounded, or starts from zero."""
    cell, xs = from_linen(Narrow(1)), sequences(5)
    params = jax.jit(lambda: cell.init(KEY, 4, 4))()
    assert all(jnp.issubdtype(leaf.dtype, jnp.floating) for leaf in jax.tree.leaves(params))
    assert cell.state_size(4) == 5
    state, ys = scanned(cell, params, xs)
    assert state["t"] == 8
    assert state["t"].dtype == jnp.int32
    read = np.float64(xs) @ np.float64(params["weights"]["Dense_0"]["kernel"])  # the bias is zero at first
    np.testing.assert_allclose(ys, np.cumsum(read, 0) / np.arange(4, 9)[:, None], rtol=1e-5, atol=1e-6)


def test_complex_values_are_trained_as_pairs_of_real_ones():
    """Fails if the loss does not fall along the gradient in a real or an imaginary part (checked in float64)."""
    cell, rng = from_linen(Rotating(1)), np.random.default_rng(0)
    params = jax.eval_shape(lambda: cell.init(KEY, 3, 4))
    assert {leaf.dtype for leaf in jax.tree.leaves(params)} == {jnp.dtype(jnp.float32)}
    assert Network(cell, 3, 4, 2).n_params == 2 * 3 * 4 + 4 + 2 * 4 + (4 * 2 + 2)
    assert cell.state_size(4) == 8
    params = jax.tree.map(lambda leaf: 0.5 * rng.normal(size=leaf.shape).astype(np.float32), params)
    xs = rng.normal(size=(5, 3)).astype(np.float32)
    gradient = jax.jit(jax.grad(lambda p: jnp.sum(jax.lax.scan(partial(cell.step, p), cell.initial_state(p), xs)[1])))(
        params
    )

    def loss(params):
        """The same in numpy, of 64 bits."""
        weights, h = params["weights"], params["h0"]
        kernel, z, total = weights["kernel"].real + 1j * weights["kernel"].imag, h.real + 1j * h.imag, 0.0
        for x in xs:
            z = 0.9 * np.exp(1j * weights["angle"]) * z + x @ kernel
            total += np.sum(z.real + 0.5 * z.imag**2)
        return total

    leaves, structure = jax.tree.flatten(jax.tree.map(np.float64, params))
    for k, found in enumerate(jax.tree.leaves(gradient)):
        for index in np.ndindex(found.shape):
            ends = []
            for ε in (1e-6, -1e-6):
                moved = [leaf.copy() for leaf in leaves]
                moved[k][index] += ε
                ends.append(loss(structure.unflatten(moved)))
            np.testing.assert_allclose(found[index], (ends[0] - ends[1]) / 2e-6, rtol=1e-3, atol=1e-4)


def test_partitioned_parameters_come_out_of_their_boxes():
    """Fails if a box is counted, trained or scaled as if it were an array, or the values differ from the module's."""
    boxed, plain = (from_linen(nn.LSTMCell(1, kernel_init=init)) for init in (PARTITIONED, KERNEL_INIT))
    params = [jax.jit(lambda cell=cell: cell.init(KEY, 3, 4, {"input_scale_g": 0.5}))() for cell in (boxed, plain)]
    assert boxed.hyperparameters == plain.hyperparameters
    assert jax.tree.structure(params[0]) == jax.tree.structure(params[1])
    assert_trees_close(*params)


def test_partitioned_parameters_of_nnx_need_a_mesh_alone():
    """Fails if nnx's sharded parameters cannot be wrapped where their mesh is set."""
    init = nnx.with_partitioning(nnx.initializers.lecun_normal(), (None, "model"))
    plain = from_nnx(nnx.GRUCell)
    axis = jax.make_mesh((1,), ("model",), axis_types=(jax.sharding.AxisType.Auto,))
    with jax.set_mesh(axis):
        cell = from_nnx(partial(nnx.GRUCell, kernel_init=init))
        params = jax.jit(lambda: cell.init(KEY, 3, 4))()
        _, ys = scanned(cell, params, sequences(5)[:, :3])
    _, expected = scanned(plain, jax.tree.map(np.asarray, params), sequences(5)[:, :3])
    np.testing.assert_allclose(ys, expected, atol=1e-6)


def test_our_own_cells_return_unchanged():
    """Fails if a pure cell differs after a trip through linen and back."""
    params, xs = pure_params(NAMES["GRUCell"]), sequences(5)
    weights = pure_to_linen(our_linen.GRUCell(4, learned_initial_state=True), params)
    h0 = weights.pop("h0")
    found = scanned(from_linen(our_linen.GRUCell(1)), {"h0": h0, "weights": weights}, xs)
    assert_trees_close(found, scanned(NAMES["GRUCell"], params, xs))


@pytest.mark.parametrize(
    ("make", "names"),
    [
        (
            WRAPPED["lstm"],
            [f"{kind}_{gate}" for kind in ("input_scale", "recurrent_matrix_scale") for gate in "cgio"],
        ),
        (
            WRAPPED["gru"],
            [f"{kind}_{gate}" for kind in ("input_scale", "recurrent_matrix_scale") for gate in "cru"],
        ),
        (
            WRAPPED["mgu"],
            [f"{kind}_{gate}" for kind in ("input_scale", "recurrent_matrix_scale") for gate in "cg"],
        ),
        (WRAPPED["simple"], ["input_scale_h", "recurrent_matrix_scale_h"]),
        (WRAPPED["nnx gru"], ["scale_dense_h_kernel", "scale_dense_i_kernel"]),
        (WRAPPED["own"], ["scale_read_kernel"]),
        (WRAPPED["ours"], ["scale_W_h", "scale_W_x"]),
    ],
)
def test_every_kernel_has_a_scale(make, names):
    """Fails if a kernel cannot be tuned, or the authors' names are not used where Flax's letters allow."""
    assert sorted(make().hyperparameters) == names
    assert {scale.default for scale in make().hyperparameters.values()} == {1.0}


def test_scales_are_those_of_their_own_kernel():
    """Fails if f and g, which the authors call g and c, are confused, or a scale is not traced."""
    cell = from_linen(nn.LSTMCell(1))
    init = jax.jit(lambda scale: cell.init(KEY, 3, 4, {"input_scale_g": scale}))
    plain, scaled = init(1.0), init(0.5)
    plain["weights"]["if"]["kernel"] = 0.5 * np.asarray(plain["weights"]["if"]["kernel"])
    assert_trees_close(scaled, plain)


def test_widths_come_from_the_budget():
    """Fails if the module keeps the width it was made with, or a parameter is not counted."""
    cell = from_linen(nn.MGUCell(features=3))
    n = units_for_budget(1_000, cell, n_in=8, n_out=1)
    # Two gates, two matrices and two biases, one of them twice; the initial state; the readout.
    assert Network(cell, 8, n, 1).n_params == 2 * n * (n + 8) + 3 * n + n + (n + 1) <= 1_000
    assert Network(cell, 8, n + 1, 1).n_params > 1_000


def test_equal_modules_are_one_cell():
    """Fails if a module wrapped twice would be compiled twice."""
    assert from_linen(nn.MGUCell(4)) is from_linen(nn.MGUCell(4))
    assert from_nnx(nnx.GRUCell) is from_nnx(nnx.GRUCell)


class Unhashable(Decaying):
    sizes: tuple = ()


class Normalised(Decaying):
    @nn.compact
    def __call__(self, carry, inputs):
        return carry, nn.BatchNorm(use_running_average=False)(carry[None])[0]


class Counting(Decaying):
    @nn.nowrap
    def initialize_carry(self, rng, input_shape):
        return jnp.zeros((*input_shape[:-1], self.features), jnp.int32)


class Halving(Decaying):
    @nn.compact
    def __call__(self, carry, inputs):
        return carry, carry[..., ::2]


class Numbering(Decaying):
    @nn.compact
    def __call__(self, carry, inputs):
        return carry, carry + self.param("count", nn.initializers.zeros, (self.features,), jnp.int32)


class Unreal(Rotating):
    @nn.compact
    def __call__(self, carry, inputs):
        return carry, carry


class Fixed(nn.RNNCellBase):
    @property
    def num_feature_axes(self):
        return 1


class Noisy(nnx.SimpleCell):
    def __init__(self, n_in, n_hidden, *, rngs):
        super().__init__(n_in, n_hidden, rngs=rngs)
        self.dropout = nnx.Dropout(0.5, rngs=rngs)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: from_linen(nn.ConvLSTMCell(3, (2, 2))), "ConvLSTMCell has 3 feature axes; allowed: 1"),
        (lambda: from_linen(nn.MGUCell), "got the class MGUCell; it needs an instance"),
        (lambda: from_linen(nn.RNN(nn.MGUCell(2))), "got an instance of RNN"),
        (lambda: from_linen(Fixed()), "Fixed has no field .*allowed: features, hidden_size, hidden_features"),
        (lambda: from_linen(Unhashable(2, sizes=[1])), "Unhashable has a field without a hash"),
        (lambda: from_linen(Normalised(2)), "Normalised keeps the variables batch_stats"),
        (lambda: from_linen(Counting(2)), r"carry of Counting at 8 units holds int32\[8\] alone"),
        (lambda: from_linen(Dropping(2)), "Dropping draws random numbers at every step.*dropout is deterministic"),
        (lambda: from_linen(Numbering(2)), "parameter count of Numbering is int32; allowed: floating or complex"),
        (lambda: from_linen(Unreal(2)), r"output of Unreal at 8 units is complex64\[8\]; allowed: as many real values"),
        (lambda: from_linen(Halving(2)), r"output of Halving at 8 units is float32\[4\]"),
        (lambda: from_linen(our_linen.RNNCell(2, learned_initial_state=True)), "or learned_initial_state=False"),
        (lambda: from_nnx(nnx.GRUCell(2, 3, rngs=nnx.Rngs(0))), "got an instance of GRUCell"),
        (lambda: from_nnx("gru"), "got an instance of str"),
        (lambda: from_nnx(nnx.Linear), "factory of Linear"),
        (lambda: from_nnx(Noisy), "Noisy keeps state other than nnx.Param, Rng.*must be deterministic with rngs=None"),
    ],
)
def test_refusals_say_what_is_allowed(make, message):
    """Fails if a module that cannot be a vector cell passes, or fails later with an obscure message."""
    with pytest.raises(ValueError, match=message):
        make()


def test_wrapping_keeps_the_shapes_of_the_module():
    """Fails if inputs and units are exchanged in the widths."""
    params = jax.eval_shape(lambda: from_linen(nn.SimpleCell(1)).init(KEY, 3, 5))
    assert shapes(params) == {
        "h0": (5,),
        "weights": {"i": {"kernel": (3, 5), "bias": (5,)}, "h": {"kernel": (5, 5)}},
    }
