"""The settings of the server, as an admin changes them."""

from playwright.sync_api import expect

PATH = "/admin/server-config"


def save(page, section):
    page.get_by_role("button", name=f"Save {section}", exact=True).click()


def change_settings(open_browser):
    """Only what was changed is saved, it shows on the next page, and it can be taken back."""
    visitor = open_browser("admin")
    page = visitor.page
    visitor.go(PATH)
    for absent in ("Email", "Telegram", "Jira", "Corporate memory", "Materialize"):
        expect(page.get_by_role("heading", name=absent)).to_have_count(0)
    page.get_by_role("navigation", name="Sections").get_by_role("link", name="Theme").click()
    expect(page).to_have_url(f"{PATH}#theme")
    # Nothing that is only looked at changes.
    save(page, "OpenMetadata")
    expect(page.get_by_text("Nothing was changed.")).to_be_visible()
    name = page.get_by_label("Name", exact=True)
    before = page.get_by_role("banner").get_by_role("strong").first.inner_text()
    name.fill('Größe <b>"1"</b>')
    name.press("Enter")
    expect(page.get_by_text("1 setting is saved. No restart is needed.")).to_be_visible()
    expect(page.get_by_role("banner")).to_contain_text('Größe <b>"1"</b>')
    stored = visitor.context.request.get("/api/admin/server-config").json()
    assert stored["sections"]["openmetadata"] == {} and stored["sections"]["theme"] == {}, stored
    visitor.check("light")
    page.get_by_label("Back to").check()
    save(page, "Instance")
    expect(page.get_by_role("banner")).to_contain_text(before)
    expect(page.get_by_label("Back to")).to_have_count(0)


def settings_that_wait(open_browser):
    """Secrets stay here, wrong values are shown at their field, and a restart is named."""
    visitor = open_browser("admin")
    page = visitor.page
    visitor.go(f"{PATH}?q=openmetadata")
    expect(page.get_by_role("button", name="Save")).to_have_count(1)
    expect(page.get_by_role("option", name="default: true")).to_have_count(1)
    page.get_by_label("Token", exact=True).fill("a-secret-token")
    page.get_by_label("Cache TTL seconds").fill("soon")
    save(page, "OpenMetadata")
    expect(page.get_by_text("Must be a whole number.")).to_be_visible()
    expect(page.get_by_label("Cache TTL seconds")).to_have_value("soon")
    assert "a-secret-token" not in page.content()
    visitor.check("dark")
    page.get_by_label("Cache TTL seconds").fill("60")
    page.get_by_label("Token", exact=True).fill("a-secret-token")
    page.get_by_label("Tables", exact=True).fill("orders: shop.public.orders\nflights: a.b")
    save(page, "OpenMetadata")
    expect(page.get_by_role("status")).to_contain_text("Restart the server: it sets up OpenMetadata when it starts.")
    expect(page.get_by_label("Token", exact=True)).to_have_attribute("placeholder", "Set; type to replace it")
    assert "a-secret-token" not in page.content()
    page.get_by_label("Tables", exact=True).fill("orders: shop.public.orders")
    save(page, "OpenMetadata")
    stored = visitor.context.request.get("/api/admin/server-config").json()
    expected = {"token": "***", "cache_ttl_seconds": 60, "tables": {"orders": "shop.public.orders"}}
    assert stored["sections"]["openmetadata"] == expected, stored
    assert stored["restart_pending"], stored
    visitor.shot("waiting")
    # Somebody else is faster.
    visitor.context.request.post(PATH, form={"section": "openmetadata", "reset:/openmetadata/cache_ttl_seconds": "1"})
    page.get_by_label("Cache TTL seconds").fill("70")
    save(page, "OpenMetadata")
    expect(page.get_by_text("It was changed in the meantime")).to_be_visible()
    for key in ("token", "tables"):
        visitor.context.request.post(PATH, form={"section": "openmetadata", f"reset:/openmetadata/{key}": "1"})
    stored = visitor.context.request.get("/api/admin/server-config").json()
    assert stored["sections"]["openmetadata"] == {} and stored["restart_pending"] == [], stored


def dangerous_settings(open_browser):
    """Who may sign in is asked for twice, with and without scripts."""
    for script in (True, False):
        visitor = open_browser("admin", java_script_enabled=script)
        page = visitor.page
        visitor.go(PATH)
        page.get_by_label("Allowed domain", exact=True).fill("example.com")
        save(page, "Auth")
        dialog = page.get_by_role("dialog")
        expect(dialog.get_by_role("cell", name="auth.allowed_domain")).to_be_visible()
        expect(dialog.get_by_role("row").nth(1)).to_contain_text("not set")
        expect(dialog.get_by_role("row").nth(1)).to_contain_text("example.com")
        if script:
            visitor.check("light")
            visitor.shot("dialog")
        dialog.get_by_role("button", name="Cancel").click()
        expect(dialog).to_be_hidden()
        # What was typed is still there, and nothing was saved.
        stored = visitor.context.request.get("/api/admin/server-config").json()
        assert stored["sections"]["auth"] == {}, stored
        save(page, "Auth")
        dialog.get_by_role("button", name="Save anyway").click()
        expect(page.get_by_text("1 setting is saved.")).to_be_visible()
        page.get_by_label("Remove").check()
        save(page, "Auth")
        dialog.get_by_role("button", name="Save anyway").click()
        expect(page.get_by_label("Allowed domain", exact=True)).to_have_value("")
