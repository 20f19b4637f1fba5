"""Data, sweep and solution are in the address and named in the sidebar, whatever other tabs do."""

import pytest

from segcore.intake.remembered import data_key
from segcore.intake.take_in import take_in
from segcore.records.intake import DataRequest

OTHER = "".join(f"x{n % 20:02d},2024-{n % 12 + 1:02d}-{n % 28 + 1:02d},{n}.5,o{n}\n" for n in range(200))


@pytest.fixture
def other(tmp_path):
    path = tmp_path / "other.csv"
    path.write_text(f"customer,date,amount,order\n{OTHER}")
    return path


def load(app, path):
    app.switch_page("pages/data.py").run()
    app.segmented_control(key="data.way").set_value("A file on this machine").run()
    app.text_input(key="data.path_text").set_value(str(path))
    next(button for button in app.button if button.label == "Load").click().run()
    assert not app.exception
    return app


def shown(app):
    return app.session_state["segcore.intake"].data["name"]


def where(app):
    """Return what the sidebar says is shown."""
    return [text.value.partition(": ")[2] for text in app.sidebar.markdown if text.value.startswith(":material/")]


def reload(app, open_app, page="home"):
    """Open the address of a session in a new one."""
    return open_app(page, **{name: value[0] if isinstance(value, list) else value for name, value in app.query_params.items()})


@pytest.mark.parametrize("page", ["home", "data", "features", "sweep", "explore"])
def test_a_reload_shows_the_same_data_after_another_tab_has_loaded_others(open_app, small_intake, other, page):
    first = open_app(page)
    assert where(first)[0] == "orders.csv"
    second = load(open_app(), other)
    assert (shown(second), where(second)[0]) == ("other.csv", "other.csv")

    again = reload(first, open_app, page)

    assert not again.exception
    assert (shown(again), where(again)[0]) == ("orders.csv", "orders.csv")
    assert shown(reload(second, open_app, page)) == "other.csv"


def test_a_link_shows_the_data_as_they_were_when_their_file_has_changed_or_gone(open_app, small_intake, other):
    app = load(open_app(), other)
    customers = app.session_state["segcore.intake"].n_customers
    other.write_text(f"customer,date,amount,order\n{OTHER[: len(OTHER) // 40]}")
    assert reload(app, open_app).session_state["segcore.intake"].n_customers == customers
    other.unlink()
    assert reload(app, open_app, "features").session_state["segcore.intake"].n_customers == customers


def test_a_link_to_data_that_are_not_there_shows_no_others(open_app, small_intake, words):
    app = open_app("features", data="0123456789abcdef")
    assert "The data in the link, '0123456789abcdef', are not in this store: choose data." in words(app)
    assert "segcore.intake" not in app.session_state
    assert [link.proto.label for link in app.main.get("page_link")] == ["Choose data"]
    assert where(app) == ["No data yet"]


def test_loading_other_data_leaves_the_sweep_of_the_first_behind(open_app, finished_sweep, other, words):
    app = open_app("explore", sweep=finished_sweep.id)
    assert where(app)[0] == "orders.csv" and len(where(app)) == 3
    load(app, other)
    assert where(app) == ["other.csv", "No sweep of these data yet"]
    assert "sweep" not in app.query_params
    app.switch_page("pages/explore.py").run()
    assert "There is no sweep of other.csv yet" in words(app)


def test_a_link_to_a_sweep_shows_its_data(open_app, small_intake, finished_sweep, other, store):
    app = load(open_app(), other)
    app.query_params["sweep"] = finished_sweep.id[:16]
    app.switch_page("pages/explore.py").run()
    assert not app.exception
    assert shown(app) == "orders.csv"
    assert where(app)[0] == "orders.csv"


def test_a_sweep_of_data_that_are_lost_is_shown_under_its_own_name(open_app, finished_sweep, store, other):
    spec = finished_sweep.spec
    store.put_intake(f"data:{data_key(spec.table, spec.data)}", {"request": {"data": "x"}, "intake": lost_record(store, other)})
    app = open_app("explore", sweep=finished_sweep.id)
    assert not app.exception and app.title[0].value == "Explore"
    assert where(app)[0] == "orders.csv"


def lost_record(store, other):
    taken = take_in(store, DataRequest(str(other)))
    return {**taken.to_json(), "table": "0" * 64 + ".json"}


def test_the_sidebar_names_the_sweep_and_the_chosen_solution(open_app, finished_sweep, store):
    app = open_app("segments", sweep=finished_sweep.id, point="n_clusters=3")
    assert where(app) == ["orders.csv", "k-means, 2 to 4 segments · Behaviour", "3 segments"]
    assert set(app.query_params) == {"data", "sweep", "point"}
    store.name_sweep(finished_sweep.id, "Spring *sale*")
    app.run()
    assert where(app)[1] == r"Spring \*sale\*"


def test_every_page_keeps_data_sweep_and_solution_in_the_address(open_app, finished_sweep):
    app = open_app("explore", sweep=finished_sweep.id, point="n_clusters=3")
    wanted = {name: app.query_params[name] for name in ("data", "sweep", "point")}
    for page in ("home", "data", "features", "sweep", "segments", "export"):
        for name in list(app.query_params):  # as a click in the navigation does
            del app.query_params[name]
        app.switch_page(f"pages/{page}.py").run()
        assert not app.exception
        assert {name: app.query_params[name] for name in ("data", "sweep", "point")} == wanted, page
