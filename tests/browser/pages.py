"""Drives a real browser through the pages of a server.

Reads one JSON object from stdin:
  url      address of the server
  axe      path of axe.min.js
  people   name -> {"email", "password"}; signed out is nobody's name
  steps    what to do: ["visit", person or null, path] or ["flow", name of a function in flows*.py, arguments…]
  shots    folder for screenshots, or null
Prints one line of JSON for each thing that is wrong. What is only worth knowing goes to stderr.
"""

import importlib
import json
import pathlib
import re
import sys

import playwright.sync_api as playwright


MODULES = [importlib.import_module(path.stem) for path in pathlib.Path(__file__).parent.glob("flows*.py")]
FLOWS = {name: flow for module in MODULES for name, flow in vars(module).items()}

RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
PHONE = {"width": 360, "height": 740}
DESKTOP = {"width": 1280, "height": 800}


# The cookies of people.
SIGNED_IN = {}


class Visitor:
    """A browser context of one person, which writes down everything that goes wrong."""

    def __init__(self, browser, job, person, **options):
        self.job, self.person, self.where = job, person, ""
        # Who has signed in once need not do so for each flow; the server would think of somebody who guesses.
        known = SIGNED_IN.get(person)
        self.context = browser.new_context(base_url=job["url"], viewport=DESKTOP, storage_state=known, **options)
        self.context.set_default_timeout(20_000)
        self.page = self.context.new_page()
        # Statuses that a step expects, e.g. 403 of a page that is refused.
        self.expected = set()
        self.page.on("console", self.on_console)
        self.page.on("dialog", self.on_dialog)
        self.page.on("pageerror", lambda error: self.wrong("script", str(error)))
        self.page.on("requestfailed", self.on_failed)
        self.page.on("response", self.on_response)
        if known:
            self.go("/dashboard")
        elif person:
            self.sign_in(**job["people"][person])
            SIGNED_IN[person] = self.context.storage_state()

    def wrong(self, kind, text):
        found = {"kind": kind, "person": self.person, "where": self.where, "text": text}
        print(json.dumps(found), flush=True)

    def on_console(self, message):
        # The browser repeats a status that `on_response` has judged.
        if message.type in ("error", "warning") and "Failed to load resource" not in message.text:
            self.wrong("console", message.text)

    def on_dialog(self, dialog):
        self.wrong("markup", f"a script ran: {dialog.message}")
        dialog.dismiss()

    def on_failed(self, request):
        # A navigation or a stream that the page itself has ended.
        if request.failure != "net::ERR_ABORTED":
            self.wrong("request", f"{request.method} {request.url}: {request.failure}")

    def on_response(self, response):
        if response.status >= 400 and response.status not in self.expected:
            self.wrong("response", f"{response.request.method} {response.url}: {response.status}")
            self.failed = True

    def sign_in(self, email, password):
        self.go("/login/password")
        self.page.get_by_label("Email").first.fill(email)
        self.page.get_by_label("Password", exact=True).fill(password)
        self.page.get_by_role("button", name="Sign in").click()
        self.page.wait_for_url("**/dashboard")

    def go(self, path):
        self.where = path
        self.failed = False
        self.page.goto(path, wait_until="load")
        # A server with DEBUG says why.
        if self.failed and (cause := self.page.locator("details pre")).count():
            self.wrong("cause", cause.inner_text())

    def check(self, theme):
        """What must hold on every page in any state."""
        self.page.emulate_media(color_scheme=theme, reduced_motion="reduce")
        if self.page.locator("[data-evil]").count():
            self.wrong("markup", "a text has become markup")
        self.page.evaluate(self.job["axe_source"])
        found = self.page.evaluate("rules => axe.run(document, {runOnly: rules, resultTypes: ['violations']})", RULES)
        for violation in found["violations"]:
            nodes = "; ".join(f"{' '.join(map(str, node['target']))}: {node['failureSummary']}" for node in violation["nodes"][:3])
            self.wrong(f"axe, {theme}", f"{violation['id']}: {violation['help']}. {nodes}")

    def check_keyboard(self):
        """Whatever can be operated is reached with the Tab key alone, and shows that it has the focus."""
        count = self.page.evaluate("""() => {
            const operable = "a[href], button, input, select, textarea, summary, [tabindex='0']";
            const isMeant = (element) => element.tabIndex >= 0 && !element.disabled && element.checkVisibility({ visibilityProperty: true });
            const unreached = new Set([...document.querySelectorAll(operable)].filter(isMeant));
            window.keyboard = { unreached, unmarked: new Set() };
            document.addEventListener("focusin", ({ target }) => {
                // Around the element itself, or around what it is in.
                const isMarked = (element) => getComputedStyle(element).outlineStyle !== "none";
                if (!isMarked(target) && !isMarked(target.parentElement)) window.keyboard.unmarked.add(target);
                unreached.delete(target);
                // Arrow keys lead to the others of a group.
                if (target.type === "radio") for (const one of document.getElementsByName(target.name)) unreached.delete(one);
            });
            document.activeElement?.blur();
            return unreached.size;
        }""")
        # Fields of dates have several stops.
        for _ in range(count + 10):
            self.page.keyboard.press("Tab")
        shown = "set => [...set].map((element) => element.outerHTML.slice(0, 200))"
        for kind in ("unreached", "unmarked"):
            for element in self.page.evaluate(f"({shown})(window.keyboard.{kind})"):
                self.wrong(f"keyboard, {kind}", element)

    def shot(self, name):
        if self.job["shots"]:
            folder = pathlib.Path(self.job["shots"])
            folder.mkdir(parents=True, exist_ok=True)
            page = re.sub(r"[^a-z0-9]+", "-", self.where.lower()).strip("-") or "home"
            self.page.screenshot(path=folder / f"{page}.{self.person or 'nobody'}.{name}.png", full_page=True)

    def visit(self, path):
        """Opens a page in both themes and on a phone, and goes through it with the Tab key."""
        self.go(path)
        for theme in ("light", "dark"):
            self.check(theme)
            self.shot(theme)
        self.page.set_viewport_size(PHONE)
        self.page.emulate_media(color_scheme="light")
        width = self.page.evaluate("document.documentElement.scrollWidth")
        if width > PHONE["width"]:
            self.wrong("sideways", f"{width} px wide on a screen of {PHONE['width']}")
        self.shot("phone")
        self.page.set_viewport_size(DESKTOP)
        self.check_keyboard()


# Machines that test are busy.
playwright.expect.set_options(timeout=20_000)


def main():
    job = json.load(sys.stdin)
    job["axe_source"] = pathlib.Path(job["axe"]).read_text()
    with playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path="/usr/bin/chromium", args=["--no-sandbox"])
        visitors = {}
        for kind, *what in job["steps"]:
            if kind == "visit":
                person, path = what
                if person not in visitors:
                    visitors[person] = Visitor(browser, job, person)
                visitors[person].visit(path)
            else:
                flow = FLOWS[what[0]]
                try:
                    flow(lambda person=None, **options: Visitor(browser, job, person, **options), *what[1:])
                except (AssertionError, playwright.Error) as error:
                    print(json.dumps({"kind": "flow", "where": what[0], "text": str(error)}), flush=True)
        browser.close()


main()
