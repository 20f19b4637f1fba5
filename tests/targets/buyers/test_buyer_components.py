import json

import numpy as np
import pytest
from scipy.stats import chi2, multivariate_normal
from sklearn.metrics import adjusted_rand_score
from sklearn.mixture import GaussianMixture

from segcore.errors import DataError, ParameterError
from segcore.records.solution import NOISE
from segcore.targets.buyers.buyer_components import describe_components, map_components
from segcore.targets.buyers.mixtures import choose_mixture, compare_with_placebos
from tests.targets.buyers import recipe

UNITS = np.array([1.0, 1_000.0, 0.01])


def planted(seed=0, n=1_600, share=0.2):
    """Return buyers of two groups among customers of no group, in three units, and a column that is constant."""
    draw = np.random.default_rng(seed)
    bought = np.arange(n) < share * n
    X = draw.normal(size=(n, 3)) * 3
    group = draw.random(n) < 0.65
    X[bought] = np.where(group[bought, None], [4.0, 4.0, 0.0], [-4.0, 0.0, 4.0]) + draw.normal(size=(int(bought.sum()), 3)) * 0.7
    return np.column_stack([X * UNITS, np.full(n, 7.0)]), bought, group


@pytest.fixture(scope="module")
def found():
    X, bought, group = planted()
    return X, bought, group, describe_components(X, bought, spend=np.where(group, 10.0, 30.0), placebos=0)


def test_planted_groups_are_found_with_their_means_in_their_units(found):
    _, _, group, components = found
    first, second = components.components
    share = group[components.fitted].mean()
    assert first.mean == pytest.approx((4, 4_000, 0, 7), abs=250) and first.mean[2] == pytest.approx(0, abs=0.003)
    assert second.mean[0] == pytest.approx(-4, abs=0.3) and second.mean[3] == 7
    assert (first.weight, second.weight) == pytest.approx((share, 1 - share), abs=0.02)
    assert first.share.low < 0.65 < first.share.high
    plain = json.loads(json.dumps(first.to_json()))
    assert plain["mean"] == list(first.mean) and plain["share"]["value"] == first.share.value and plain["spend"]["value"] == 10
    assert components.sentence == "2 components describe the buyers best (lowest BIC)."
    assert min(components.bic, key=components.bic.get)[1] == 2


def test_the_number_and_shape_have_the_lowest_bic_of_scikit_learns(found):
    X, _, _, components = found
    kind, number = min(components.bic, key=components.bic.get)
    own = X[components.fitted][:, :3]
    Z = (own - own.mean(axis=0)) / own.std(axis=0)
    oracle = GaussianMixture(number, covariance_type=kind, n_init=5, reg_covar=1e-3, random_state=0).fit(Z)
    assert components.bic[kind, number] == pytest.approx(oracle.bic(Z), rel=1e-9)


def test_nobody_measured_was_fitted_to(found):
    _, bought, _, components = found
    assert not set(components.fitted.tolist()) & set(components.held_out.tolist())
    assert bought[components.fitted].all() and len(components.fitted) == 160
    assert bought[components.held_out].sum() == 160 and (~bought[components.held_out]).sum() == 640
    assert all(one.share.sample_size == one.buyers_inside.sample_size == 160 for one in components.components)


def test_other_customers_change_no_figure_and_those_held_out_do():
    X, bought, _ = planted(1)
    before = describe_components(X, bought, n_components=[2], placebos=0)
    moved = X.copy()
    moved[before.held_out[bought[before.held_out]]] += 1e6  # buyers held out leave
    after = describe_components(moved, bought, n_components=[2], placebos=0)
    assert [one.mean for one in after.components] == [one.mean for one in before.components]
    assert all(one.near.buyers == 0 < other.near.buyers for one, other in zip(after.components, before.components, strict=True))


def test_the_ellipsoid_is_that_of_the_mahalanobis_distance(found):
    X, bought, _, components = found
    mixture, own = components.mixture, X[components.fitted][:, :3]
    for one in components.components:
        covariance = mixture.covariance_matrices[one.label] * np.outer(own.std(axis=0), own.std(axis=0))
        away = X[:, :3] - np.array(one.mean[:3])
        inside = np.einsum("ij,jk,ik->i", away, np.linalg.inv(covariance), away) <= chi2.ppf(0.9, 3)
        assert one.candidates == (inside & ~bought).sum() > 0
        held = components.held_out
        assert one.near.customers == inside[held].sum() and one.near.buyers == (inside & bought)[held].sum()
        assert one.buyers_inside.value == (inside & bought)[held].sum() / 160


def test_nine_in_ten_of_normal_buyers_are_inside():
    draw = np.random.default_rng(3)
    X = draw.normal(size=(12_000, 4)) @ draw.normal(size=(4, 4))
    components = describe_components(X, np.arange(12_000) < 6_000, n_components=[1, 2], placebos=0)
    [one] = components.components
    assert one.buyers_inside.low < 0.9 < one.buyers_inside.high
    assert components.sentence == "One component describes the buyers best (lowest BIC), so there are no groups among them."
    assert components.evidence is None


@pytest.mark.parametrize("shape", ["full", "tied", "diag", "spherical"])
def test_each_shape_describes_the_buyers(shape):
    X, bought, _ = planted(4)
    components = describe_components(X, bought, covariance_types=[shape], n_components=[2], placebos=0)
    assert components.mixture.covariance_matrices.shape == (2, 3, 3)
    assert components.measure(X, bought, (0, 1)).lift.low > 3


def test_components_are_ranked_and_the_largest_ticked_first(found):
    *_, components = found
    assert [one.label for one in components.ranked()] == [0, 1] and components.first_choice == (0,)
    assert [one.label for one in components.ranked("spend")] == [1, 0]
    assert [one.spend.value for one in components.components] == pytest.approx([10, 30])
    most = max(components.components, key=lambda one: one.candidates)
    assert components.ranked("candidates")[0] is most


def log_density(mixture, Z):
    parts = zip(mixture.weights, mixture.arrays["means"], mixture.covariance_matrices, strict=True)
    return np.log(sum(weight * multivariate_normal(mean, covariance).pdf(Z) for weight, mean, covariance in parts))


def test_scores_are_the_ratio_of_two_densities(found):
    X, bought, _, components = found
    Z = components.mixture.standardised(X[:50])
    other = components.others
    # Standardising once more changes the density by a constant factor.
    expected = log_density(components.mixture, Z) - log_density(other, other.standardised(Z))
    scores = components.scores(X)
    assert scores[:50] - scores[0] == pytest.approx(expected - expected[0], abs=1e-8)
    assert (components.scores(X, (0,)) <= scores + 1e-12).all()
    held = components.held_out
    of_buyers, of_others = scores[held][bought[held]], scores[held][~bought[held]]
    assert (of_buyers[:, None] > of_others).mean() > 0.9


def test_customers_whom_everybody_is_like_do_not_come_first():
    draw = np.random.default_rng(8)
    bought = np.arange(1_200) < 240
    X = draw.normal(size=(1_200, 3))
    X[:160] += [4, 0, 0]  # two thirds of the buyers; the rest are where everybody is
    components = describe_components(X, bought, placebos=0)
    held = components.held_out
    first = held[np.argsort(-components.scores(X[held], components.first_choice))[:40]]
    assert bought[first].mean() > 0.8


def test_groups_that_no_single_feature_shows_gain_more_than_data_without_them():
    draw = np.random.default_rng(5)
    # Two bars that cross: each feature has one peak, and no correlation shows them.
    X = draw.normal(size=(300, 2)) * np.where(np.arange(300)[:, None] % 2, [3.0, 0.3], [0.3, 3.0])
    found = compare_with_placebos(X / X.std(axis=0), covariance_types=["diag"], placebos=19)
    assert found.p_value == 0.05 and found.gain > max(found.placebos) and found.split == () and found.shows_groups


def test_groups_that_single_features_show_are_groups_although_placebos_keep_them():
    X = np.random.default_rng(5).normal(size=(400, 2)) + np.where(np.arange(400)[:, None] % 3, [6.0, 0.0], [0.0, 0.0])
    components = describe_components(X, np.arange(400) < 200, covariance_types=["diag"], n_components=[2], placebos=19)
    assert components.evidence.p_value > 0.05 and components.evidence.shows_groups
    assert components.sentence.endswith(", and 1 feature falls in groups without the others (dip test).")


def test_skewed_buyers_without_groups_are_not_told_to_be_groups():
    X = np.exp(np.random.default_rng(6).normal(size=(400, 2)))
    components = describe_components(X, np.arange(400) < 200, covariance_types=["diag"], placebos=19)
    assert len(components.components) > 1 and not components.evidence.shows_groups
    assert "data without groups does as well" in components.sentence and "are not groups" in components.sentence


def test_the_map_shows_the_mixtures_own_ellipses(found):
    X, bought, _, components = found
    made = map_components(components, X, bought, np.arange(len(X)).astype(str))
    assert (made.labels[~bought] == NOISE).all() and set(made.labels[bought].tolist()) == {0, 1}
    Z = components.mixture.standardised(X)
    for label, area in made.areas.items():
        mean = components.mixture.arrays["means"][label]
        # Place the mean as one more customer, in the direction of two who are there.
        loadings = np.linalg.pinv(Z - Z.mean(axis=0)) @ made.places
        assert area.mean == pytest.approx((mean - Z.mean(axis=0)) @ loadings)
        assert area.customers == (made.labels == label).sum()
        assert area.mean == pytest.approx(made.places[made.labels == label].mean(axis=0), abs=0.2)
        assert area.covariance == pytest.approx(np.cov(made.places[made.labels == label].T), abs=0.1)


@pytest.mark.parametrize("seed", range(3))
def test_few_buyers_have_a_smaller_model(seed):
    draw = np.random.default_rng(seed)
    components = describe_components(draw.normal(size=(200, 12)), np.arange(200) < 10, placebos=3)
    assert {number for _, number in components.bic} == {1} and {kind for kind, _ in components.bic} == {"spherical", "diag", "tied"}
    assert len(components.components) == 1


def test_duplicates_and_counts_are_described():
    draw = np.random.default_rng(8)
    X = draw.poisson(0.3, size=(600, 2)).astype(float)
    components = describe_components(np.repeat(X, 2, axis=0), np.arange(1_200) % 3 == 0, placebos=0)
    assert all(np.isfinite(one.mean).all() for one in components.components)
    assert np.isfinite(components.scores(X)).all()


def test_the_same_question_has_the_same_answer():
    X, bought, _ = planted(9)
    first, second = (describe_components(X, bought, covariance_types=["diag"], n_components=[1, 2], placebos=2, seed=4) for _ in range(2))
    assert first.components == second.components and first.evidence == second.evidence and first.bic == second.bic


@pytest.mark.parametrize("buyers", [0, 3, 100])
def test_too_few_of_either_are_refused(buyers):
    with pytest.raises(DataError, match=f"but {buyers} of 100 customers are buyers"):
        describe_components(np.random.default_rng(0).normal(size=(100, 2)), np.arange(100) < buyers)


def test_what_cannot_be_described_is_said():
    X, bought = np.random.default_rng(0).normal(size=(100, 8)), np.arange(100) < 20
    with pytest.raises(DataError, match="No feature differs among the 10 buyers looked at"):
        describe_components(np.where(bought[:, None], 1.0, X), bought)
    with pytest.raises(DataError, match="need 18 there, but there are 10: choose the shape diag or spherical"):
        describe_components(X, bought, covariance_types=["full"])
    with pytest.raises(ParameterError, match="Unknown shape of components 'round': choose one of full, tied, diag, spherical"):
        describe_components(X, bought, covariance_types=["round"])
    with pytest.raises(ParameterError, match="n_components must be at least 1, got 0"):
        describe_components(X, bought, n_components=[0])
    found = describe_components(X, bought, placebos=0)
    with pytest.raises(ParameterError, match="Unknown component 4: choose one of 0"):
        found.near(X, (4,))
    with pytest.raises(ParameterError, match="No component is ticked: tick at least one"):
        found.scores(X, ())
    with pytest.raises(ParameterError, match="only where spend was given"):
        found.ranked("spend")
    with pytest.raises(ParameterError, match="Unknown order of components 'name'"):
        found.ranked("name")


def test_the_planted_clusters_of_a_department_are_its_components():
    X, department = recipe.customers()
    mine = department == 3
    mixture, _ = choose_mixture(X[mine], covariance_types=["full"], n_components=[4])
    assert adjusted_rand_score(recipe.planted()[mine], mixture.labels(X[mine])) > 0.97
    rounds, _ = choose_mixture(X[mine], covariance_types=["spherical"], n_components=[4])
    assert 0.5 < adjusted_rand_score(recipe.planted()[mine], rounds.labels(X[mine])) < 0.9
