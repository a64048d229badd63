// Follows the running sync: the server says when something is new, and the page loads the parts that change again.
import { localTimes } from "./page.js";

const address = document.querySelector("[data-follow]")?.dataset.follow;
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
    for (const part of document.querySelectorAll("[data-live]")) replace(part, page.getElementById(part.id));
  } finally {
    loading = false;
    if (again) { again = false; load(); }
  }
}

// What is being used stays where it is.
function replace(part, next) {
  if (!next || part.outerHTML === next.outerHTML || part.contains(document.activeElement)) return;
  part.replaceWith(next);
  localTimes(next);
  // As if the page had been opened now.
  if (document.activeElement === document.body) next.querySelector("[autofocus]")?.focus();
}

let polling;
function poll() {
  polling ??= setInterval(load, 5000);
}

if (address) {
  if ("EventSource" in window) {
    const events = new EventSource(address);
    events.addEventListener("run", load);
    // The browser connects again by itself, unless the server has refused.
    events.addEventListener("error", () => { if (events.readyState === EventSource.CLOSED) poll(); });
    addEventListener("pagehide", () => events.close());
  } else {
    poll();
  }
}
