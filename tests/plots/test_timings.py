from segcore.plots.timings import describe_timings, draw_timings, timings_data


def result(stock, intel, *, ran="intel"):
    median = sorted(intel)[len(intel) // 2]
    return {
        "engines": {
            "stock": {"seconds": stock, "median_seconds": sorted(stock)[len(stock) // 2], "ran": "stock", "evidence": ""},
            "intel": {"seconds": intel, "median_seconds": median, "ran": ran, "evidence": ""},
        },
        "ratio_to_stock": {"intel": median / sorted(stock)[len(stock) // 2]},
    }


def test_median_and_spread_are_drawn():
    times = timings_data(result([4.0, 5.0, 7.0], [2.0, 2.5, 3.5]))
    bars, runs = draw_timings(times).data
    assert list(bars.x) == [5.0, 2.5]
    assert list(bars.error_x.array) == [2.0, 1.0]
    assert list(bars.error_x.arrayminus) == [1.0, 0.5]
    assert list(runs.x) == [4.0, 5.0, 7.0, 2.0, 2.5, 3.5]
    assert describe_timings(times).startswith("stock: median 5 s over 3 runs, from 4 s to 7 s")


def test_nothing_finished_is_said():
    assert describe_timings(timings_data({"engines": {}})) == "No engine finished."
    assert draw_timings(()).layout.xaxis.title.text == "Time for the whole grid (s)"
