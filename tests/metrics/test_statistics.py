from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from omniseg_backend.common.errors import DataError, UsageError
from omniseg_backend.metrics.statistics import (
    benjamini_hochberg,
    bootstrap_interval,
    compare_paired,
    mean_confidence_interval,
    paired_t_test,
    wilcoxon_signed_rank,
)

P_VALUES = st.lists(st.floats(0.0, 1.0), min_size=1, max_size=12)

# Paired t-test


def test_t_test_in_closed_form():
    # Differences 1, 2, 3: t = 2 / (1 / sqrt(3)), and with two degrees of freedom the
    # two-sided p-value is 1 - t / sqrt(t^2 + 2).
    result = paired_t_test([2.0, 4.0, 6.0], [1.0, 2.0, 3.0])
    t = 2.0 * math.sqrt(3.0)
    assert result.statistic == pytest.approx(t)
    assert result.p_value == pytest.approx(1 - t / math.sqrt(t**2 + 2))
    assert result.n == 3


def test_t_test_changes_sign_with_the_order():
    a, b = [0.9, 0.8, 0.85, 0.7], [0.88, 0.81, 0.8, 0.6]
    assert paired_t_test(a, b).statistic == -paired_t_test(b, a).statistic
    assert paired_t_test(a, b).p_value == paired_t_test(b, a).p_value


def test_t_test_of_equal_pairs_finds_nothing():
    result = paired_t_test([0.5, 0.6, 0.7], [0.5, 0.6, 0.7])
    assert (result.statistic, result.p_value) == (0.0, 1.0)


def test_t_test_of_a_constant_difference_has_no_p_value():
    # 0.3 - 0.2 and 0.9 - 0.8 differ by rounding alone: t would be about 1e15.
    result = paired_t_test([0.3, 0.9, 0.5], [0.2, 0.8, 0.4])
    assert result.p_value is None
    assert result.reason == "the differences do not vary"


def test_missing_values_leave_their_pair_out():
    a = [2.0, None, 4.0, math.nan, 6.0, math.inf]
    b = [1.0, 9.0, 2.0, 9.0, 3.0, 1.0]
    assert paired_t_test(a, b) == paired_t_test([2.0, 4.0, 6.0], [1.0, 2.0, 3.0])
    assert wilcoxon_signed_rank(a, b).n == 3
    assert paired_t_test([1.0, None], [0.0, 0.0]).reason == "1 pair; at least 2 are needed"
    assert wilcoxon_signed_rank([None], [0.0]).p_value is None


# Wilcoxon


def test_wilcoxon_by_counting_signs():
    # Ranks 1 to 6, all positive: one of 2^6 sign patterns at either end.
    result = wilcoxon_signed_rank([0.1, 0.2, 0.3, 0.4, 0.5, 0.6], [0.0] * 6)
    assert result.statistic == 0.0
    assert result.p_value == pytest.approx(2 / 64)
    # The smallest difference turns: W = 1, reached by two patterns at either end.
    result = wilcoxon_signed_rank([-0.1, 0.2, 0.3, 0.4, 0.5, 0.6], [0.0] * 6)
    assert result.statistic == 1.0
    assert result.p_value == pytest.approx(4 / 64)


def test_wilcoxon_leaves_equal_pairs_out_of_the_ranks():
    a = [0.1, 0.2, 0.3, 0.4, 0.5, 0.6]
    plain = wilcoxon_signed_rank(a, [0.0] * 6)
    padded = wilcoxon_signed_rank([*a, 0.7, 0.8], [0.0] * 6 + [0.7, 0.8])
    assert (padded.statistic, padded.p_value) == (plain.statistic, plain.p_value)
    assert padded.n == 8
    assert wilcoxon_signed_rank([0.5] * 7, [0.5] * 7).p_value == 1.0


# Benjamini and Hochberg


def test_benjamini_hochberg_by_hand():
    # Sorted p times m / rank: 0.01*4/1 = 0.04, 0.02*4/2 = 0.04, 0.03*4/3 = 0.04, 0.5.
    adjusted = benjamini_hochberg([0.03, 0.5, 0.01, 0.02])
    assert adjusted == pytest.approx((0.04, 0.5, 0.04, 0.04))
    # 0.005*3 = 0.015; 0.04*3/2 = 0.06 is held down by 0.05*3/3 = 0.05.
    assert benjamini_hochberg([0.05, 0.005, 0.04]) == pytest.approx((0.05, 0.015, 0.05))


def test_comparisons_without_p_value_are_no_hypotheses():
    assert benjamini_hochberg([None, 0.01, None, 0.04]) == (None, 0.02, None, 0.04)
    assert benjamini_hochberg([None, None]) == (None, None)
    assert benjamini_hochberg([]) == ()


@given(P_VALUES)
def test_adjusting_keeps_order_and_bounds(p_values):
    adjusted = benjamini_hochberg(p_values)
    pairs = sorted(zip(p_values, adjusted, strict=True))
    assert all(p - 1e-12 <= q <= 1.0 for p, q in pairs)
    assert all(one[1] <= other[1] + 1e-12 for one, other in itertools.pairwise(pairs))


def test_refuses_what_is_no_p_value():
    for bad in (1.5, -0.1, math.nan):
        with pytest.raises(DataError, match="p-values"):
            benjamini_hochberg([0.5, bad])


# Intervals


def test_t_interval_by_table():
    # t(0.975, 4) = 2.776; mean 3, standard deviation sqrt(2.5).
    interval = mean_confidence_interval([1.0, 2.0, 3.0, 4.0, 5.0])
    half = 2.7764451 * math.sqrt(2.5) / math.sqrt(5)
    assert (interval.low, interval.high) == pytest.approx((3 - half, 3 + half))
    assert (interval.mean, interval.n, interval.level) == (3.0, 5, 0.95)
    wider = mean_confidence_interval([1.0, None, 2.0, 3.0, math.nan, 4.0, 5.0], 0.99)
    assert wider.low < interval.low < interval.high < wider.high
    assert mean_confidence_interval([1.0, None]) is None


def test_bootstrap_nears_the_normal_interval():
    values = np.random.default_rng(0).normal(0.8, 0.05, 200)
    interval = bootstrap_interval(values, [str(i) for i in range(200)])
    half = 1.96 * values.std(ddof=1) / math.sqrt(200)
    assert interval.mean == pytest.approx(values.mean())
    assert interval.high - interval.mean == pytest.approx(half, rel=0.1)
    assert interval.mean - interval.low == pytest.approx(half, rel=0.1)


def test_bootstrap_draws_whole_patients():
    # Ten patients of twenty equal cases each carry the evidence of ten values, not of 200.
    means = np.linspace(0.6, 0.9, 10)
    values = np.repeat(means, 20)
    patients = [f"p{i}" for i in range(10) for _ in range(20)]
    by_patient = bootstrap_interval(values, patients)
    by_case = bootstrap_interval(values, [str(i) for i in range(200)])
    once_each = bootstrap_interval(means, [f"p{i}" for i in range(10)])
    assert (by_patient.low, by_patient.high) == pytest.approx((once_each.low, once_each.high))
    ratio = (by_patient.high - by_patient.low) / (by_case.high - by_case.low)
    assert ratio == pytest.approx(math.sqrt(20), rel=0.1)
    assert by_patient.n == 10


def test_bootstrap_weighs_patients_by_their_cases():
    interval = bootstrap_interval([1.0, 1.0, 1.0, 0.0], ["a", "a", "a", "b"])
    assert interval.mean == 0.75
    assert (interval.low, interval.high) == (0.0, 1.0)


def test_bootstrap_is_seeded_and_ignores_case_order():
    values = np.random.default_rng(1).random(12)
    patients = list("aabbccddeeff")
    once = bootstrap_interval(values, patients, seed=4, draws=700)
    assert once == bootstrap_interval(values, patients, seed=4, draws=700)
    assert once != bootstrap_interval(values, patients, seed=5, draws=700)
    order = np.random.default_rng(2).permutation(12)
    turned = bootstrap_interval(values[order], [patients[i] for i in order], seed=4, draws=700)
    assert (turned.low, turned.high) == pytest.approx((once.low, once.high))
    assert bootstrap_interval([0.5, 0.6], ["a", "a"]) is None
    assert bootstrap_interval([0.5, None], ["a", "b"]) is None


# Comparing two models


def test_comparison_of_two_models():
    generator = np.random.default_rng(6)
    b = generator.uniform(0.7, 0.9, 20)
    a = b + generator.normal(0.02, 0.01, 20)
    patients = [f"p{i}" for i in range(20)]
    result = compare_paired(a, b, patients)
    difference = a - b
    assert result.mean_difference == pytest.approx(difference.mean())
    assert result.interval.low < result.mean_difference < result.interval.high
    assert result.t_test.p_value == pytest.approx(paired_t_test(a, b).p_value)
    assert result.wilcoxon == wilcoxon_signed_rank(a, b)
    assert result.effect_size == pytest.approx(difference.mean() / difference.std(ddof=1))
    assert (result.n_cases, result.n_patients, result.n_left_out) == (20, 20, 0)
    assert result.reason is None


def test_t_test_compares_patients_and_not_their_cases():
    per_patient = [0.03, 0.01, -0.01, 0.02, 0.04, 0.0]
    differences = np.repeat(per_patient, 8)
    patients = [f"p{i}" for i in range(6) for _ in range(8)]
    result = compare_paired(0.8 + differences, np.full(48, 0.8), patients)
    assert result.t_test.n == 6
    assert result.t_test.p_value == pytest.approx(paired_t_test(per_patient, [0] * 6).p_value)
    assert result.wilcoxon.n == 48
    assert result.wilcoxon.p_value < result.t_test.p_value


@pytest.mark.parametrize("patients", [1, 2, 4])
def test_too_few_patients_have_no_p_value(patients):
    owners = [f"p{i % patients}" for i in range(40)]
    b = np.random.default_rng(2).random(40)
    result = compare_paired(b + np.linspace(0.1, 0.2, 40), b, owners)
    assert result.mean_difference == pytest.approx(0.15)
    assert (result.t_test.p_value, result.wilcoxon.p_value, result.interval) == (None,) * 3
    assert result.reason.startswith(f"{patients} patient")
    assert result.t_test.reason == result.wilcoxon.reason == result.reason


def test_five_patients_are_enough():
    result = compare_paired([0.9, 0.8, 0.7, 0.9, 0.6], [0.8, 0.8, 0.6, 0.7, 0.6], list("abcde"))
    assert result.t_test.p_value is not None
    assert result.wilcoxon.p_value is not None


def test_left_out_cases_may_leave_too_few_patients():
    a = [0.9, 0.8, 0.7, 0.9, None]
    result = compare_paired(a, [0.8, 0.8, 0.6, 0.7, 0.6], list("abcde"))
    assert (result.n_cases, result.n_patients, result.n_left_out) == (4, 4, 1)
    assert result.t_test.p_value is None


def test_comparing_a_model_with_itself():
    values = [0.9, 0.8, 0.7, 0.9, 0.6, 0.5]
    result = compare_paired(values, values, list("abcdef"))
    assert result.mean_difference == 0.0
    assert (result.t_test.p_value, result.wilcoxon.p_value) == (1.0, 1.0)
    assert (result.interval.low, result.interval.high) == (0.0, 0.0)
    assert result.effect_size is None


def test_nothing_to_compare():
    result = compare_paired([None, None], [0.5, 0.5], ["a", "b"])
    assert (result.mean_difference, result.interval, result.effect_size) == (None, None, None)
    assert result.reason == "0 patients; at least 5 are needed"
    assert result.n_left_out == 2


def test_refuses_what_does_not_go_together():
    with pytest.raises(DataError, match="2 and 3"):
        paired_t_test([1, 2], [1, 2, 3])
    with pytest.raises(DataError, match="values and patients"):
        compare_paired([1, 2], [1, 2], ["a"])
    with pytest.raises(DataError, match="values and patients"):
        bootstrap_interval([1, 2], ["a"])
    with pytest.raises(UsageError, match="confidence level"):
        mean_confidence_interval([1, 2], 95)
    with pytest.raises(UsageError, match="bootstrap draws"):
        bootstrap_interval([1, 2], ["a", "b"], draws=0)
