"""Every page of a server in which every text holds markup."""

import json
import time
from urllib.parse import quote, urlencode

from flows_people import Api

# A script that runs says so; a page whose templates are evaluated twice shows the product.
SCRIPT = "</script><script>alert(1)</script></textarea></title><b data-evil>{{ 71 * 191919 }}</b>"
PRODUCT = "13626249"
LINK = "javascript:alert(1)"

# What a form or a link of a page may carry.
PARAMETERS = [
    "q", "sort", "page", "state", "source", "view", "table_id", "sql", "error", "err", "msg", "next", "email", "token",
    "group", "person", "table", "action", "since", "until", "before", "by", "type", "join", "user", "mode", "origin", "show",
    "bucket", "name", "chart", "text",
]

# What these show besides the names around every page comes from nobody.
PLAIN = {
    "/", "/install", "/admin", "/query", "/reads", "/profile/access", "/profile/sessions", "/profile/sessions/{filename}",
    "/admin/grants", "/admin/register-table", "/admin/discover-tables", "/admin/upload-table", "/first-time-setup", "/login",
    "/login/password", "/login/code", "/login/email", "/auth/password/setup", "/auth/password/reset", "/_components",
}
# Shown to nobody who is signed in, or to everybody alike.
OPEN = ["/login", "/auth/", "/first-time-setup", "/_components"]
# No pages: what a page asks for, and files. Each with the type that browsers take it for.
PARTS = {
    "/query/complete": ("/query/complete?{query}", "application/json"),
    "/admin/audit/export": ("/admin/audit/export?format=csv", "text/csv"),
    "/admin/sync/events": ("/admin/sync/events", "text/event-stream"),
    "/static/{path}": ("/static/style.css", "text/css"),
    "/static/{version}/{*path}": ("/static/0/page.js", "text/javascript"),
    "/favicon.ico": ("/favicon.ico", "image/"),
}

RECORD = """
document.addEventListener("securitypolicyviolation", event => {
  (window.violations ??= []).push(`${event.violatedDirective}: ${event.sample || event.blockedURI}`);
});
"""
CHECK = """() => ({
  elements: document.querySelectorAll("[data-evil], main i").length,
  links: [...document.querySelectorAll("[href], [src], [action], [formaction]")]
    .flatMap(element => ["href", "src", "action", "formaction"].map(name => element.getAttribute(name)))
    .filter(address => /^\\s*(javascript|data|vbscript):/i.test(address ?? "")),
  violations: window.violations ?? [],
  main: document.querySelector("main")?.textContent ?? "",
  text: document.body.textContent + [...document.querySelectorAll("input, textarea")].map(field => field.value).join(" "),
})"""


def fill(admin, analyst, evil):
    """Writes it wherever somebody can write something."""
    api, own = Api(admin), Api(analyst)
    people = {user["email"]: user["id"] for user in api.get("/api/users")}
    for person in ("admin", "analyst"):
        api.call("PATCH", f"/api/users/{people[admin.job['people'][person]['email']]}", {"name": evil})
    user = api.post("/api/users", {"email": "o'<i>neil</i>@example.com", "name": evil + SCRIPT})["id"]
    group = api.post("/api/admin/groups", {"name": evil + SCRIPT, "description": evil + SCRIPT})["id"]
    api.post(f"/api/admin/users/{user}/memberships", {"group_id": group})
    for table in ("evil", evil):
        api.post("/api/admin/grants", {"group_id": group, "resource_type": "table", "resource_id": table})
    # A token has a shorter name.
    short = evil[:64]
    for caller in (api, own):
        caller.post("/auth/tokens", {"name": short})
        saved = {"name": evil, "description": evil + SCRIPT, "sql": f"SELECT 1 AS \"{SCRIPT}\" -- {evil}".replace("\n", " ")}
        caller.post("/api/saved-queries", saved)
    for table in (evil, SCRIPT, "planes"):
        own.post("/api/access-requests", {"table_id": table, "reason": evil + SCRIPT})
    asked = api.get("/api/access-requests/pending")["requests"]
    api.post(f"/api/access-requests/{asked[0]['id']}/deny", {"note": evil + SCRIPT})
    own.call("POST", "/api/query", {"sql": f"SELECT '{evil.replace(chr(39), chr(39) * 2)}' AS x FROM evil"})
    analyst.context.request.post("/auth/token", data={"email": f"{SCRIPT}@example.com", "password": evil})
    # A session says which browser it is of.
    known = analyst.job["people"]["analyst"]
    headers = {"user-agent": evil.encode("ascii", "ignore").decode() + SCRIPT, "origin": analyst.job["url"]}
    signed_in = analyst.context.request.post("/auth/password/login/web", form=known, headers=headers)
    assert signed_in.ok, signed_in.status
    for path in ("/api/admin/welcome-template", "/api/admin/workspace-prompt-template"):
        api.call("PUT", path, {"content": "{% raw %}" + evil + SCRIPT + "{% endraw %}"})
    settings = {
        "instance": {
            "name": evil, "subtitle": evil, "copyright": evil + SCRIPT, "sync_interval": evil, "show_ungranted_tables": True,
            "logo_svg": f'<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"><script>alert(1)</script></svg>',
        },
        "theme": {"font_primary": SCRIPT, "radius": evil},
        "openmetadata": {"data_product": evil, "filter_tag": evil, "tables": {evil: evil}},
        "ai": {"base_url": LINK},
        "email": {evil: evil},
    }
    api.post("/api/admin/server-config", {"sections": settings})
    run = api.post("/api/sync/trigger", None)["run_id"]
    while api.get(f"/api/sync/runs/{run}")["status"] in ("queued", "running"):
        time.sleep(0.05)
    failed = api.get(f"/api/sync/runs/{run}")
    assert sum("data-evil" in error for error in failed["errors"]) == 2, failed
    api.call("PUT", "/api/admin/registry/flights", {"description": LINK})


def long_query(admin, analyst):
    """Begins one, which is on a page as long as it runs."""
    analyst.page.evaluate("""name => {
        const sql = `SELECT count(*) AS "${name}" FROM flights a, flights b, flights c, flights d`;
        fetch("/api/query", { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify({ sql }) });
    }""", SCRIPT)
    end = time.monotonic() + 20
    while "191919" not in admin.context.request.get("/admin/system").text():
        assert time.monotonic() < end, "the query does not run"


def addresses(api, evil):
    """The pages whose address names something: what it may name."""
    groups, users = [group["id"] for group in api.get("/api/admin/groups")], [user["id"] for user in api.get("/api/users")]
    runs = [run["id"] for run in api.get("/api/sync/runs")["runs"]]
    requests = [request["id"] for request in api.get("/api/access-requests")["requests"]]
    tables = ["evil", "shop_items", "flights", evil, SCRIPT]
    here = lambda path, names: [path.format(quote(name, safe="")) for name in [*names, evil]]
    views = ["", "?view=columns", "?view=profile", "?view=sample"]
    return {
        "/catalog/{table}": [path + view for path in here("/catalog/{}", tables) for view in views],
        "/profile/sessions/{filename}": here("/profile/sessions/{}", []),
        "/admin/sync/runs/{id}": here("/admin/sync/runs/{}", runs),
        "/admin/tables/{id}": here("/admin/tables/{}", tables),
        "/admin/users/{id}": here("/admin/users/{}", users),
        "/admin/users/{id}/access": here("/admin/users/{}/access", users),
        "/admin/groups/{id}": here("/admin/groups/{}", groups),
        "/admin/groups/{id}/grants": here("/admin/groups/{}/grants", groups),
        "/admin/access-requests/{id}": here("/admin/access-requests/{}", requests),
        "/admin/access": ["/admin/access", *here("/admin/access?group={}", groups), *here("/admin/access?person={}", users),
                          *here("/admin/access?table={}", tables)],
        "/catalog": ["/catalog", "/catalog?show=ungranted"],
    }


def every_page(open_browser, evil, paths):
    visitors = {person: open_browser(person) for person in ("admin", "analyst", None)}
    admin, analyst, nobody = visitors.values()
    busy = open_browser("analyst")
    fill(admin, busy, evil)
    special = addresses(Api(admin), evil)
    query = urlencode([(name, value) for name in PARAMETERS for value in (LINK if name == "next" else evil,)])
    for visitor in visitors.values():
        visitor.page.add_init_script(RECORD)
        visitor.expected.update(range(400, 500))
    admin.go("/dashboard")
    logo = admin.page.locator(".brand img").first.get_attribute("src")
    # Its address leads to a document, whose scripts the policy stops.
    policy = admin.context.request.get(logo).headers["content-security-policy"]
    assert "default-src 'self'" in policy and "unsafe" not in policy, policy
    parts = {**PARTS, "/brand/{file}": (logo, "image/svg+xml")}
    shown = set()
    for path in paths:
        if path == "/admin/system":
            long_query(admin, busy)
        who = [admin] if path.startswith("/admin") else [admin, analyst]
        if any(path.startswith(start) for start in OPEN):
            who = [nobody, admin]
        if path in parts:
            part(admin, *parts[path], query)
        elif "{" in path and path not in special:
            print(json.dumps({"kind": "markup", "text": f"{path} is a page that this test does not know"}), flush=True)
        else:
            for visitor in who:
                for address in special.get(path, [path]):
                    if unharmed(visitor, address):
                        shown.add(path)
                    unharmed(visitor, address + ("&" if "?" in address else "?") + query)
    for path in sorted(set(paths) - shown - set(parts) - PLAIN):
        print(json.dumps({"kind": "markup", "text": f"{path} has none of the texts: write one into what it shows"}), flush=True)


def part(visitor, address, kind, query):
    """It cannot become a page, whatever it holds."""
    address = address.format(query=query)
    seen = visitor.page.evaluate("""async address => {
        const stop = new AbortController();
        const answer = await fetch(address, { signal: stop.signal });
        stop.abort();
        return [answer.headers.get("content-type"), answer.headers.get("x-content-type-options")];
    }""", address)
    if not (seen[0] or "").startswith(kind) or seen[1] != "nosniff":
        visitor.wrong("markup", f"{address} is {seen}")


def unharmed(visitor, address):
    """Returns whether the page itself shows one of the texts."""
    visitor.go(address)
    found = visitor.page.evaluate(CHECK)
    for kind in ("elements", "links", "violations"):
        if found[kind]:
            visitor.wrong("markup", f"{kind}: {found[kind]}")
    if PRODUCT in found["text"]:
        visitor.wrong("markup", "a text was taken for a template")
    return "data-evil" in found["main"]
