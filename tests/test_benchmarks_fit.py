"""The fit names the right class where it is known, and refuses what it cannot judge."""

import math
from random import Random

import pytest

from benchmarks.fit import MODELS, choose, fit, slope

N = [2**i for i in range(7, 21)]
CURVES = {
    "1": lambda n: 2.3,
    "log n": lambda n: 1.01 * math.log2(n) + 0.1,
    "n": lambda n: n + 13,
    "n log n": lambda n: n * math.log2(n) - 1.4 * n,
}


def noisy(curve, part, seed=0):
    random = Random(seed)
    return [curve(n) * random.uniform(1 - part, 1 + part) for n in N]


@pytest.mark.parametrize("name", CURVES)
@pytest.mark.parametrize("noise", [0.0, 0.001, 0.01, 0.03])
def test_a_known_class_is_recognised_through_noise(name, noise):
    for seed in range(20):
        assert choose(N, noisy(CURVES[name], noise, seed)).best.model.name == name


@pytest.mark.parametrize("name", CURVES)
@pytest.mark.parametrize("factor", [1e-6, 1, 1e9])
def test_the_unit_of_the_cost_changes_the_coefficients_and_not_the_class(name, factor):
    plain = choose(N, [CURVES[name](n) for n in N]).best
    scaled = choose(N, [CURVES[name](n) * factor for n in N]).best
    assert scaled.model.name == name
    for a, b in zip(plain.coefficients, scaled.coefficients, strict=True):
        assert b == pytest.approx(a * factor, rel=1e-6, abs=1e-9 * factor)


@pytest.mark.parametrize(
    ("name", "coefficients"),
    [("1", (2.3,)), ("log n", (1.01, 0.1)), ("n", (1.0, 13.0)), ("n log n", (1.0, -1.4))],
)
def test_the_coefficients_are_those_the_cost_was_made_of(name, coefficients):
    best = choose(N, [CURVES[name](n) for n in N]).best
    assert best.coefficients == pytest.approx(coefficients, abs=1e-6)
    assert best.error < 1e-9
    assert best.at([1000])[0] == pytest.approx(CURVES[name](1000))


@pytest.mark.parametrize("name", CURVES)
def test_each_class_is_recognised_from_four_sizes(name):
    few = N[-4:]
    assert choose(few, [CURVES[name](n) for n in few]).best.model.name == name


def test_a_model_that_lives_on_its_smaller_term_is_out():
    # 100 + log2 n: log n fits it exactly, but its leading term is a sixth of the cost.
    costs = [100 + math.log2(n) for n in N]
    exact = fit(MODELS[1], N, costs)
    assert exact.error < 1e-9
    assert exact.leading_share(N[-1]) == pytest.approx(20 / 120)
    choice = choose(N, costs)
    assert choice.best.model.name == "1"
    assert choice.runner_up is None or choice.runner_up.model.name != "log n"


def test_of_two_that_fit_alike_the_smaller_class_wins():
    # Noise enough that log n and n log n are no better than their smaller neighbours by 10 %.
    costs = [3 * n + 0.001 * n * math.log2(n) for n in N]
    assert choose(N, noisy(lambda n: 3 * n + 0.001 * n * math.log2(n), 0.05)).best.model.name == "n"
    assert choose(N, costs).best.model.name == "n"


def test_the_error_is_relative_so_small_sizes_count_as_much_as_large_ones():
    # Twice the cost at the smallest size: in absolute terms nothing beside a million.
    costs = [float(n) for n in N]
    costs[0] *= 2
    wrong = fit(MODELS[2], N, costs)
    assert wrong.error > 0.01
    assert wrong.coefficients[1] > 50


def test_the_runner_up_is_the_best_of_the_rest():
    costs = noisy(CURVES["n log n"], 0.01)
    choice = choose(N, costs)
    rest = [fit(m, N, costs) for m in MODELS if m.name != "n log n"]
    eligible = [f for f in rest if f.leading_share(N[-1]) >= 0.5]
    assert choice.runner_up is not None
    assert choice.runner_up.error == min(f.error for f in eligible)
    assert choice.runner_up.error > choice.best.error


def test_no_cost_at_all_is_constant():
    choice = choose(N, [0] * len(N))
    assert (choice.best.model.name, choice.best.coefficients, choice.best.error) == ("1", (0.0,), 0)
    assert choice.runner_up is None
    assert str(choice.best) == "0.00"


@pytest.mark.parametrize(
    ("costs", "text"),
    [
        ([CURVES["log n"](n) for n in N], "1.01 log₂ n + 0.10"),
        ([CURVES["n log n"](n) for n in N], "1.00 n log₂ n − 1.40 n"),
        ([math.log2(n) for n in N], "1.00 log₂ n"),
        ([2e-6 * n for n in N], "2.0e-06 n"),
    ],
)
def test_a_fit_reads_as_a_formula(costs, text):
    assert str(choose(N, costs).best) == text


@pytest.mark.parametrize(
    ("n", "cost", "said"),
    [
        ([128, 256, 512], [1, 1, 1], "at least 4 different sizes"),
        ([128, 128, 128, 128], [1, 1, 1, 1], "at least 4 different sizes"),
        ([128, 256, 512, 1024], [1, 2, 3], "same length, got 4 and 3"),
        ([1, 2, 4, 8], [1, 1, 1, 1], "sizes of 2 or more"),
        ([2, 4, 8, math.nan], [1, 1, 1, 1], "sizes of 2 or more"),
        ([2, 4, 8, 16], [1, 1, math.nan, 1], "finite numbers >= 0"),
        ([2, 4, 8, 16], [1, 1, -1, 1], "finite numbers >= 0"),
        ([2, 4, 8, 16], [1, 1, math.inf, 1], "finite numbers >= 0"),
        ([2, 4, 8, 16], [0, 1, 1, 1], "above 0 at each size, or 0 at all"),
    ],
)
def test_numbers_that_name_no_class_are_refused(n, cost, said):
    with pytest.raises(ValueError, match=said):
        choose(n, cost)


@pytest.mark.parametrize(
    ("name", "low", "high"), [("1", -0.01, 0.01), ("log n", 0.08, 0.13), ("n", 0.95, 1.01)]
)
def test_the_slope_is_that_of_the_class(name, low, high):
    assert low < slope(N, [CURVES[name](n) for n in N]) < high
