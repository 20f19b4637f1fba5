"""Figures of the evidence: silhouettes of customers, moves between solutions, stability of segments."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import silhouette_samples

from segcore.plots.evidence import silhouette_bars as bars_module
from segcore.plots.evidence.moves import describe_moves, draw_move_tree, move_tree, path_positions
from segcore.plots.evidence.silhouette_bars import describe_silhouettes, draw_silhouettes, silhouette_bars
from segcore.plots.evidence.stability_strip import describe_stability, stability_map_data
from segcore.records.evidence import PointEvidence, SegmentStability, Stability, SweepEvidence
from segcore.records.solution import Solution
from tests.examples import few
from tests.plots.conftest import sweep_of


def solutions_of(*labellings):
    return [
        Solution.from_labels(
            np.array(labels), params={"n_clusters": len(set(labels) - {-1}), "tol": 1e-4}, engine="stock", evidence="", seed=0
        )
        for labels in labellings
    ]


class TestSilhouettes:
    @settings(max_examples=few(60), deadline=None)
    @given(st.integers(0, 1000), st.integers(2, 5), st.booleans())
    def test_they_are_scikit_learn_s(self, seed, n_segments, with_noise):
        rng = np.random.default_rng(seed)
        X, labels = rng.normal(size=(60, 3)) + 100.0, np.arange(60) % n_segments
        if with_noise:
            labels[::7] = -1
        kept = labels >= 0
        expected = silhouette_samples(X[kept], labels[kept])
        found = silhouette_bars(X, labels, {})
        for segment in found:
            own = np.sort(expected[labels[kept] == segment.label])[::-1]
            assert segment.values == pytest.approx(own, abs=1e-6)
            assert segment.share == np.mean(labels[kept] == segment.label)

    def test_of_many_customers_a_sample_is_measured_against_all(self, monkeypatch):
        monkeypatch.setattr(bars_module, "MOST_CUSTOMERS", 50)
        rng = np.random.default_rng(0)
        X = np.vstack([rng.normal(size=(900, 2)), rng.normal(size=(100, 2)) + 6])
        labels = np.repeat([0, 1], [900, 100])
        large, small = silhouette_bars(X, labels, {})
        assert (len(large.values), len(small.values)) == (45, 10)
        exact = set(silhouette_samples(X, labels).round(6))
        assert set(np.round(large.values, 6)) <= exact
        assert "Drawn from a sample of 55 customers." in describe_silhouettes((large, small), n_customers=1000)

    def test_segments_are_as_wide_as_they_are_large_and_named(self):
        found = silhouette_bars(np.array([[0.0], [0.1], [0.2], [9.0]]), np.array([0, 0, 0, 1]), {1: "Far"})
        figure = draw_silhouettes(found, mean=0.7)
        assert [trace.name for trace in figure.data] == ["Segment 0", "Far"]
        assert [trace.width for trace in figure.data] == [25.0, 25.0]
        assert figure.data[1].x == (87.5,)
        assert figure.data[1].y == (0.0,), "a customer alone has silhouette 0"
        colours = [trace.marker.color for trace in figure.data]
        kept = silhouette_bars(np.array([[0.0], [0.1], [0.2], [9.0]]), np.array([0, 0, 0, 1]), {}, kept_colours={0: 1, 1: 0})
        swapped = draw_silhouettes(kept, mean=None).data
        assert [trace.marker.color for trace in swapped] == colours[::-1] and len(set(colours)) == 2
        assert "“Segment 0” is set apart best" in describe_silhouettes(found, n_customers=4)

    @pytest.mark.parametrize("labels", [[0, 0, 0], [-1, -1, 0], [-1, -1, -1]])
    def test_fewer_than_two_segments_have_none(self, labels):
        assert silhouette_bars(np.zeros((3, 1)), np.array(labels), {}) == ()


class TestMoves:
    def test_lines_are_the_customers_that_segments_share(self):
        labels = {0: np.repeat([0, 1], [60, 40]), 1: np.repeat([2, 0, 1], [60, 10, 30])}
        sweep = sweep_of("kmeans", solutions_of(*labels.values()))
        tree = move_tree(sweep, labels)
        named = {(tree.nodes[move.above].label, tree.nodes[move.below].label): move.customers for move in tree.moves}
        assert named == {(0, 2): 60, (1, 0): 10, (1, 1): 30}
        assert sum(node.customers for node in tree.nodes) == 200
        xs = {(node.position, node.label): node.x for node in tree.nodes}
        assert (xs[0, 0] < xs[0, 1]) == (xs[1, 2] < min(xs[1, 0], xs[1, 1])), "lines do not cross"
        assert describe_moves(sweep, tree).endswith("Here segments only split.")
        figure = draw_move_tree(tree, chosen=1)
        assert set(figure.data[-1].customdata) == {0, 1}

    def test_small_moves_are_left_out(self):
        labels = {0: np.repeat([0, 1], [50, 50]), 1: np.r_[np.repeat(0, 53), np.repeat(1, 47)]}
        tree = move_tree(sweep_of("kmeans", solutions_of(*labels.values()), points=POINTS[:2]), labels)
        assert {move.customers for move in tree.moves} == {50, 47}

    def test_where_the_most_customers_move_is_told(self):
        labels = {0: np.repeat([0, 1], [50, 50]), 1: np.tile([0, 1, 2, 2], 25)}
        sweep = sweep_of("kmeans", solutions_of(*labels.values()))
        words = describe_moves(sweep, move_tree(sweep, labels))
        assert "The most customers move between " in words and ": 48 % come from another segment than most customers of their new" in words

    def test_noise_is_no_segment(self):
        labels = {0: np.array([0, 0, -1, 1]), 1: np.array([0, -1, 1, 2])}
        tree = move_tree(sweep_of("kmeans", solutions_of(*labels.values())), labels)
        assert {node.label for node in tree.nodes} == {0, 1, 2}
        assert sum(move.customers for move in tree.moves) == 2

    def test_the_path_goes_through_the_solutions_that_differ_in_size_alone(self):
        points = [{"n_clusters": k, "tol": tol} for tol in (1e-3, 1e-4) for k in (4, 2, 3)]
        found = [
            Solution.from_labels(np.arange(12) % point["n_clusters"], params=point, engine="stock", evidence="", seed=0) for point in points
        ]
        sweep = sweep_of("kmeans", found, points=points)
        assert path_positions(sweep, 4) == [4, 5, 3]

    @pytest.mark.parametrize("algorithm", ["dbscan", "kmeans"])
    def test_one_number_of_segments_has_no_path(self, algorithm):
        points = [{"eps": 0.5, "min_samples": 5}] if algorithm == "dbscan" else [{"n_clusters": 2, "tol": 1e-4}]
        found = [Solution.from_labels(np.array([0, 1]), params=points[0], engine="stock", evidence="", seed=0)]
        assert path_positions(sweep_of(algorithm, found, points=points), 0) == []


POINTS = [{"n_clusters": k, "tol": 1e-4} for k in (2, 3, 4)]


class TestStability:
    def test_the_strip_has_each_segment_by_size(self):
        sweep = sweep_of("kmeans", solutions_of([0, 1, 1, 1], [0, 1, 2, 2]))

        def steady(*values):
            segments = {label: SegmentStability(value, value, value, 0.0, 1.0) for label, value in enumerate(values)}
            return PointEvidence(stability=Stability(segments, 50, "boot"))

        evidence = SweepEvidence(points=(steady(0.5, 0.9), steady(0.7, 0.8, 0.6)), placebos=19, resamples=50)
        sweep.summary["evidence"] = evidence.to_json()
        data = stability_map_data(sweep)
        assert {(cell.mark, cell.row): cell.value for cell in data.cells} == {
            (0, "1"): 0.9,
            (0, "2"): 0.5,
            (1, "1"): 0.6,
            (1, "2"): 0.7,
            (1, "3"): 0.8,
        }
        assert "is most stable, 0.60, at 3 segments" in describe_stability(sweep)
        assert "random half" not in describe_stability(sweep)

    def test_that_halves_were_drawn_of_many_customers_is_told(self):
        sweep = sweep_of("kmeans", solutions_of([0, 1, 1, 1]))
        steady = Stability({label: SegmentStability(0.8, 0.8, 0.8, 0.0, 1.0) for label in (0, 1)}, 50, "subset")
        sweep.summary["evidence"] = SweepEvidence(points=(PointEvidence(stability=steady),), resamples=50).to_json()
        assert "Each is a random half, at most 20,000" in describe_stability(sweep)

    def test_before_it_is_measured_there_is_none(self):
        assert stability_map_data(sweep_of("kmeans", solutions_of([0, 1, 1, 1]))) is None
