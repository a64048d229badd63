"""Tables that are not granted, from a setting of the server to a table that can be read."""

import time

from playwright.sync_api import expect

from flows_people import Api


def names_of_what_is_not_granted(open_browser):
    admin, analyst = open_browser("admin"), open_browser("analyst")
    page = analyst.page
    analyst.go("/catalog?show=ungranted")
    assert "planes" not in page.locator("main").inner_text()

    admin.go("/admin/server-config?q=ungranted")
    admin.page.get_by_label("Show ungranted tables").select_option("true")
    admin.page.get_by_role("button", name="Save Instance", exact=True).click()
    expect(admin.page.get_by_text("1 setting is saved. No restart is needed.")).to_be_visible()

    analyst.go("/catalog")
    page.get_by_role("link", name="Not granted to you").press("Enter")
    page.get_by_role("searchbox").fill("planes")
    page.get_by_role("searchbox").press("Enter")
    page.wait_for_url("**/catalog?q=planes&show=ungranted")
    expect(page.get_by_role("row")).to_have_count(2)
    page.get_by_role("link", name="Ask for access to planes").press("Enter")
    page.get_by_label("What you need it for").fill("to count seats")
    page.get_by_role("button", name="Ask").click()
    expect(page.get_by_text("The admins have your request")).to_be_visible()
    analyst.visit("/catalog?show=ungranted")
    expect(page.get_by_role("link", name="Asked")).to_be_visible()
    analyst.visit("/catalog?show=ungranted&q=nothing+of+the+kind")

    admin.go("/admin/access-requests")
    admin.page.get_by_role("link", name="Review planes").click()
    admin.page.get_by_role("button", name="Approve").click()
    expect(admin.page.get_by_role("status")).to_be_visible()

    analyst.go("/catalog/planes?view=sample")
    expect(page.get_by_role("table")).to_be_visible()
    # The dashboard says what was read, once that is in the log.
    Api(analyst).post("/api/query", {"sql": "SELECT count(*) FROM planes"})
    for table in ("planes", "flights", "airlines"):
        assert analyst.context.request.get(f"/api/data/{table}/download").ok
    end = time.monotonic() + 20
    while "airlines, flights, planes" not in page.locator("main").inner_text():
        assert time.monotonic() < end, page.locator("main").inner_text()
        analyst.go("/dashboard")
    rows = page.get_by_role("region", name="My last pulls and queries").get_by_role("row")
    expect(rows).to_have_count(3)
    analyst.visit("/dashboard")
    admin.visit("/catalog?show=ungranted")
    expect(admin.page.get_by_text("You may read every table")).to_be_visible()
