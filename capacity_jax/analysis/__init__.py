"""What a trained network's memory depends on: its outputs with weights or states quantized, or under noise."""

from capacity_jax.analysis.groups import GROUPS, parameter_groups
from capacity_jax.analysis.noise import add_noise, add_noise_to_params, snr_bits
from capacity_jax.analysis.quantization import quantize, quantize_params
from capacity_jax.analysis.states import change_states
from capacity_jax.analysis.variants import outputs_of_variants

__all__ = [
    "GROUPS",
    "add_noise",
    "add_noise_to_params",
    "change_states",
    "outputs_of_variants",
    "parameter_groups",
    "quantize",
    "quantize_params",
    "snr_bits",
]
