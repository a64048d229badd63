"""What admins do about people and access."""

import re

from playwright.sync_api import expect

PASSWORD = "four quiet garden chairs"
MARKUP = '<img src=x onerror=alert(1)> "quoted" \'single\' {{ 7 * 7 }}'


class Api:
    """The API, as the person who is signed in."""

    def __init__(self, visitor):
        self.request, self.origin = visitor.context.request, visitor.job["url"]

    def call(self, method, path, data=None):
        answer = self.request.fetch(path, method=method, data=data, headers={"origin": self.origin})
        assert answer.ok, f"{method} {path}: {answer.status} {answer.text()}"
        return answer.json() if answer.body() else None

    def get(self, path):
        return self.call("GET", path)

    def post(self, path, data):
        return self.call("POST", path, data)

    def user(self, email):
        return next(user for user in self.get("/api/users") if user["email"] == email)

    def group(self, name):
        return next(group for group in self.get("/api/admin/groups") if group["name"] == name)

    def tables(self):
        return sorted(table["id"] for table in self.get("/api/v2/catalog")["tables"])


def press(page, name):
    """A button or link of the page that is reached without a mouse."""
    page.get_by_role("button", name=name, exact=True).focus()
    page.keyboard.press("Enter")


def a_new_person(open_browser):
    """From the account to the first table and back, with the keyboard alone."""
    admin = open_browser("admin")
    page, api = admin.page, Api(admin)
    admin.go("/admin/users")
    press(page, "New user")
    dialog = page.get_by_role("dialog")
    page.get_by_label("Email", exact=True).focus()
    page.keyboard.type("not an address@")
    page.keyboard.press("Tab")
    page.keyboard.type("Bea")
    # The address is checked by the browser first; a program that skips this gets the dialog again.
    page.locator("dialog form").evaluate("form => { form.noValidate = true }")
    page.keyboard.press("Enter")
    expect(dialog).to_contain_text("Email must be an address like name@example.com")
    expect(page.get_by_label("Name", exact=True)).to_have_value("Bea")
    admin.check("light")
    page.get_by_label("Email", exact=True).fill("bea@example.com")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="An invitation for bea@example.com")).to_be_visible()
    invitation = page.locator(".snippet code").inner_text()
    assert invitation.startswith(admin.job["url"] + "/auth/password/setup?email=bea%40example.com&token="), invitation
    admin.check("dark")
    admin.shot("invited")
    admin.go("/admin/users?q=BEA")
    assert invitation not in page.content()
    expect(page.get_by_role("searchbox")).to_have_value("BEA")
    page.get_by_role("link", name="bea@example.com").focus()
    page.keyboard.press("Enter")

    # A password that is too easy to guess opens the dialog again, with the reason.
    press(page, "Set password …")
    page.get_by_label("New password").focus()
    page.keyboard.type("password")
    page.keyboard.press("Enter")
    expect(page.get_by_role("dialog")).to_contain_text("too easy to guess")
    page.get_by_label("New password").focus()
    page.keyboard.type(PASSWORD)
    page.keyboard.press("Enter")
    expect(page.get_by_role("status")).to_have_text("The password is set.")
    admin.job["people"]["bea"] = {"email": "bea@example.com", "password": PASSWORD}
    bea = open_browser("bea")
    assert Api(bea).tables() == []

    # A group, into which she is put, and which gets a table.
    admin.go("/admin/groups")
    press(page, "New group")
    page.get_by_label("Name", exact=True).focus()
    page.keyboard.type("Fleet")
    page.keyboard.press("Tab")
    page.keyboard.type("Those who care for planes")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Fleet")).to_be_visible()
    page.get_by_label("Add a member").focus()
    page.keyboard.type("nobody@example.com")
    page.keyboard.press("Enter")
    expect(page.get_by_text("User 'nobody@example.com' not found")).to_be_visible()
    page.get_by_label("Add a member").fill("bea@example.com")
    page.keyboard.press("Enter")
    expect(page.get_by_role("status")).to_have_text("The member is added.")
    page.get_by_role("link", name="Grant resources").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Fleet")).to_be_visible()
    page.get_by_label("planes", exact=True).focus()
    page.keyboard.press("Space")
    press(page, "Save 1 change")
    expect(page.get_by_role("status")).to_have_text("1 granted.")
    expect(page.get_by_label("planes", exact=True)).to_be_checked()
    assert Api(bea).tables() == ["planes"]

    # Why she can read it.
    admin.go("/admin/access?by=person")
    page.get_by_label("Email or name").focus()
    page.keyboard.type("bea@example.com")
    page.keyboard.press("Enter")
    row = page.get_by_role("row").filter(has_text="planes")
    expect(row).to_contain_text("Fleet")
    expect(row).to_contain_text("Open")
    fleet, person = api.group("Fleet")["id"], api.user("bea@example.com")["id"]
    analysts = api.group("Analysts")["id"]
    admin.go(f"/admin/users/{person}/access?join={analysts}")
    expect(page.get_by_role("note")).to_contain_text("would reach 2 resources that are closed now")
    expect(page.get_by_label("If they joined …")).to_have_value(analysts)
    expect(page.get_by_role("row").filter(has_text="flights")).to_be_visible()
    expect(page.get_by_role("row").filter(has_text="planes")).to_have_count(0)
    assert Api(bea).tables() == ["planes"]

    # Withdrawn at the table, then by leaving the group.
    admin.go("/admin/access?table=planes")
    page.get_by_label("Fleet", exact=True).uncheck()
    press(page, "Save 1 change")
    expect(page.get_by_role("status")).to_have_text("1 withdrawn.")
    assert Api(bea).tables() == []
    api.post("/api/admin/grants", {"group_id": fleet, "resource_type": "table", "resource_id": "planes"})
    assert Api(bea).tables() == ["planes"]
    admin.go(f"/admin/users/{person}")
    press(page, "Remove …")
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("They lose 1 grant that no other group of theirs has")
    admin.check("dark")
    dialog.get_by_role("button", name="Remove", exact=True).press("Enter")
    expect(page.get_by_text("In no group")).to_be_visible()
    assert Api(bea).tables() == []
    bea.context.close()
    admin.visit(f"/admin/users/{person}")
    admin.visit(f"/admin/users/{person}/access")
    admin.visit(f"/admin/access?person={person}&join={analysts}")
    admin.visit(f"/admin/groups/{fleet}")
    admin.visit(f"/admin/groups/{fleet}/grants")


def accounts_end(open_browser):
    """Sessions, a link for another password, deactivation and deletion."""
    admin = open_browser("admin")
    page, api = admin.page, Api(admin)
    user = api.post("/api/users", {"email": "carl@example.com", "name": "Carl"})
    api.post(f"/api/users/{user['id']}/set-password", {"password": PASSWORD})
    admin.job["people"]["carl"] = {"email": "carl@example.com", "password": PASSWORD}
    carl = open_browser("carl")
    admin.go(f"/admin/users/{user['id']}")
    page.get_by_role("button", name="End", exact=True).click()
    expect(page.get_by_text("Not signed in", exact=True)).to_be_visible()
    carl.go("/profile")
    expect(carl.page).to_have_url("/login?next=%2Fprofile")
    page.get_by_role("button", name="Reset password …").click()
    page.get_by_role("button", name="Make the link").click()
    expect(page.get_by_text("It was not mailed")).to_be_visible()
    link = page.locator(".snippet code").inner_text()
    carl.go(link.removeprefix(admin.job["url"]))
    expect(carl.page.get_by_label("New password", exact=True).or_(carl.page.get_by_label("Password", exact=True)).first).to_be_visible()
    admin.go(f"/admin/users/{user['id']}")
    page.get_by_role("button", name="Deactivate …").click()
    page.get_by_role("dialog").get_by_role("button", name="Deactivate").click()
    expect(page.get_by_text("Its sessions and tokens have ended")).to_be_visible()
    refused = admin.context.request.post(
        "/auth/token", data={"email": "carl@example.com", "password": PASSWORD}, headers={"origin": admin.job["url"]})
    assert refused.status in (401, 403), refused.text()
    page.get_by_role("button", name="Activate").click()
    expect(page.get_by_text("The account is active again")).to_be_visible()
    page.get_by_role("button", name="Delete …").click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("This cannot be undone")
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    page.get_by_role("button", name="Delete …").click()
    dialog.get_by_role("button", name="Delete for good").click()
    expect(page.get_by_text("The user is deleted")).to_be_visible()
    admin.expected.add(404)
    admin.go(f"/admin/users/{user['id']}")
    expect(page.get_by_text("User not found")).to_be_visible()
    admin.go("/admin/groups/none")
    expect(page.get_by_text("Group not found")).to_be_visible()
    # One's own account stays.
    admin.expected.clear()
    own = api.user(admin.job["people"]["admin"]["email"])["id"]
    admin.visit(f"/admin/users/{own}")
    expect(page.get_by_role("button", name="Delete …")).to_have_count(0)


def whole_blocks(open_browser):
    """Granting and revoking a block asks; without a script the form works, and leaves alone what others changed."""
    admin = open_browser("admin", java_script_enabled=False)
    page, api = admin.page, Api(admin)
    group = api.post("/api/admin/groups", {"name": "Everything"})["id"]
    admin.go(f"/admin/access?group={group}")
    page.get_by_label("planes", exact=True).check()
    # Somebody else grants another table while the page is open.
    api.post("/api/admin/grants", {"group_id": group, "resource_type": "table", "resource_id": "weather"})
    page.get_by_role("button", name="Save changes").click()
    expect(page.get_by_role("status")).to_have_text("1 granted.")
    granted = lambda: sorted(grant["resource_id"] for grant in api.get(f"/api/admin/grants?group_id={group}"))
    assert granted() == ["planes", "weather"], granted()
    page.get_by_role("button", name="Save changes").click()
    expect(page.get_by_role("status")).to_have_text("Nothing had to be changed.")

    scripted = open_browser("admin")
    page = scripted.page
    scripted.go(f"/admin/access?group={group}")
    page.get_by_role("button", name="Grant all …").first.press("Enter")
    scripted.check("light")
    scripted.shot("grant-all")
    page.get_by_role("dialog").get_by_role("button", name=re.compile("Grant [0-9]+")).press("Enter")
    expect(page.get_by_role("status")).to_contain_text("granted.")
    assert len(granted()) == len(api.get("/api/v2/catalog")["tables"]), granted()
    page.get_by_role("button", name="Revoke all …").first.press("Enter")
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("loses")
    page.keyboard.press("Enter")
    expect(dialog).to_be_hidden()
    assert granted() != []
    page.get_by_role("button", name="Revoke all …").first.press("Enter")
    dialog.get_by_role("button", name=re.compile("Revoke [0-9]+")).press("Enter")
    expect(page.get_by_role("status")).to_contain_text("withdrawn.")
    assert granted() == []
    scripted.go("/admin/grants?group=" + group)
    expect(page).to_have_url(f"/admin/access?group={group}")
    for path in (f"?group={group}", f"?group={group}&type=memory_domain", "?q=nothing+of+the+kind", "?table=planes", "?by=person"):
        scripted.visit("/admin/access" + path)


def requests_for_access(open_browser):
    analyst, admin = open_browser("analyst"), open_browser("admin")
    page = admin.page
    for table in ("planes", "weather", "no such table"):
        Api(analyst).post("/api/access-requests", {"table_id": table, "reason": MARKUP})
    before = Api(analyst).tables()
    assert "planes" not in before
    admin.go("/admin/users")
    page.get_by_role("navigation", name="Main").get_by_role("link", name="Requests 3 pending").press("Enter")
    admin.visit("/admin/access-requests")
    page.get_by_role("link", name="Review planes").press("Enter")
    expect(page.get_by_role("heading", name="Request for planes")).to_be_visible()
    admin.visit(page.url.removeprefix(admin.job["url"]))
    # Not as an admin, whatever the form sends.
    chosen = page.get_by_label("Grant it to")
    assert not any("Admin (" in text for text in chosen.locator("option").all_inner_texts())
    chosen.focus()
    page.keyboard.type("Analysts")
    page.get_by_label("Note").focus()
    page.keyboard.type("for the fleet report")
    page.keyboard.press("Enter")
    expect(page.get_by_role("status")).to_contain_text("Approved: planes for")
    assert Api(analyst).tables() == sorted([*before, "planes"])
    page.get_by_role("link", name="Review weather").press("Enter")
    page.get_by_label("Reason").focus()
    page.keyboard.type("ask the airport")
    page.keyboard.press("Enter")
    expect(page.get_by_role("status")).to_contain_text("Denied: weather for")
    assert "weather" not in Api(analyst).tables()
    # Somebody was faster.
    page.get_by_role("link", name="Review no such table").click()
    pending = next(r for r in Api(admin).get("/api/access-requests/pending")["requests"])
    Api(admin).post(f"/api/access-requests/{pending['id']}/deny", {})
    page.get_by_role("button", name="Approve").click()
    expect(page.get_by_role("alert")).to_contain_text("already denied")
    admin.go("/admin/access-requests?state=denied&q=weather")
    expect(page.get_by_role("row")).to_have_count(2)
    expect(page.get_by_role("link", name="Requests", exact=True)).to_be_visible()


def hostile_names(open_browser):
    """Names and descriptions with markup stay texts on every page about people and access."""
    admin = open_browser("admin")
    page, api = admin.page, Api(admin)
    page.on("dialog", lambda dialog: (admin.wrong("script", dialog.message), dialog.dismiss()))
    user = api.post("/api/users", {"email": "o'<i>neil</i>@example.com", "name": MARKUP})["id"]
    group = api.post("/api/admin/groups", {"name": MARKUP, "description": MARKUP})["id"]
    api.post(f"/api/admin/users/{user}/memberships", {"group_id": group})
    api.call("PUT", "/api/admin/registry/airports", {"description": MARKUP})
    for table in ("airports", MARKUP):
        api.post("/api/admin/grants", {"group_id": group, "resource_type": "table", "resource_id": table})
    paths = [
        "/admin/users", f"/admin/users?group={group}", f"/admin/users/{user}", f"/admin/users/{user}/access",
        f"/admin/users/{user}/access?join={api.group('Admin')['id']}", "/admin/groups", f"/admin/groups/{group}",
        f"/admin/groups/{group}/grants", f"/admin/access?group={group}", "/admin/access?table=airports",
        f"/admin/access?person={user}", "/admin/access?by=person&person=neil", "/admin/access-requests",
        "/admin/access?group=" + group + "&q=%22%3E%3Cimg%20src=x%20onerror=alert(1)%3E",
    ]
    for path in paths:
        admin.go(path)
        assert page.locator('img[src="x"], main i').count() == 0, path
        assert "49" not in page.locator("main h1").inner_text(), path
        if "join" not in path and (group in path or user in path):
            assert MARKUP in page.locator("main").evaluate("main => main.textContent"), path
    admin.visit(f"/admin/groups/{group}")
    admin.visit(f"/admin/access?group={group}")
    # What was typed comes back as it was.
    admin.go("/admin/groups")
    page.get_by_role("button", name="New group").click()
    page.get_by_label("Name", exact=True).fill(MARKUP)
    page.get_by_role("button", name="Add", exact=True).click()
    expect(page.get_by_role("dialog").get_by_role("alert")).to_contain_text("already exists")
    expect(page.get_by_label("Name", exact=True)).to_have_value(MARKUP)
    for path in (f"/api/users/{user}", f"/api/admin/groups/{group}"):
        api.call("DELETE", path)


def only_admins(open_browser):
    analyst, admin = open_browser("analyst"), open_browser("admin")
    api = Api(admin)
    user, group = api.user(analyst.job["people"]["analyst"]["email"])["id"], api.group("Analysts")["id"]
    analyst.expected.add(403)
    paths = [
        "/admin/users", f"/admin/users/{user}", f"/admin/users/{user}/access", "/admin/groups", f"/admin/groups/{group}",
        f"/admin/groups/{group}/grants", "/admin/access", f"/admin/access?person={user}", "/admin/access?table=planes",
        "/admin/access-requests", "/admin/access-requests/1",
    ]
    for path in paths:
        analyst.page.goto(path)
        expect(analyst.page.get_by_role("heading", name="Forbidden")).to_be_visible()
        expect(analyst.page.get_by_text("Admin access required")).to_be_visible()
        assert "Analysts" not in analyst.page.content(), path
    for path, form in [
        (f"/admin/users/{user}/groups", {"group": api.group("Admin")["id"]}),
        ("/admin/access", {"group": group, "type": "table", "id.0": "weather", "on.0": "1"}),
        (f"/admin/users/{user}/password", {"password": PASSWORD}),
    ]:
        refused = analyst.context.request.post(path, form=form, headers={"origin": analyst.job["url"]})
        assert refused.status == 403, f"{path}: {refused.status}"
    assert "weather" not in Api(analyst).tables()
