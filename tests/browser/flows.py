"""What people do, step by step. Each flow gets a function that opens a browser for a person."""

from playwright.sync_api import expect


def sign_in_and_out(open_browser):
    """With the keyboard alone."""
    visitor = open_browser()
    page = visitor.page
    visitor.go("/profile")
    expect(page).to_have_url("/login?next=%2Fprofile")
    person = visitor.job["people"]["analyst"]
    page.get_by_role("link", name="password").focus()
    page.keyboard.press("Enter")
    page.get_by_label("Email").first.focus()
    page.keyboard.type(person["email"])
    page.keyboard.press("Tab")
    page.keyboard.type("wrong words")
    page.keyboard.press("Enter")
    expect(page.get_by_text("Wrong email or password")).to_be_visible()
    # What was typed is still there.
    expect(page.get_by_label("Email").first).to_have_value(person["email"])
    page.get_by_label("Password", exact=True).focus()
    page.keyboard.type(person["password"])
    page.keyboard.press("Enter")
    expect(page).to_have_url("/profile")
    page.get_by_role("button", name="Sign out").focus()
    page.keyboard.press("Enter")
    expect(page).to_have_url("/login")
    visitor.go("/profile")
    expect(page).to_have_url("/login?next=%2Fprofile")


def themes(open_browser):
    """The switch wins over the system, at once and on the next page, without a script too."""
    background = "getComputedStyle(document.body).backgroundColor"
    visitor = open_browser("analyst")
    page = visitor.page
    page.emulate_media(color_scheme="light")
    light = page.evaluate(background)
    page.get_by_role("button", name="Dark").click()
    page.wait_for_function(f"{background} !== {light!r}")
    expect(page.get_by_role("button", name="Dark")).to_have_attribute("aria-pressed", "true")
    visitor.go("/profile")
    assert page.evaluate(background) != light
    page.get_by_role("button", name="As the system").click()
    page.wait_for_function(f"{background} === {light!r}")

    plain = open_browser("analyst", java_script_enabled=False)
    plain.page.get_by_role("button", name="Dark").click()
    expect(plain.page.locator("html")).to_have_attribute("data-theme", "dark")
    expect(plain.page).to_have_url("/dashboard")


def menu_on_a_phone(open_browser):
    visitor = open_browser("analyst")
    page = visitor.page
    page.set_viewport_size({"width": 360, "height": 740})
    menu = page.get_by_role("button", name="Menu")
    profile = page.get_by_role("navigation", name="Main").get_by_role("link", name="Profile")
    expect(profile).to_be_hidden()
    menu.focus()
    page.keyboard.press("Enter")
    expect(profile).to_be_visible()
    page.keyboard.press("Escape")
    expect(profile).to_be_hidden()
    menu.click()
    profile.click()
    expect(page).to_have_url("/profile")


def tokens(open_browser):
    """A token is made, shown once, found and revoked, with the keyboard alone."""
    visitor = open_browser("analyst")
    page = visitor.page
    visitor.go("/tokens")
    expect(page.get_by_text("No tokens yet")).to_be_visible()
    page.get_by_label("Name").focus()
    page.keyboard.type('my <b>"laptop"</b>')
    page.keyboard.press("Enter")
    expect(page.get_by_text("it is not shown again")).to_be_visible()
    token = page.locator(".snippet code").inner_text()
    allowed = visitor.context.request.get("/auth/me", headers={"authorization": f"Bearer {token}"})
    assert allowed.status == 200, allowed.text()
    visitor.go("/tokens?q=LAPTOP&state=active")
    expect(page.get_by_role("row")).to_have_count(2)
    assert token not in page.content()
    visitor.check("light")
    page.get_by_role("button", name="Revoke …").focus()
    page.keyboard.press("Enter")
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text('Revoke the token “my <b>"laptop"</b>”?')
    visitor.check("dark")
    # Nothing is lost by the key that is pressed without reading.
    page.keyboard.press("Enter")
    expect(dialog).to_be_hidden()
    page.get_by_role("button", name="Revoke …").press("Enter")
    dialog.get_by_role("button", name="Revoke").press("Enter")
    expect(page.get_by_text("The token is revoked")).to_be_visible()
    expect(page.get_by_role("cell", name="revoked", exact=True)).to_be_visible()
    refused = visitor.context.request.get("/auth/me", headers={"authorization": f"Bearer {token}"})
    assert refused.status == 401, refused.text()
    # A list that is sorted and filtered is so after reloading, and says when nothing is left.
    page.get_by_label("Any state").select_option("active")
    page.wait_for_url("**/tokens?state=active")
    expect(page.get_by_text("Nothing matches")).to_be_visible()
    page.get_by_role("link", name="Show everything").click()
    page.get_by_role("link", name="Name").click()
    page.wait_for_url("**/tokens?sort=name")
