"""What is read from the text of a compiled program, on one written by hand."""

import pytest

from experiments.benchmarks.hlo import Program

TEXT = """HloModule jit_all_members, is_scheduled=true

%sliced (p0: f32[100,8], p1: s32[]) -> f32[4,8] {
  %p0 = f32[100,8]{1,0:T(8,128)} parameter(0)
  %p1 = s32[]{:T(128)} parameter(1)
  ROOT %cut = f32[4,8]{1,0:T(8,128)S(1)} dynamic-slice(%p0, %p1, %p1), dynamic_slice_sizes={4,8}
}

%one_member (m: (s32[], f32[100,8])) -> (s32[], f32[100,8]) {
  %m = (s32[], f32[100,8]{1,0}) parameter(0)
  %i = s32[] get-tuple-element(%m), index=0
  %work = f32[2]{0:T(128)S(1)} negate(%i), backend_config={"estimated_cycles":"30"}
  ROOT %next = (s32[], f32[100,8]{1,0}) tuple(%i, %i)
}

%below (c: (s32[], f32[100,8])) -> pred[] {
  %n = s32[]{:T(128)} constant(16)
  %c = (s32[], f32[100,8]{1,0}) parameter(0)
  ROOT %less = pred[] compare(%c, %n), direction=LT
}

%step (s: (f32[100,8], s32[], /*index=2*/f32[4])) -> (f32[100,8], s32[], f32[4]) {
  %s = (f32[100,8]{1,0:T(8,128)}, s32[]{:T(128)}, /*index=2*/f32[4]{0:T(128)}) parameter(0)
  %rows = f32[100,8]{1,0:T(8,128)} get-tuple-element(%s), index=0
  %place = s32[]{:T(128)S(1)} get-tuple-element(%s), index=1
  %window = f32[4,8]{1,0:T(8,128)S(1)} fusion(%rows, %place), kind=kLoop, calls=%sliced, metadata={op_name="jit(all_members)/while/body/train_step/gather"}, backend_config={"estimated_cycles":"500"}
  %out = f32[4]{0:T(128)} add(%window, %window), metadata={op_name="jit(all_members)/while/body/train_step/add"}, backend_config={"estimated_cycles":"70"}
  %inner = (s32[], f32[100,8]{1,0}) while(%s), condition=%below, body=%one_member, metadata={op_name="jit(all_members)/while/body/train_step/while"}
  ROOT %state = (f32[100,8]{1,0}, s32[], f32[4]{0}) tuple(%rows, %place, %out)
}

%going_on (g: (f32[100,8], s32[], f32[4])) -> pred[] {
  %g = (f32[100,8]{1,0}, s32[], f32[4]{0}) parameter(0)
  ROOT %on = pred[] custom-call(%g), custom_call_target="x"
}

ENTRY %main (a: f32[100,8]) -> f32[100,8] {
  %a = f32[100,8]{1,0} parameter(0)
  %sum = f32[100,8]{1,0} all-reduce-start(%a), to_apply=%below
  %sum.1 = f32[100,8]{1,0} all-reduce-done(%sum)
  ROOT %train = (f32[100,8]{1,0}, s32[], f32[4]{0}) while(%sum.1), condition=%going_on, body=%step, metadata={op_name="jit(all_members)/while"}
}
"""  # noqa: E501


def test_a_step_is_the_body_of_the_training_loop():
    """Breaks if cycles of a nested loop are counted once, or those of another computation with them."""
    step = Program(TEXT).step
    assert step.cycles == 500 + 70 + 16 * 30
    assert step.kernels == 2 + 16
    (loop,) = step.loops
    assert (loop.trips, loop.cycles) == (16, 480)
    assert loop.source.endswith("train_step/while")


def test_bytes_are_those_of_the_main_memory():
    """Breaks if what stays on the chip counts, or all rows where a window of them is read onto it."""
    window, out, counter_of_each_trip = 4 * 8 * 4, 4 * 4, 4
    assert Program(TEXT).step.hbm_bytes == window + out + 16 * counter_of_each_trip


def test_collectives_are_counted_once():
    """Breaks if the end of an operation counts as another one, or none is found at all."""
    assert Program(TEXT).collectives == 1
    with pytest.raises(ValueError, match="no training loop"):
        Program("HloModule empty\n").step  # noqa: B018
