// Follows the running sync: the server says when something is new, and the page loads the parts that change again.
import { localTimes } from "./page.js";

const PARTS = ["live", "history"];
const live = document.getElementById("live");
let loading = false;
let again = false;

async function load() {
  if (loading) { again = true; return; }
  loading = true;
  try {
    const response = await fetch(location.href, { headers: { accept: "text/html" } });
    // The session has ended: the sign-in page leads back.
    if (response.redirected) { location.reload(); return; }
    if (!response.ok) return;
    const page = new DOMParser().parseFromString(await response.text(), "text/html");
    for (const id of PARTS) replace(document.getElementById(id), page.getElementById(id));
  } finally {
    loading = false;
    if (again) { again = false; load(); }
  }
}

// What is being used stays where it is.
function replace(part, next) {
  if (!part || !next || part.innerHTML === next.innerHTML || part.contains(document.activeElement)) return;
  part.replaceChildren(...next.childNodes);
  localTimes(part);
}

let polling;
function poll() {
  polling ??= setInterval(load, 5000);
}

if (live) {
  if ("EventSource" in window) {
    const events = new EventSource(live.dataset.follow);
    events.addEventListener("run", load);
    // The browser connects again by itself, unless the server has refused.
    events.addEventListener("error", () => { if (events.readyState === EventSource.CLOSED) poll(); });
    addEventListener("pagehide", () => events.close());
  } else {
    poll();
  }
}
