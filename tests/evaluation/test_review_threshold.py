from __future__ import annotations

import pytest

from omniseg_backend.evaluation.review_threshold import JudgedResult, choose_review_rule


def result(dice: float, confidence: float | None, peak: float = 0.9) -> JudgedResult:
    return JudgedResult(dice, (confidence,), (peak,))


def test_a_threshold_that_parts_good_from_bad_is_found():
    results = [result(0.9, 0.95), result(0.85, 0.9), result(0.3, 0.6), result(0.1, 0.5)]
    rule = choose_review_rule(results)
    assert 0.6 < rule.threshold <= 0.9
    assert (rule.detected, rule.bad, rule.false_flags, rule.good) == (2, 2, 0, 2)


def test_bad_results_that_look_certain_are_counted_as_missed():
    results = [*(result(0.9, 0.90 + i / 100) for i in range(9)), result(0.2, 0.99)]
    rule = choose_review_rule(results)
    assert rule.bad == 1
    assert rule.detected == 0
    assert rule.false_flags == 0


def test_without_bad_results_at_most_a_twentieth_is_flagged():
    results = [result(0.9, 0.5 + i / 250) for i in range(100)]
    rule = choose_review_rule(results)
    assert rule.sensitivity == "no such case"
    assert 1 <= rule.false_flags <= 5


def test_an_absent_class_with_a_high_peak_is_flagged_at_any_threshold():
    rule = choose_review_rule([result(0.0, None, peak=0.6), result(0.9, 0.9)])
    assert (rule.detected, rule.bad) == (1, 1)


def test_one_doubtful_class_flags_the_result():
    both = JudgedResult(0.5, (0.95, 0.4), (1.0, 1.0))
    good = JudgedResult(0.9, (0.95, 0.9), (1.0, 1.0))
    rule = choose_review_rule([both, good])
    assert (rule.detected, rule.false_flags) == (1, 0)
    assert rule.threshold == pytest.approx(0.65, abs=0.26)
