"""What people do, step by step. Each flow gets a function that opens a browser for a person."""

import re

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


def catalog(open_browser):
    """From a search to the profile of a table, with the keyboard, and what is not granted stays unknown."""
    visitor = open_browser("analyst")
    page = visitor.page
    visitor.go("/catalog")
    # The header and the two tables that are granted.
    expect(page.get_by_role("row")).to_have_count(3)
    page.keyboard.press("/")
    page.keyboard.type("carier name")
    page.keyboard.press("Enter")
    page.wait_for_url("**/catalog?q=carier+name")
    page.get_by_role("link", name="airlines").focus()
    page.keyboard.press("Enter")
    page.wait_for_url("**/catalog/airlines")
    for view in ("Columns", "Profile", "Sample"):
        page.get_by_role("navigation", name="Parts of the table").get_by_role("link", name=view).press("Enter")
        page.wait_for_url(f"**/catalog/airlines?view={view.lower()}")
    expect(page.get_by_text("Endeavor Air Inc.")).to_be_visible()
    for secret in ("/catalog", "/catalog?q=planes", "/dashboard", "/catalog/flights"):
        visitor.go(secret)
        text = page.locator("main").inner_text()
        # The words of the search itself are in its field.
        assert "planes" not in text and "weather" not in text, text
    visitor.go("/catalog/planes")
    known = page.locator("main").inner_text()
    visitor.go("/catalog/no_such_table")
    assert page.locator("main").inner_text() == known.replace("planes", "no_such_table")


def ask_for_access(open_browser):
    visitor = open_browser("analyst")
    page = visitor.page
    visitor.go("/catalog/planes")
    page.get_by_role("link", name="Ask for access").press("Enter")
    expect(page.get_by_label("Table")).to_have_value("planes")
    page.get_by_label("What you need it for").fill('to <i>count</i> "them"')
    page.get_by_label("What you need it for").press("Enter")
    expect(page.get_by_text("The admins have your request")).to_be_visible()
    expect(page.get_by_role("cell", name='to <i>count</i> "them"')).to_be_visible()
    visitor.check("light")
    # Twice is once.
    visitor.go("/access-requests?table_id=planes")
    page.get_by_role("button", name="Ask").click()
    expect(page.get_by_role("alert")).to_be_visible()
    visitor.go("/dashboard")
    expect(page.get_by_text("1 pending")).to_be_visible()


def connect_an_agent(open_browser):
    """The script has a token that works."""
    visitor = open_browser("analyst")
    page = visitor.page
    visitor.go("/setup")
    page.get_by_role("button", name="Make the script").press("Enter")
    script = page.locator("pre.script").inner_text()
    visitor.check("dark")
    token = next(line.split()[1] for line in script.splitlines() if line.startswith("Token:"))
    mine = visitor.context.request.get("/api/v2/catalog", headers={"authorization": f"Bearer {token}"})
    assert mine.status == 200 and len(mine.json()["tables"]) == 2, mine.text()
    visitor.go("/tokens")
    expect(page.get_by_role("cell", name="Agent —")).to_be_visible()


def query(open_browser):
    """A statement is completed, run, sorted, charted, saved and opened again; with the keyboard as far as it matters."""
    visitor = open_browser("analyst")
    page = visitor.page
    visitor.go("/query")
    area = page.get_by_role("textbox", name="Statement")
    area.focus()
    page.keyboard.type("SELECT carr")
    # A column is known once its table is named.
    completions = page.get_by_role("listbox", name="Completions").get_by_role("option")
    expect(completions).to_have_count(0)
    page.keyboard.type(" FROM fli")
    expect(completions.filter(has_text="flights")).to_be_visible()
    visitor.check("light")
    page.keyboard.press("Enter")
    expect(area).to_have_value("SELECT carr FROM flights")
    for _ in range(len(" FROM flights")):
        page.keyboard.press("ArrowLeft")
    page.keyboard.press("Control+Space")
    expect(completions.filter(has_text="carrier")).to_be_visible()
    page.keyboard.press("Tab")
    expect(area).to_have_value("SELECT carrier FROM flights")

    area.fill("SELECT flight_date, count(*) AS flights, max(9007199254740993) AS big FROM flights GROUP BY ALL ORDER BY 1")
    page.keyboard.press("Control+Enter")
    expect(page.get_by_role("status")).to_contain_text("59 rows")
    # No digit is lost.
    expect(page.get_by_role("cell", name="9007199254740993").first).to_be_visible()
    expect(page.get_by_role("row").nth(1)).to_contain_text("2013-01-01")
    page.get_by_role("button", name="flight_date").press("Enter")
    page.get_by_role("button", name="flight_date").press("Enter")
    expect(page.get_by_role("columnheader", name="flight_date")).to_have_attribute("aria-sort", "descending")
    visitor.check("dark")
    page.get_by_role("button", name="Chart").press("Enter")
    expect(page.get_by_role("img", name="flights by flight_date, 59 values")).to_be_visible()
    expect(page.get_by_label("Kind")).to_have_value("line")
    visitor.check("light")
    visitor.shot("chart")
    for kind, head in (("CSV", b"flight_date,flights,big"), ("Parquet", b"PAR1")):
        with page.expect_download() as saved:
            page.get_by_role("button", name=kind).press("Enter")
        with open(saved.value.path(), "rb") as file:
            assert file.read(len(head)) == head
    address = page.url
    visitor.go("/query")
    page.get_by_role("button", name="History").press("Enter")
    page.get_by_role("dialog").get_by_role("button", name="SELECT flight_date").press("Enter")
    expect(area).to_have_value("SELECT flight_date, count(*) AS flights, max(9007199254740993) AS big FROM flights GROUP BY ALL ORDER BY 1")
    page.goto(address)
    expect(area).to_have_value("SELECT flight_date, count(*) AS flights, max(9007199254740993) AS big FROM flights GROUP BY ALL ORDER BY 1")

    # Markup stays text, and what fails says why.
    area.fill("SELECT '<img src=x onerror=alert(1)>' AS \"<b>x</b>\", NULL AS n")
    page.keyboard.press("Control+Enter")
    expect(page.get_by_role("cell", name="<img src=x onerror=alert(1)>")).to_be_visible()
    expect(page.get_by_role("cell", name="NULL")).to_be_visible()
    visitor.expected = {400, 403}
    for statement, reason in (("SELECT * FROM planes", "planes"), ("SELECT", "")):
        area.fill(statement)
        page.keyboard.press("Control+Enter")
        expect(page.get_by_role("alert")).to_contain_text(reason)
    visitor.expected = set()

    # A hundred thousand rows scroll and sort.
    page.get_by_label("Rows").select_option("100000")
    area.fill("SELECT range AS n, hash(range) AS h FROM range(100000)")
    page.keyboard.press("Control+Enter")
    expect(page.get_by_role("status")).to_contain_text("100,000 rows", timeout=20_000)
    assert page.locator("[data-grid] tr").count() < 200
    took = page.evaluate("""async () => {
        const frame = document.querySelector("[data-grid]");
        const steps = [];
        for (let step = 1; step <= 20; step++) {
            const begun = performance.now();
            frame.scrollTop = frame.scrollHeight * step / 20;
            await new Promise(requestAnimationFrame);
            steps.push(performance.now() - begun);
        }
        return steps.sort((one, other) => one - other)[2];
    }""")
    # The quick ones count: others may use the machine.
    assert took < 100, f"{took} ms for a step"
    expect(page.get_by_role("row").last).to_contain_text("99999")


def query_is_cancelled(open_browser):
    visitor = open_browser("analyst")
    page = visitor.page
    visitor.go("/query")
    area = page.get_by_role("textbox", name="Statement")
    area.fill("SELECT count(*) FROM range(100000000000) a, range(1000) b WHERE a.range % 7 = b.range")
    page.keyboard.press("Control+Enter")
    page.get_by_role("button", name="Cancel").click()
    expect(page.get_by_role("status")).to_have_text("Cancelled")
    # The next one does not wait for it.
    area.fill("SELECT 42 AS answer")
    page.keyboard.press("Control+Enter")
    expect(page.get_by_role("cell", name="42")).to_be_visible()


def query_without_a_script(open_browser):
    visitor = open_browser("analyst", java_script_enabled=False)
    page = visitor.page
    visitor.go("/query?sql=SELECT+name+FROM+airlines+ORDER+BY+1")
    page.get_by_role("button", name="Run").click()
    expect(page.get_by_role("cell", name="Endeavor Air Inc.")).to_be_visible()
    page.get_by_label("Statement").fill("SELECT * FROM planes")
    page.get_by_role("button", name="Run").click()
    expect(page.get_by_role("alert")).to_contain_text("planes")
    expect(page.get_by_label("Statement")).to_have_value("SELECT * FROM planes")


def first_run(open_browser):
    """From an empty data directory to the first account, with the keyboard alone."""
    visitor = open_browser()
    page = visitor.page
    visitor.go("/")
    expect(page).to_have_url("/first-time-setup")
    visitor.check("light")
    visitor.check("dark")
    visitor.shot("light")
    page.get_by_label("Email").focus()
    page.keyboard.type("founder@example.com")
    page.keyboard.press("Tab")
    page.keyboard.type("Fay <b>Founder</b>")
    page.keyboard.press("Tab")
    page.keyboard.type("nine lazy otters dance")
    page.keyboard.press("Tab")
    page.keyboard.type("nine lazy otters dance!")
    page.keyboard.press("Enter")
    expect(page.get_by_text("Passwords do not match")).to_be_visible()
    # Passwords do not come back; the rest does.
    expect(page.get_by_label("Email")).to_have_value("founder@example.com")
    for label in ("Password", "Password again"):
        page.get_by_label(label, exact=True).fill("nine lazy otters dance")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="2. Bring data")).to_be_visible()
    visitor.check("light")
    visitor.shot("steps")
    # It can be left, and is the account's own from now on.
    visitor.go("/dashboard")
    expect(page.get_by_role("heading", name="Hello, Fay <b>Founder</b>")).to_be_visible()
    stranger = open_browser()
    stranger.go("/first-time-setup")
    expect(stranger.page).to_have_url("/login")


def prompts(open_browser):
    """A template is previewed while it is typed, refused if it does not work, saved, seen by others, and reset."""
    visitor = open_browser("admin")
    page = visitor.page
    visitor.go("/admin/agent-prompt")
    area = page.get_by_role("textbox", name="Template")
    rendered = page.locator("[data-rendered]")
    expect(rendered).to_contain_text("1) Install the CLI")
    visitor.expected = {400}
    area.fill("Hello {{ user.name }}, {{ nothing.of.the.kind }}")
    expect(page.get_by_role("alert")).to_contain_text("Template invalid")
    page.get_by_role("button", name="Save").press("Enter")
    expect(page.get_by_role("alert").first).to_contain_text("Template invalid")
    area = page.get_by_role("textbox", name="Template")
    area.fill("Hello <b>{{ user.email if user else 'you' }}</b>, from {{ instance.name }}: {server_url} {token}")
    expect(rendered).to_contain_text("Hello <b>admin@example.com</b>")
    # The page has asked for a preview of the refused text, too.
    visitor.expected = set()
    visitor.check("dark")
    page.get_by_role("button", name="Save").press("Enter")
    expect(page.get_by_text("The prompt is saved")).to_be_visible()
    analyst = open_browser("analyst")
    analyst.go("/setup")
    analyst.page.get_by_role("button", name="Make the script").click()
    expect(analyst.page.locator("pre.script")).to_contain_text("Hello <b>ann@example.com</b>")
    page.get_by_role("button", name="Reset …").press("Enter")
    page.get_by_role("button", name="Delete my text").press("Enter")
    expect(page.get_by_text("The built-in prompt is back")).to_be_visible()
    expect(page.get_by_role("textbox", name="Template")).to_have_value(re.compile("1\\) Install|Install the CLI"))


def weight(open_browser):
    """A first view is light, and the next one brings nothing but the page."""
    sizes = """() => {
        const [page] = performance.getEntriesByType("navigation");
        const parts = performance.getEntriesByType("resource").filter((part) => part.initiatorType !== "fetch");
        return [page.transferSize, parts.reduce((sum, part) => sum + part.transferSize, 0), parts.length];
    }"""
    for path in ("/dashboard", "/catalog", "/query", "/setup"):
        # Nothing is in the cache of a new visitor but what signing in has shown.
        page = open_browser().page
        page.context.add_cookies(open_browser("analyst").context.cookies())
        page.goto(path)
        html, parts, count = page.evaluate(sizes)
        assert count and html + parts <= 100_000, f"{path}: {html} + {parts} bytes"
        page.goto(path)
        html, parts, _ = page.evaluate(sizes)
        assert parts == 0 and html < 20_000, f"{path}, again: {html} + {parts} bytes"
