"""Gaussian mixtures and mini-batch k-means on the screens: a parameter that is a word, and BIC beside the silhouette."""

import json

import pytest

from segcore.records.grid import point_key


def said(app):
    return "".join(element.value for element in app.markdown)


def choose(app, name):
    app.segmented_control(key="sweep.algorithm").set_value(name).run()
    assert not app.exception
    return app


def test_the_form_offers_the_shapes_as_pills_and_counts_the_points(open_app, small_intake):
    app = choose(open_app("sweep"), "gaussian_mixture")
    pills = app.button_group(key="grid.gaussian_mixture.covariance_type.choice")
    assert pills.options == ["full", "tied", "diag", "spherical"]
    assert "**18 solutions** (number of components 2 to 10; shape full, diag; starts 3)" in said(app)
    pills.set_value(["spherical", "full"]).run()
    app.slider(key="grid.gaussian_mixture.n_components.span").set_range(2, 4).run()
    assert "**6 solutions** (number of components 2 to 4; shape full, spherical; starts 3)" in said(app)


def test_no_shape_at_all_is_said_at_the_field_and_nothing_can_be_run(open_app, small_intake):
    app = choose(open_app("sweep"), "gaussian_mixture")
    app.button_group(key="grid.gaussian_mixture.covariance_type.choice").set_value([]).run()
    assert [error.value for error in app.error] == ["Choose at least one value of shape."]
    assert "Run sweep" not in [button.label for button in app.button]


def test_shapes_are_kept_when_the_page_is_left(open_app, small_intake):
    app = choose(open_app("sweep"), "gaussian_mixture")
    app.button_group(key="grid.gaussian_mixture.covariance_type.choice").set_value(["tied"]).run()
    app.switch_page("pages/features.py").run()
    app.switch_page("pages/sweep.py").run()
    assert "shape tied" in said(app)


def test_mini_batch_k_means_asks_for_its_batch(open_app, small_intake):
    app = choose(open_app("sweep"), "minibatch_kmeans")
    assert "**11 solutions** (number of segments 2 to 12; batch 1024; starts 3), each fitted to **" in said(app)


@pytest.fixture
def mixtures(spec_of, finish):
    return finish(spec_of(algo="gaussian_mixture", axes=("n_components=2,3", "covariance_type=full,diag")))


def test_explore_shows_bic_and_silhouette_first_and_the_rest_to_open(open_app, mixtures, words):
    app = open_app("explore", sweep=mixtures.id)
    assert not app.exception
    titles = [element.value for element in app.markdown if element.value.startswith("**") and element.value.endswith("**")]
    assert titles[:2] == ["**BIC**", "**Silhouette**"]
    assert app.expander[0].label == "Three more measures: AIC, Calinski–Harabasz and Davies–Bouldin"
    assert "BIC is lowest at" in words(app)
    table = app.dataframe[0].value
    assert table["covariance_type"].tolist() == ["full", "diag", "full", "diag"]
    assert table["bic"].notna().all()
    assert "· BIC " in words(app)
    assert "· AIC " in words(app)
    assert "covariance_type" not in words(app)


def test_explore_of_k_means_keeps_its_four_measures(open_app, finished_sweep):
    app = open_app("explore", sweep=finished_sweep.id)
    assert app.expander[0].label == "Two more measures: Calinski–Harabasz and Davies–Bouldin"
    assert "bic" not in app.dataframe[0].value


def test_a_click_in_a_figure_and_a_link_choose_a_point_whose_name_has_a_word(open_app, mixtures):
    app = open_app("explore", sweep=mixtures.id, point="n_components=3,covariance_type=diag")
    assert app.query_params["point"] == point_key({"n_components": 3, "covariance_type": "diag", "n_init": 3})
    event = {"selection": {"points": [{"customdata": 0}], "point_indices": [0], "box": [], "lasso": []}}
    app.session_state[f"figure.bic.{mixtures.id[:12]}"] = event
    app.run()
    assert not app.exception
    assert app.query_params["point"] == point_key({"n_components": 2, "covariance_type": "full", "n_init": 3})


@pytest.mark.parametrize("page", ["segments", "export", "sweep"])
def test_the_other_pages_open_on_a_mixture(open_app, mixtures, page, words):
    app = open_app(page, sweep=mixtures.id, point="n_components=3,covariance_type=diag")
    assert not app.exception
    assert not app.error


def test_the_sweeps_document_has_the_criteria(mixtures):
    from segcore.sweeps.document import sweep_document

    document = json.loads(json.dumps(sweep_document(mixtures, False), allow_nan=False))
    assert all(point["metrics"]["bic"] is not None for point in document["points"])
    assert all(point["scoring_agreement"]["value"] == 1.0 for point in document["points"])
