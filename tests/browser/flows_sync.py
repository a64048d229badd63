"""A sync that hangs is cancelled."""

from playwright.sync_api import expect


def cancel_a_sync(open_browser):
    visitor = open_browser("admin")
    page = visitor.page
    visitor.go("/admin/sync")
    page.get_by_role("button", name="Sync what is due").click()
    expect(page.locator("#live").get_by_role("status")).to_contain_text("running the connector slow")
    # Another one waits for it, and is not wanted either.
    page.get_by_role("button", name="Sync what is due").click()
    live = page.locator("#live .panel")
    expect(live).to_have_count(2)
    visitor.visit("/admin/sync")
    ask = page.get_by_role("button", name="Cancel the run")
    ask.first.press("Enter")
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("It has not begun")
    dialog.get_by_role("button", name="Cancel the run").press("Enter")
    expect(page.get_by_text("The run is cancelled.")).to_be_visible()
    expect(live).to_have_count(1)

    ask.first.press("Enter")
    expect(dialog).to_contain_text("running the connector slow")
    # Events of the run leave the question open.
    visitor.check("light")
    visitor.shot("dialog")
    page.keyboard.press("Escape")
    expect(dialog).to_have_count(0)
    ask.first.press("Enter")
    dialog.get_by_role("button", name="Cancel the run").press("Enter")
    expect(page.get_by_text("The run is being cancelled.")).to_be_visible()
    expect(page.get_by_text("Nothing is running")).to_be_visible()
    # Both are in the history.
    expect(page.locator("#history").get_by_text("cancelled", exact=True)).to_have_count(2)
    page.get_by_role("link", name="Details").first.click()
    expect(page.get_by_text("Cancelled by")).to_be_visible()
    visitor.visit(page.url.removeprefix(visitor.job["url"]))
    visitor.visit("/admin/sync")


def sync_as_usual(open_browser):
    visitor = open_browser("admin")
    visitor.go("/admin/sync")
    visitor.page.get_by_role("button", name="Sync what is due").click()
    expect(visitor.page.locator("#history").get_by_text("ok", exact=True).first).to_be_visible()
    expect(visitor.page.locator("#history").get_by_text("cancelled", exact=True)).to_have_count(2)
