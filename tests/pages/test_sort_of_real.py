"""A file in the form of Let's Get Sort-of Real, from the upload to key figures and profiles, without a choice on the way."""

from segcore.clustering.algorithms.registry import algorithm
from segcore.records.plan import Plan
from segcore.sweeps.spec import make_spec
from tests.sort_of_real import sort_of_real


def test_an_upload_leads_to_key_figures_and_profiles(open_app, small_intake, store, finish, words):
    app = open_app("data")
    app.segmented_control(key="data.way").set_value("Upload a file").run()
    lines = sort_of_real(600)
    app.file_uploader[0].upload("transactions_200607.csv", lines.to_csv(index=False).encode()).run()
    assert not app.exception and not app.error
    said = words(app).replace("\\", "")
    anonymous = lines[lines["CUST_CODE"] == ""]
    assert f"{len(anonymous):,} rows in {anonymous['BASKET_ID'].nunique()} orders set aside: without CUST_CODE." in said
    assert "that describe the customers: CUST_PRICE_SENSITIVITY and CUST_LIFESTAGE." in said

    taken = app.session_state["segcore.intake"]
    points = algorithm("kmeans").parse_grid(["n_clusters=3", "tol=0.0001", "n_init=3"]).points()
    sweep = finish(make_spec(store, taken.table, taken.data, Plan(("invoices", "total_spend")), algorithm="kmeans", points=points))
    app = open_app("segments", sweep=sweep.id, point="n_clusters=3")
    assert not app.exception
    figures = next(frame.value for frame in app.dataframe if "Units per order" in frame.value)
    known = lines[lines["CUST_CODE"] != ""]
    everyone = figures[figures["Segment"] == "All customers"].iloc[0]
    assert everyone["Orders"].startswith(f"{known['BASKET_ID'].nunique():,} ")
    assert everyone["Units"].startswith(f"{known['QUANTITY'].astype(int).sum():,} ")
    assert any("Rank by index" in frame.value for frame in app.dataframe)
    offered = next(group for group in app.button_group if group.label == "Columns shown").options
    assert {"CUST_PRICE_SENSITIVITY", "BASKET_DOMINANT_MISSION"} <= {option.replace("\\", "") for option in offered}
