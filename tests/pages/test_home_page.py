"""The landing page."""


def test_it_says_what_is_loaded_and_leads_to_the_sweep(open_app, small_intake, words):
    app = open_app()
    assert {metric.label: metric.value for metric in app.metric} == {
        "Customers": "45",
        "Rows used": f"{small_intake.rows_used:,}",
        "Period": "6 Jan 2023 – 26 Oct 2023",
        "Net revenue": f"{round(small_intake.total_revenue):,}",
    }
    assert "5 features ticked" in words(app)
    app.button(key="home.next").click().run()
    assert not app.exception
    assert app.title[0].value == "Sweep"


def test_after_a_sweep_it_leads_to_the_results(open_app, finished_sweep, words):
    app = open_app()
    assert app.button(key="home.next").label == "Explore the results"
    app.button(key="home.next").click().run()
    assert not app.exception
    assert app.title[0].value == "Explore"
