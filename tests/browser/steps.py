"""What an analyst does on any screen, as steps of the browser tests."""

from playwright.sync_api import expect

LONG = 120_000  # milliseconds that something may take on a busy machine


def sidebar(page):
    return page.get_by_test_id("stSidebar")


def go(page, settle, title):
    sidebar(page).get_by_test_id("stSidebarNavLink").filter(has_text=title).click()
    expect(page.get_by_role("heading", name=title, exact=True, level=1)).to_be_visible(timeout=LONG)
    settle(page)


def wait_for_sample(page, settle):
    expect(page.get_by_role("heading", name="Loaded: The Complete Journey")).to_be_visible(timeout=LONG)
    settle(page)


def start_sweep(page, settle):
    expect(page.get_by_role("heading", name="Sweep", exact=True, level=1)).to_be_visible(timeout=LONG)
    settle(page)
    page.get_by_role("button", name="Run sweep").click(timeout=LONG)


def open_results(page, settle):
    """Come to Explore after a sweep was started: by itself if it was quick, else with the button."""
    opened = page.get_by_role("heading", name="Explore", exact=True, level=1)
    button = page.get_by_role("button", name="Explore the results")
    expect(opened.or_(button)).to_be_visible(timeout=LONG)
    if button.is_visible():
        button.click(timeout=LONG)
    expect(opened).to_be_visible(timeout=LONG)
    settle(page)


def click_plot_point(page, plot, number):
    """Click the point of a plot as a person does: on its pixel, because Plotly listens on a layer above."""
    marker = plot.locator(".scatterlayer .trace").first.locator(".points path").nth(number)
    marker.wait_for()
    plot.scroll_into_view_if_needed()
    page.wait_for_timeout(300)
    box = marker.bounding_box()
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    page.mouse.move(x, y)
    page.wait_for_timeout(200)
    page.mouse.click(x, y)


def lasso_left_half(page, plot):
    """Drag around the left half of a plot."""
    area = plot.locator(".nsewdrag").first
    area.wait_for(timeout=LONG)
    plot.scroll_into_view_if_needed()
    page.wait_for_timeout(500)
    box = area.bounding_box()
    left, top, middle, bottom = box["x"] + 2, box["y"] + 2, box["x"] + box["width"] / 2, box["y"] + box["height"] - 2
    page.mouse.move(left, top)
    page.mouse.down()
    for x, y in ((middle, top), (middle, bottom), (left, bottom), (left, top + 1)):
        page.mouse.move(x, y, steps=4)
    page.mouse.up()


def metric(page, label):
    return page.get_by_test_id("stMetric").filter(has_text=label).first.get_by_test_id("stMetricValue")


def downloaded(page, name):
    with page.expect_download(timeout=LONG) as waiting:
        page.get_by_role("button", name=name).click()
    return waiting.value.path().read_bytes()


def upload(page, settle, *files):
    """Choose a file, or ``{"name": …, "mimeType": …, "buffer": …}``, on the Data screen, which loads it."""
    main = page.get_by_test_id("stMain")
    field = page.locator("[class*='st-key-data-upload'] input[type=file]")  # others are for second tables
    if not field.count():
        main.get_by_text("Upload a file").first.click()
        settle(page)
    [file] = files
    field.set_input_files(file)
