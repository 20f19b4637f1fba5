"""Segments of the buyers: components of a Gaussian mixture of their features, and who else is near them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, get_args

import numpy as np

from segcore.clustering.algorithms.gaussian_mixture import COVARIANCE_TYPES
from segcore.errors import DataError, ParameterError
from segcore.records.estimate import Z_95, Estimate
from segcore.records.solution import NOISE
from segcore.segments.maps.customer_map import Area, CustomerMap, draw_sample
from segcore.segments.maps.principal_plane import principal_plane
from segcore.segments.rules.rule import share_of
from segcore.targets.buyers.mixtures import COUNTS, Evidence, Mixture, choose_mixture, compare_with_placebos
from segcore.targets.buyers.selected_customers import Selection, halve, measure_selection, require_buyers
from segcore.wording.targets import components_text

RankBy = Literal["share", "spend", "candidates"]
PLACEBOS = 19
_MOST_FITTED = 5_000
_SHRUNK_BY = 20
_COUNTS_OF_OTHERS = (1, 2, 3, 5, 8)
_SHOWN_OF_EACH = 300  # buyers may be few among the customers, and the map is about them
_TICKED_SHARE, _MOST_TICKED = 0.5, 3


@dataclass(frozen=True, slots=True)
class Component:
    """A segment of the buyers, measured on buyers to whom it was not fitted.

    Parameters
    ----------
    label : int
        From 0, the largest weight first.
    weight : float
        Share of the buyers fitted, 0 to 1.
    share : Estimate
        Share of the other buyers whose most likely component this is.
    mean : tuple of float
        Of each feature, in its unit.
    buyers_inside : Estimate
        Share of the other buyers inside the 90 % ellipsoid.
    near : Selection
        Customers inside it, buyers or not.
    candidates : int
        Customers inside who are not buyers; the mixture is fitted to none of them.
    spend : Estimate or None
        Mean spend of the other buyers whose most likely component this is, in the unit given.
    """

    label: int
    weight: float
    share: Estimate
    mean: tuple[float, ...]
    buyers_inside: Estimate
    near: Selection
    candidates: int
    spend: Estimate | None

    def to_json(self) -> dict[str, Any]:
        """Return plain values."""
        return {
            "label": self.label,
            "weight": self.weight,
            "share": self.share.to_json(),
            "mean": list(self.mean),
            "buyers_inside": self.buyers_inside.to_json(),
            "near": self.near.to_json(),
            "candidates": self.candidates,
            "spend": None if self.spend is None else self.spend.to_json(),
        }


@dataclass(frozen=True, slots=True, eq=False)
class BuyerComponents:
    """Components of the buyers.

    Parameters
    ----------
    mixture : Mixture
    bic : mapping of (covariance_type, n_components) to float
        Of each mixture that could be fitted; the lowest was chosen.
    components : tuple of Component
    evidence : Evidence or None
        ``None`` if not asked for, or with one component.
    fitted, held_out : ndarray of int
        Rows of the buyers fitted to; and of the customers, buyers or not, whom the figures are of.
    fitted_lifts : tuple of float
        Of the customers of the fitted half inside each component's ellipsoid: how many times everybody's share of buyers they hold.
    others : Mixture or None
        Of the standardised features of customers of the fitted half who are not buyers; ``None`` if they cannot be fitted.
    """

    mixture: Mixture
    bic: Mapping[tuple[str, int], float]
    components: tuple[Component, ...]
    evidence: Evidence | None
    fitted: np.ndarray
    held_out: np.ndarray
    fitted_lifts: tuple[float, ...]
    others: Mixture | None = None

    @property
    def sentence(self) -> str:
        """Whether the buyers fall in groups, in words."""
        return self.words()

    def words(self, who: str = "buyers") -> str:
        """Return whether the buyers, called ``who``, fall in groups."""
        if self.evidence is None:
            return components_text(len(self.components), who=who)
        found = self.evidence
        return components_text(len(self.components), found.p_value, len(found.placebos), len(found.split), who=who)

    def ranked(self, by: RankBy = "share") -> tuple[Component, ...]:
        """Return the components, the highest first, without a spend last.

        Raises
        ------
        ParameterError
            If ``by`` is not a `RankBy`, or is the spend and none was given.
        """
        if by not in get_args(RankBy):
            raise ParameterError.unknown("order of components", by, get_args(RankBy))
        if by == "spend" and all(one.spend is None for one in self.components):
            raise ParameterError("Components can be ordered by spend only where spend was given.")

        def height(one: Component) -> float:
            found = one.candidates if by == "candidates" else one.spend.value if by == "spend" and one.spend else one.weight
            return float("-inf") if found is None else found

        return tuple(sorted(self.components, key=lambda one: (-height(one), one.label)))

    @property
    def first_choice(self) -> tuple[int, ...]:
        """Labels to tick at first, the largest first, until they hold half of the buyers fitted, at most three.

        Only those near which there are more buyers than elsewhere, by the fitted half; or the best one, if there is none.
        """
        rich = [one for one in self.components if self.fitted_lifts[one.label] > 1]
        if not rich:
            return (int(np.argmax(self.fitted_lifts)),)
        total, ticked = 0.0, []
        for one in rich[:_MOST_TICKED]:
            total += one.weight
            ticked.append(one.label)
            if total >= _TICKED_SHARE:
                break
        return tuple(ticked)

    def near(self, X: np.ndarray, ticked: Sequence[int]) -> np.ndarray:
        """Return who is inside the ellipsoid of a ticked component, shape (n_customers,), bool."""
        return np.asarray(self.mixture.inside(X)[:, self._known(ticked)].any(axis=1))

    def scores(self, X: np.ndarray, ticked: Sequence[int] | None = None) -> np.ndarray:
        """Return how much more likely customers are in the ticked components, all by default, than among those who are not buyers.

        Returns
        -------
        ndarray of shape (n_customers,), float64
            Logarithm of the ratio of both densities; distance alone would put customers first whom everybody is like. Without a mixture of
            the others, the squared Mahalanobis distance from the nearest component with a minus.

        References
        ----------
        Hastie and Tibshirani (1996), Discriminant analysis by Gaussian mixtures, Journal of the Royal Statistical Society B 58.
        """
        from scipy.special import logsumexp

        chosen = list(range(len(self.components))) if ticked is None else self._known(ticked)
        if self.others is None:
            return -np.asarray(self.mixture.squared_distances(X)[:, chosen].min(axis=1))
        among_others = logsumexp(self.others.log_densities(self.mixture.standardised(X)), axis=1)
        # The others' features are standardised once more, by a constant factor of the density.
        found: np.ndarray = logsumexp(self.mixture.log_densities(X)[:, chosen], axis=1) - among_others
        return found

    def measure(self, X: np.ndarray, bought: np.ndarray, ticked: Sequence[int]) -> Selection:
        """Measure who is near the ticked components, on the customers held out.

        Parameters
        ----------
        X, bought
            See `describe_components`.
        ticked : sequence of int
            If these were picked by how well they do on the same customers, the figures are too good.
        """
        return measure_selection(self.near(X[self.held_out], ticked), bought[self.held_out])

    def _known(self, ticked: Sequence[int]) -> list[int]:
        for label in ticked:
            if label not in range(len(self.components)):
                raise ParameterError.unknown("component", label, [str(one.label) for one in self.components])
        if not ticked:
            raise ParameterError("No component is ticked: tick at least one.")
        return list(ticked)


def describe_components(
    X: np.ndarray,
    bought: np.ndarray,
    *,
    spend: np.ndarray | None = None,
    covariance_types: Sequence[str] = COVARIANCE_TYPES,
    n_components: Sequence[int] = COUNTS,
    placebos: int = PLACEBOS,
    seed: int = 0,
    owners: np.ndarray | None = None,
) -> BuyerComponents:
    """Fit mixtures to half of the buyers, choose by BIC, and measure the components on the other customers.

    Parameters
    ----------
    X : ndarray of shape (n_customers, n_features), float64
        Features of all customers, all finite.
    bought : ndarray of shape (n_customers,), bool
    spend : ndarray of shape (n_customers,), float64, or None
        What each customer spent on what was bought.
    covariance_types : sequence of {"full", "tied", "diag", "spherical"}
        Shapes to choose from.
    n_components : sequence of int
        Numbers to choose from, each at least 1. Those with fewer than 5 buyers in a component are left out, and for "full" those with
        fewer than twice the features and one.
    placebos : int
        Data sets without groups to compare with, 0 for none.
    seed : int
    owners : ndarray of shape (n_customers,), object, or None
        Customer of each row, where one has several: they are on one side.

    Raises
    ------
    DataError
        If there are too few buyers or others, the buyers are all alike, or there are too few for every shape and number.
    ParameterError
        If a shape or a number is not one of the above.

    Notes
    -----
    Features are standardised by the buyers fitted, at most 5,000. The best of 5 starts is taken. With 500 buyers fitted and 8 features the
    40 mixtures take 1 to 2 s on two cores, and 19 placebos 6 s; with 5,000 and 20 features, 18 s and 15 s.
    """
    require_buyers(bought)
    searched, held_out = halve(bought, seed=seed, most=len(bought), owners=owners)
    fitted = searched[bought[searched]]
    if len(fitted) > _MOST_FITTED:
        fitted = np.sort(np.random.default_rng(seed).choice(fitted, _MOST_FITTED, replace=False))
    mixture, bic = choose_mixture(X[fitted], covariance_types=covariance_types, n_components=n_components, seed=seed)
    evidence = None
    if mixture.n_components > 1 and placebos > 0:
        Z = mixture.standardised(X[fitted])
        evidence = compare_with_placebos(Z, covariance_types=covariance_types, placebos=placebos, seed=seed)
    components = _measured(mixture, X, bought, held_out, spend)
    others = _others(mixture, X[searched[~bought[searched]]], seed)
    return BuyerComponents(mixture, bic, components, evidence, fitted, held_out, _lifts(mixture, X[searched], bought[searched]), others)


def _lifts(mixture: Mixture, X: np.ndarray, bought: np.ndarray) -> tuple[float, ...]:
    """Return the lift inside each ellipsoid, drawn towards 1 as by 20 more customers."""
    inside, rate = mixture.inside(X), float(bought.mean())
    shares = (inside[bought].sum(axis=0) + _SHRUNK_BY * rate) / (inside.sum(axis=0) + _SHRUNK_BY)
    return tuple((shares / rate).tolist())


def _others(mixture: Mixture, X: np.ndarray, seed: int) -> Mixture | None:
    """Return a mixture of customers who are not buyers, of the buyers' shape, on features standardised by the buyers."""
    if len(X) > _MOST_FITTED:
        X = X[np.random.default_rng(seed).choice(len(X), _MOST_FITTED, replace=False)]
    shape = str(mixture.params["covariance_type"])
    try:
        found, _ = choose_mixture(mixture.standardised(X), covariance_types=(shape,), n_components=_COUNTS_OF_OTHERS, seed=seed)
    except DataError:
        return None
    return found


def map_components(found: BuyerComponents, X: np.ndarray, bought: np.ndarray, customers: np.ndarray) -> CustomerMap:
    """Map customers on two principal components of the standardised features, with the mean and ellipse of each component.

    Parameters
    ----------
    found : BuyerComponents
    X, bought
        See `describe_components`.
    customers : ndarray of shape (n_customers,), object
        Ids, as text.

    Returns
    -------
    CustomerMap
        Labels are the most likely components of the buyers; others are noise. Ellipses are the mixture's own, projected, not those of
        the customers drawn.
    """
    mixture = found.mixture
    plane = principal_plane(mixture.standardised(X))
    labels = np.where(bought, mixture.labels(X), NOISE)
    projected = zip(mixture.arrays["means"], plane.loadings @ mixture.covariance_matrices @ plane.loadings.T, strict=True)
    areas = {
        label: Area(int((labels == label).sum()), plane.loadings @ (mean - plane.centre), covariance)
        for label, (mean, covariance) in enumerate(projected)
    }
    shown = draw_sample(labels, least=_SHOWN_OF_EACH)
    return CustomerMap(customers, plane.places, labels, plane.shares, areas, shown, len(mixture.kept), of_mixture=True)


def _measured(mixture: Mixture, X: np.ndarray, bought: np.ndarray, held_out: np.ndarray, spend: np.ndarray | None) -> tuple[Component, ...]:
    inside = mixture.inside(X)
    own, theirs = bought[held_out], inside[held_out]
    buyers = held_out[own]
    labels = mixture.labels(X[buyers])
    return tuple(
        Component(
            label=label,
            weight=float(mixture.weights[label]),
            share=share_of(int((labels == label).sum()), len(buyers)),
            mean=tuple(mean),
            buyers_inside=share_of(int(theirs[own, label].sum()), len(buyers)),
            near=measure_selection(theirs[:, label], own),
            candidates=int((inside[:, label] & ~bought).sum()),
            spend=None if spend is None else _mean(spend[buyers[labels == label]]),
        )
        for label, mean in enumerate(mixture.means.tolist())
    )


def _mean(values: np.ndarray) -> Estimate:
    if len(values) < 2:
        return Estimate.undefined("Fewer than two of the buyers measured are in this component.")
    mean, error = float(values.mean()), Z_95 * float(values.std(ddof=1)) / len(values) ** 0.5
    return Estimate(mean, mean - error, mean + error, len(values))
