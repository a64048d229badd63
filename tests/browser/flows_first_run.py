"""From an empty data directory to an analyst who reads a table, without leaving the browser."""

import sys
import time

from playwright.sync_api import expect

PASSWORD = "nine lazy otters dance"
ANALYST = "ann@example.com"


class Mouse:
    """Does things with the mouse, and counts clicks and what is typed."""

    name = "mouse"

    def __init__(self, page):
        self.page, self.acts, self.began = page, 0, time.monotonic()

    def press(self, thing):
        self.acts += 1
        thing.click()

    def type(self, field, text):
        self.acts += 2
        field.click()
        self.page.keyboard.type(text)

    # Boxes and radio buttons.
    choose = press

    def seconds(self):
        return time.monotonic() - self.began


class Keyboard(Mouse):
    """The same with the keyboard alone. Walking to a field with the tabulator counts once."""

    name = "keyboard"

    def reach(self, thing):
        is_there = "(element) => element === document.activeElement"
        if thing.evaluate(is_there):
            return
        self.acts += 1
        if self.page.evaluate("document.activeElement === document.body"):
            self.page.keyboard.press("Tab")
            # Behind the navigation.
            if self.page.evaluate("document.activeElement.className") == "skip":
                self.page.keyboard.press("Enter")
        for _ in range(60):
            if thing.evaluate(is_there):
                return
            self.page.keyboard.press("Tab")
        raise AssertionError(f"the tabulator does not lead to {thing}")

    def press(self, thing):
        self.reach(thing)
        self.acts += 1
        self.page.keyboard.press("Enter")

    def choose(self, thing):
        if thing.get_attribute("type") == "radio":
            # The tabulator leads to the first one of a group.
            first = self.page.locator(f"input[type=radio][name={thing.get_attribute('name')}]").first
            self.reach(first)
            while not thing.is_checked():
                self.acts += 1
                self.page.keyboard.press("ArrowDown")
            return
        self.reach(thing)
        self.acts += 1
        self.page.keyboard.press("Space")

    def type(self, field, text):
        self.reach(field)
        self.acts += 1
        self.page.keyboard.type(text)


def account(visitor, hand):
    page = visitor.page
    visitor.go("/")
    expect(page).to_have_url("/first-time-setup")
    hand.type(page.get_by_label("Email"), "founder@example.com")
    hand.type(page.get_by_label("Name"), "Fay Founder")
    hand.type(page.get_by_label("Password", exact=True), PASSWORD)
    hand.type(page.get_by_label("Password again"), PASSWORD)
    hand.press(page.get_by_role("button", name="Create"))
    expect(step(page, 2)).to_have_attribute("aria-current", "step")


def step(page, number):
    return page.locator(f"#step-{number}")


def look(visitor, hand, name):
    """Checks the page as it is now; that takes no time of the person."""
    began = time.monotonic()
    visitor.where = f"first run, {name}"
    for theme in ("light", "dark"):
        visitor.check(theme)
        visitor.shot(f"{hand.name}.{theme}")
    size = visitor.page.viewport_size
    visitor.page.set_viewport_size({"width": 360, "height": 740})
    visitor.page.emulate_media(color_scheme="light")
    width = visitor.page.evaluate("document.documentElement.scrollWidth")
    assert width <= 360, f"{name}: {width} px wide on a phone"
    visitor.shot(f"{hand.name}.phone")
    visitor.page.set_viewport_size(size)
    hand.began += time.monotonic() - began


def synced(page, hand, text):
    """The page follows the sync without being loaded again."""
    page.evaluate("window.isFirst = true")
    expect(step(page, 3)).to_contain_text(text, timeout=60_000)
    expect(step(page, 4)).to_have_attribute("aria-current", "step")
    assert page.evaluate("window.isFirst")


def invite(visitor, hand, table=None):
    page = visitor.page
    form = step(page, 4)
    look(visitor, hand, "published")
    hand.type(form.get_by_label("Email"), ANALYST)
    expect(form.get_by_label("Group")).to_have_value("Analysts")
    if table:
        hand.choose(form.get_by_label("Only these"))
        hand.choose(form.get_by_label(table, exact=True))
    else:
        hand.choose(form.get_by_label("The one table that is published"))
    hand.press(form.get_by_role("button", name="Add and make an invitation"))
    expect(step(page, 4)).to_contain_text(f"An invitation for {ANALYST}")
    look(visitor, hand, "invited")
    return step(page, 4).locator(".snippet code").inner_text()


def analyst_reads(open_browser, hand, link, table, rows, hidden):
    """The analyst follows the link in a browser of their own, and reads that table and no other one."""
    visitor = open_browser()
    page, began = visitor.page, hand.page
    hand.page = page
    assert link.startswith(visitor.job["url"] + "/auth/password/setup?"), link
    visitor.go(link.removeprefix(visitor.job["url"]))
    hand.type(page.get_by_label("New password", exact=True), "seven green kites land")
    hand.type(page.get_by_label("New password again"), "seven green kites land")
    hand.press(page.get_by_role("button").last)
    page.wait_for_url("**/dashboard")
    visitor.go("/catalog")
    expect(page.get_by_role("row")).to_have_count(2)
    expect(page.get_by_role("link", name=table)).to_be_visible()
    assert hidden not in page.content()
    hand.press(page.get_by_role("link", name=table))
    page.wait_for_url("**/catalog/*")
    expect(page.get_by_role("heading", name=table)).to_be_visible()
    look(visitor, hand, "table of the analyst")
    visitor.go(f"/query?sql=SELECT+count(*)+AS+n+FROM+{table}")
    hand.press(page.get_by_role("button", name="Run"))
    expect(page.get_by_role("cell", name=str(rows), exact=True)).to_be_visible()
    hand.page = began


def report(hand, what):
    unit = "clicks and entries" if hand.name == "mouse" else "key presses, entries and walks"
    print(f"{what} with the {hand.name}: {hand.acts} {unit}, {hand.seconds():.1f} s", file=sys.stderr)


def from_keboola(open_browser, hand, facts):
    visitor = open_browser()
    page = visitor.page
    hand = {"mouse": Mouse, "keyboard": Keyboard}[hand](page)
    account(visitor, hand)
    look(visitor, hand, "account")
    hand.type(page.get_by_label("Address of the stack"), facts["url"])
    hand.type(page.get_by_label("Storage API token"), facts["token"])
    hand.press(page.get_by_role("button", name="Connect"))
    page.wait_for_url("**/admin/discover-tables?**")
    expect(page.get_by_text("Keboola is connected")).to_be_visible()
    look(visitor, hand, "tables of the source")
    for table in ("in.c-crm.customers", "in.c-crm.orders"):
        hand.choose(page.get_by_label(f"Choose {table}"))
    hand.press(page.get_by_role("button", name="Register the chosen ones"))
    page.wait_for_url("**/first-time-setup")
    expect(step(page, 3)).to_have_attribute("aria-current", "step")
    look(visitor, hand, "registered")
    hand.press(step(page, 3).get_by_role("button", name="Sync now"))
    expect(page.get_by_text("is requested")).to_be_visible()
    synced(page, hand, "2 tables are published")
    link = invite(visitor, hand, "orders")
    report(hand, "From nothing to an invitation")
    analyst_reads(open_browser, hand, link, "orders", 2, "customers")
    report(hand, "Until the analyst has an answer")
    # It can be left and taken up again; the link and the token were shown once or never.
    visitor.go("/dashboard")
    visitor.go("/first-time-setup")
    expect(page.get_by_text("All is set up")).to_be_visible()
    assert link not in page.content() and facts["token"] not in page.content()
    look(visitor, hand, "done")
    # A second person is added to the same group by the form that is folded away now.
    page.get_by_text("Add somebody else").click()
    form = step(page, 4)
    form.get_by_label("Email").fill(ANALYST)
    form.get_by_label("Only these").check()
    form.get_by_label("customers", exact=True).check()
    form.get_by_role("button", name="Add and make an invitation").click()
    expect(form).to_contain_text("already exists")
    expect(form.get_by_label("customers", exact=True)).to_be_checked()
    reads = visitor.context.request.get("/api/admin/grants").json()
    assert len(reads) == 1, reads


def first_run_by_mouse(open_browser, facts):
    from_keboola(open_browser, "mouse", facts)


def first_run_by_keyboard(open_browser, facts):
    from_keboola(open_browser, "keyboard", facts)


def first_run_from_a_file(open_browser, facts):
    """A source that does not work is refused beside the field; a file is enough."""
    visitor = open_browser()
    page = visitor.page
    hand = Mouse(page)
    account(visitor, hand)
    for url, token, field, text in (
        (facts["url"], "wrong", "Storage API token", "Keboola connection failed"),
        ("nowhere", facts["token"], "Address of the stack", "missing hostname"),
    ):
        page.get_by_label("Address of the stack").fill(url)
        page.get_by_label("Storage API token").fill(token)
        page.get_by_role("button", name="Connect").click()
        expect(page.get_by_text(text)).to_be_visible()
        expect(page.get_by_label(field)).to_have_attribute("aria-invalid", "true")
        expect(page.get_by_label("Address of the stack")).to_have_value(url)
        assert token not in page.content().replace(facts["url"], "")
    look(visitor, hand, "refused")
    visitor.go("/first-time-setup")
    hand = Mouse(page)
    hand.type(page.get_by_label("Name of the table"), "visitors")
    hand.acts += 1
    content = b"id,note\n1,<b>one</b>\n2,two\n3,three\n"
    page.get_by_label("File", exact=True).set_input_files({"name": "any.csv", "mimeType": "text/csv", "buffer": content})
    hand.press(page.get_by_role("button", name="Upload"))
    expect(page).to_have_url("/first-time-setup")
    expect(page.get_by_text("visitors has 3 rows")).to_be_visible()
    synced(page, hand, "1 table is published")
    link = invite(visitor, hand)
    report(hand, "From a file to an invitation")
    analyst_reads(open_browser, hand, link, "visitors", 3, "orders")
    report(hand, "Until the analyst has an answer")


def first_run_without_a_script(open_browser, facts):
    """The same steps, where no script runs."""
    visitor = open_browser(java_script_enabled=False)
    page = visitor.page
    visitor.go("/")
    page.get_by_label("Email").fill("founder@example.com")
    for label in ("Password", "Password again"):
        page.get_by_label(label, exact=True).fill(PASSWORD)
    page.get_by_role("button", name="Create").click()
    page.get_by_label("Address of the stack").fill(facts["url"])
    page.get_by_label("Storage API token").fill(facts["token"])
    page.get_by_role("button", name="Connect").click()
    page.get_by_label("Choose in.c-crm.orders").check()
    page.get_by_role("button", name="Register the chosen ones").click()
    page.get_by_role("button", name="Sync now").click()
    deadline = time.monotonic() + 60
    while step(page, 4).get_attribute("aria-current") is None and time.monotonic() < deadline:
        visitor.go("/first-time-setup")
    form = step(page, 4)
    form.get_by_label("Email").fill(ANALYST)
    form.get_by_label("The one table that is published").check()
    form.get_by_role("button", name="Add and make an invitation").click()
    expect(form).to_contain_text(f"An invitation for {ANALYST}")
