"""How admins manage data: tables, syncs, sources, the system and the audit log."""

import re

from playwright.sync_api import expect

ADMIN_PAGES = [
    "/admin", "/admin/tables", "/admin/tables/flights", "/admin/register-table", "/admin/discover-tables",
    "/admin/upload-table", "/admin/sync", "/admin/sync/events", "/admin/sources", "/admin/system", "/admin/audit",
    "/admin/audit/export?format=csv",
]


def status(visitor, path, **options):
    return visitor.context.request.get(path, max_redirects=0, **options).status


def register_and_sync(open_browser):
    """A table is checked, registered, synced, and can be read by whom it is granted to."""
    visitor = open_browser("admin")
    page = visitor.page
    visitor.go("/admin/register-table?source=keboola")
    # What is wrong is said where it is, and what was typed stays.
    page.get_by_label("Name", exact=True).fill("no name")
    page.get_by_label("Bucket").fill("in.c-crm")
    page.get_by_label("Table at the source").fill("orders")
    page.get_by_role("button", name="Check").click()
    expect(page.get_by_text("is unsafe")).to_be_visible()
    visitor.check("light")
    page.get_by_label("Name", exact=True).fill("crm_orders")
    page.get_by_label("Description").fill('Orders <img src=x onerror="alert(1)">')
    page.get_by_role("button", name="Check").click()
    expect(page.get_by_role("heading", name="crm_orders can be registered")).to_be_visible()
    expect(page.get_by_role("status").filter(has_text="Columns")).to_contain_text("id, note")
    visitor.check("dark")
    visitor.shot("checked")
    assert "crm_orders" not in visitor.context.request.get("/api/admin/registry").text()
    page.get_by_role("button", name="Register").click()
    page.wait_for_url("**/admin/tables/crm_orders")
    expect(page.get_by_text("crm_orders is registered")).to_be_visible()
    expect(page.get_by_text("waiting", exact=True)).to_be_visible()
    # The name is taken now, which the check says before anything is sent.
    other = open_browser("admin")
    other.go("/admin/register-table?source=keboola&name=crm_orders")
    other.page.get_by_role("button", name="Check").click()
    expect(other.page.get_by_role("heading", name="crm_orders is taken")).to_be_visible()
    # Another page follows the run without being loaded again.
    watcher = open_browser("admin")
    watcher.go("/admin/sync")
    watcher.page.evaluate("window.isFirst = true")
    page.get_by_role("button", name="Sync now").click()
    page.wait_for_url("**/admin/sync")
    expect(page.get_by_text("The sync of crm_orders is requested")).to_be_visible()
    row = watcher.page.locator("#history tbody tr").first
    expect(row).to_contain_text("1 table", timeout=60_000)
    expect(row).to_contain_text("ok")
    expect(watcher.page.get_by_text("Nothing is running")).to_be_visible()
    assert watcher.page.evaluate("window.isFirst")
    watcher.shot("followed")
    watcher.page.get_by_role("link", name="Details").first.click()
    expect(watcher.page.get_by_role("row").filter(has_text="crm_orders").first).to_contain_text("2")
    watcher.check("light")
    visitor.go("/admin/tables/crm_orders")
    expect(page.locator("main")).to_contain_text("BIGINT")
    assert page.locator("main img").count() == 0
    assert '<img src=x onerror="alert(1)">' in page.get_by_label("Description").input_value()
    # Nobody but admins may read it.
    analyst = open_browser("analyst")
    assert status(analyst, "/api/data/crm_orders/download") == 403


def discover(open_browser):
    """What a source offers is listed, and the chosen tables are registered."""
    visitor = open_browser("admin")
    page = visitor.page
    visitor.go("/admin/discover-tables?source=keboola")
    expect(page.get_by_role("row").filter(has_text="in.c-crm.orders")).to_contain_text("crm_orders")
    expect(page.get_by_label("Choose in.c-crm.orders")).to_be_disabled()
    page.get_by_role("button", name="Register the chosen ones").click()
    expect(page.get_by_text("Nothing was chosen")).to_be_visible()
    page.get_by_label("New and registered ones").select_option("new")
    page.wait_for_url("**state=new**")
    expect(page.get_by_role("row").filter(has_text="in.c-crm.orders")).to_have_count(0)
    page.get_by_label("Choose in.c-crm.customers").focus()
    page.keyboard.press("Space")
    page.get_by_role("button", name="Register the chosen ones").press("Enter")
    page.wait_for_url("**/admin/tables")
    expect(page.get_by_text("1 table is registered")).to_be_visible()
    registry = visitor.context.request.get("/api/admin/registry").json()["tables"]
    names = [row["name"] for row in registry]
    assert "customers" in names and "invoices" not in names, names
    visitor.go("/admin/discover-tables?source=keboola")
    page.get_by_role("button", name="Register all 1 new ones").click()
    page.get_by_role("dialog").get_by_role("button", name="Register all").click()
    expect(page.get_by_text("1 table is registered. 2 had been registered before")).to_be_visible()


def upload(open_browser):
    """A file becomes a table; one that cannot is refused, and says why."""
    visitor = open_browser("admin")
    page = visitor.page
    visitor.go("/admin/upload-table")
    page.get_by_label("Name of the table").fill("visitors")
    page.get_by_label("File", exact=True).set_input_files({"name": "visitors.pdf", "mimeType": "application/pdf", "buffer": b"%PDF"})
    page.get_by_role("button", name="Upload").click()
    expect(page.get_by_role("alert")).to_contain_text("can become tables")
    visitor.check("light")
    expect(page.get_by_label("Name of the table")).to_have_value("visitors")
    content = b"id,note\n1,<b>one</b>\n2,two\n"
    page.get_by_label("File", exact=True).set_input_files({"name": "any.csv", "mimeType": "text/csv", "buffer": content})
    page.get_by_role("button", name="Upload").click()
    page.wait_for_url("**/admin/tables/visitors")
    expect(page.get_by_text("visitors has 2 rows")).to_be_visible()
    visitor.go("/admin/sync")
    expect(page.locator("#history tbody tr").first).to_contain_text("ok", timeout=60_000)
    expect(page.get_by_text("Nothing is running")).to_be_visible(timeout=60_000)
    answer = visitor.context.request.post("/api/query", data={"sql": "SELECT count(*) FROM visitors"})
    assert answer.json()["rows"] == [[2]], answer.text()
    # Other columns most likely mean another table.
    visitor.go("/admin/upload-table?name=visitors")
    page.get_by_label("File", exact=True).set_input_files({"name": "x.csv", "mimeType": "text/csv", "buffer": b"a,b\n1,2\n"})
    page.get_by_role("button", name="Upload").click()
    expect(page.get_by_role("alert")).to_contain_text("none of the columns")


def edit(open_browser):
    """Another mode is stored only after the page has said what that means."""
    visitor = open_browser("admin")
    page = visitor.page
    visitor.go("/admin/tables/crm_orders")
    page.get_by_label("Schedule").fill("now and then")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("Sync_schedule must be")).to_be_visible()
    visitor.check("dark")
    page.get_by_label("Schedule").fill("daily 06:00")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("Saved: sync schedule")).to_be_visible()
    page.get_by_label("Mode").select_option("remote")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("From local to remote?")).to_be_visible()
    visitor.check("light")
    visitor.shot("mode")
    page.get_by_role("link", name="Leave it").click()
    expect(page.get_by_label("Mode")).to_have_value("local")
    page.get_by_label("Mode").select_option("remote")
    page.get_by_role("button", name="Save").click()
    page.get_by_role("button", name="Change the mode").click()
    expect(page.get_by_text("Saved: query mode")).to_be_visible()
    page.get_by_label("Mode").select_option("local")
    page.get_by_role("button", name="Save").click()
    page.get_by_role("button", name="Change the mode").click()
    expect(page.get_by_label("Mode")).to_have_value("local")


def list_of_tables(open_browser):
    """All sources are listed; the state of the list is in its address."""
    visitor = open_browser("admin")
    page = visitor.page
    visitor.go("/admin/tables")
    expect(page.get_by_role("row").filter(has_text="flights")).to_contain_text("local")
    expect(page.get_by_role("row").filter(has_text="crm_orders")).to_contain_text("keboola")
    page.get_by_label("Any source").select_option("keboola")
    page.wait_for_url("**/admin/tables?source=keboola")
    expect(page.get_by_role("row").filter(has_text="flights")).to_have_count(0)
    expect(page.get_by_text('Orders <img src=x onerror="alert(1)">')).to_be_visible()
    assert page.locator("main img").count() == 0
    page.get_by_role("link", name="Name").click()
    page.wait_for_url("**source=keboola**sort=-name")
    names = page.locator("tbody tr td:first-child a").all_inner_texts()
    assert names == sorted(names, reverse=True) and len(names) == 3, names
    page.get_by_label("Any state").select_option("failed")
    expect(page.get_by_text("Nothing matches")).to_be_visible()
    visitor.go("/admin/tables?q=crm_orders")
    href = page.get_by_role("link", name="Access to crm_orders").get_attribute("href")
    assert href == "/admin/access?table=crm_orders", href


def delete_by_keyboard(open_browser):
    """The dialog says who loses what, and the first key that is pressed loses nothing."""
    visitor = open_browser("admin")
    page = visitor.page
    saved = visitor.context.request.post("/api/saved-queries", data={
        "name": "All <i>airlines</i>", "sql": "SELECT count(*) FROM airlines"})
    assert saved.status in (200, 201), saved.text()
    visitor.go("/admin/tables/airlines")
    page.get_by_role("button", name="Delete …").focus()
    page.keyboard.press("Enter")
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("Analysts")
    expect(dialog).to_contain_text("All <i>airlines</i>")
    visitor.check("light")
    visitor.shot("dialog")
    page.keyboard.press("Enter")
    expect(dialog).to_be_hidden()
    page.get_by_role("button", name="Delete …").press("Enter")
    dialog.get_by_role("button", name="Delete").press("Enter")
    page.wait_for_url("**/admin/tables")
    expect(page.get_by_text("The table airlines is deleted")).to_be_visible()
    expect(page.get_by_role("link", name="airlines", exact=True)).to_have_count(0)
    analyst = open_browser("analyst")
    assert status(analyst, "/api/data/airlines/download") == 403


def stop_a_query(open_browser):
    """An admin sees what runs, and ends it; its author is told."""
    visitor = open_browser("admin")
    page = visitor.page
    analyst = open_browser("analyst")
    analyst.expected.add(409)
    analyst.page.evaluate("""() => {
      const sql = "SELECT count(*) AS \\"<b>all</b>\\"\\nFROM flights a, flights b, flights c, flights d";
      const body = JSON.stringify({ sql });
      const headers = { "content-type": "application/json" };
      window.answer = fetch("/api/query", { method: "POST", headers, body }).then(async (answer) => [answer.status, await answer.text()]);
    }""")
    visitor.go("/admin/system")
    row = page.get_by_role("row").filter(has_text="SELECT count(*)")
    expect(row).to_contain_text("ann@example.com")
    expect(row).to_contain_text('"<b>all</b>"')
    visitor.check("light")
    visitor.shot("running")
    row.get_by_role("button", name="Stop …").press("Enter")
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("ann@example.com gets no result")
    dialog.get_by_role("button", name="Stop").press("Enter")
    expect(page.get_by_text("The query is stopped")).to_be_visible()
    code, text = analyst.page.evaluate("window.answer")
    assert code == 409 and "stopped by an administrator" in text, (code, text)
    expect(page.get_by_text("No query is running")).to_be_visible()
    # Once more is no failure.
    again = visitor.context.request.post("/admin/system/stop-query", form={"id": "1"})
    assert "had ended already" in again.text(), again.text()


def audit_log(open_browser):
    """Entries are found, show what changed, and leave as files."""
    visitor = open_browser("admin")
    page = visitor.page
    visitor.go("/admin/audit?action=update_table")
    expect(page.get_by_role("row")).to_have_count(4)
    page.get_by_role("row").nth(3).locator("summary").click()
    expect(page.get_by_role("row").nth(3).locator("ins")).to_have_text("daily 06:00")
    visitor.check("dark")
    visitor.shot("details")
    with page.expect_download() as started:
        page.get_by_role("link", name="CSV").click()
    lines = started.value.path().read_text().splitlines()
    assert started.value.suggested_filename == "audit.csv"
    assert lines[0].startswith("seq,timestamp,user_email") and len(lines) == 4, lines
    everything = visitor.context.request.get("/admin/audit/export?format=jsonl").text().splitlines()
    assert len(everything) > 10 and any('"action":"query.stop"' in line for line in everything), everything[0]
    page.get_by_label("Person").fill("nobody@example.com")
    page.get_by_label("Person").press("Enter")
    page.wait_for_url("**user=nobody**")
    expect(page.get_by_text("Nothing matches")).to_be_visible()
    page.get_by_role("link", name="Show everything").click()
    page.get_by_role("button", name="Verify the chain").click()
    expect(page.get_by_text(re.compile(r"The chain is intact: \d+ entries"))).to_be_visible()
    visitor.check("light")
    visitor.shot("verified")


def refuse_analysts(open_browser):
    """People who are not admins see none of it, and no link to it."""
    visitor = open_browser("analyst")
    expect(visitor.page.get_by_role("link", name="Audit log")).to_have_count(0)
    for path in ADMIN_PAGES:
        assert status(visitor, path, headers={"accept": "text/html"}) == 403, path
    for path in ["/admin/sync", "/admin/tables/flights/delete", "/admin/system/stop-query", "/admin/discover-tables"]:
        answer = visitor.context.request.post(path, form={"source": "", "id": "1"}, max_redirects=0)
        assert answer.status == 403, (path, answer.status)


def source_that_is_gone(open_browser):
    visitor = open_browser("admin")
    page = visitor.page
    # The server tries several times before it gives up.
    page.set_default_navigation_timeout(90_000)
    visitor.go("/admin/discover-tables?source=keboola")
    expect(page.get_by_role("alert")).to_contain_text("cannot be reached")
    visitor.check("light")
    page.get_by_role("link", name="See the state of the sources").click()
    expect(page.get_by_role("heading", name="Keboola")).to_be_visible()
