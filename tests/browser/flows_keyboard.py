"""What people do, with nothing but a keyboard: each element is reached with the Tab key, and never by a click."""

from playwright.sync_api import expect


class Keys:
    """The keyboard of somebody who has no mouse."""

    def __init__(self, page):
        self.page = page

    def to(self, element):
        """Goes on with the Tab key until it is there."""
        expect(element).to_be_visible()
        for _ in range(300):
            if element.evaluate("element => element === document.activeElement"):
                return
            self.page.keyboard.press("Tab")
        raise AssertionError(f"the Tab key does not lead to {element}")

    def press(self, element, key="Enter"):
        self.to(element)
        self.page.keyboard.press(key)

    def type(self, element, text):
        self.to(element)
        self.page.keyboard.press("Control+A")
        self.page.keyboard.type(text)

    def link(self, name):
        self.press(self.page.get_by_role("navigation", name="Main").get_by_role("link", name=name))

    def button(self, name, key="Enter"):
        self.press(self.page.get_by_role("button", name=name, exact=True), key)


def sign_in(open_browser, person):
    visitor = open_browser()
    page, keys = visitor.page, Keys(visitor.page)
    visitor.go("/login/password")
    known = visitor.job["people"][person]
    keys.type(page.get_by_label("Email").first, known["email"])
    keys.type(page.get_by_label("Password", exact=True), known["password"])
    keys.button("Sign in")
    page.wait_for_url("**/dashboard")
    return visitor, page, keys


def by_keyboard(open_browser):
    analyst, page, keys = sign_in(open_browser, "analyst")
    _, office, admin = sign_in(open_browser, "admin")

    # Asking for a table.
    keys.link("Catalog")
    keys.press(page.get_by_role("link", name="Ask for access").first)
    keys.type(page.get_by_label("Table"), "planes")
    keys.type(page.get_by_label("What you need it for"), "for the fleet report")
    keys.button("Ask")
    expect(page.get_by_role("cell", name="pending")).to_be_visible()

    # Approving it.
    admin.link("Requests")
    admin.press(office.get_by_role("link", name="Review planes"))
    admin.to(office.get_by_label("Grant it to"))
    office.keyboard.type("Analysts")
    admin.button("Approve")
    expect(office.get_by_role("status")).to_contain_text("Approved: planes for")

    # A query of it, with a chart and a download.
    keys.link("Query")
    keys.type(page.get_by_role("textbox", name="Statement"), "SELECT engines, count(*) AS planes FROM planes GROUP BY 1 ORDER BY 1")
    page.keyboard.press("Escape")
    page.keyboard.press("Control+Enter")
    expect(page.get_by_role("status")).to_contain_text("rows")
    keys.button("engines")
    keys.button("Chart")
    expect(page.get_by_role("img", name="planes by engines")).to_be_visible()
    with page.expect_download() as saved:
        keys.button("CSV")
    with open(saved.value.path(), "rb") as file:
        assert file.readline() == b"engines,planes\n"
    keys.button("History")
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)

    # A token, made and revoked.
    keys.link("My tokens")
    keys.type(page.get_by_label("Name"), "laptop")
    keys.button("Create")
    expect(page.get_by_text("it is not shown again")).to_be_visible()
    keys.button("Revoke …")
    keys.press(page.get_by_role("dialog").get_by_role("button", name="Revoke"))
    expect(page.get_by_text("The token is revoked")).to_be_visible()

    # A group, its member, and what it may read.
    admin.link("Groups")
    admin.button("New group")
    admin.type(office.get_by_role("dialog").get_by_label("Name", exact=True), "Meteorologists")
    admin.button("Add")
    admin.type(office.get_by_label("Add a member"), analyst.job["people"]["analyst"]["email"])
    office.keyboard.press("Enter")
    expect(office.get_by_role("status")).to_have_text("The member is added.")
    admin.press(office.get_by_role("link", name="Grant resources"))
    admin.press(office.get_by_label("weather", exact=True), "Space")
    admin.button("Save 1 change")
    expect(office.get_by_role("status")).to_have_text("1 granted.")
    keys.link("Catalog")
    expect(page.get_by_role("link", name="weather", exact=True)).to_be_visible()

    # A sync, followed to its end.
    admin.link("Sync")
    admin.button("Sync what is due")
    expect(office.locator("#history tbody tr").first).to_contain_text("ok", timeout=60_000)

    # A setting.
    admin.link("Settings")
    admin.type(office.get_by_label("Name", exact=True), "Acme data")
    office.keyboard.press("Enter")
    expect(office.get_by_role("banner")).to_contain_text("Acme data")

    keys.button("Sign out")
    expect(page).to_have_url("/login")
