// The workbench: runs statements, shows, charts and saves their results.

import { copy } from "../page.js";
import { draw } from "./chart.js";
import { Editor } from "./editor.js";
import { Exact, Grid, written } from "./grid.js";

const find = (selector) => document.querySelector(selector);
const form = find("form[data-query]");
const editor = new Editor(find("#sql"), find(".editor-shown"));
const grid = new Grid(find("[data-grid]"));
const [run, cancel, error, status, tools, chart] =
  ["button[name=run]", "[data-cancel]", "[data-error]", "[data-status]", "[data-tools]", "[data-chart]"].map(find);
let running = null;
let result = null;

find("[data-link]").hidden = false;
find("[data-history]").hidden = false;

form.addEventListener("submit", (event) => { event.preventDefault(); start(); });
cancel.addEventListener("click", () => running?.abort());
document.addEventListener("keydown", (event) => {
  if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) { event.preventDefault(); editor.close(); start(); }
  if (event.key === "Escape" && running) running.abort();
});

async function ask(sql, limit, accept, signal) {
  const answer = await fetch("/api/query", {
    method: "POST",
    headers: { "content-type": "application/json", accept },
    body: JSON.stringify({ sql, limit }),
    signal,
  });
  if (answer.ok) return answer;
  if (answer.status === 401) location.assign(`/login?next=${encodeURIComponent(link())}`);
  let detail;
  try { ({ detail } = await answer.json()); } catch { detail = `The server answered with ${answer.status}`; }
  throw new Error(typeof detail === "string" ? detail : detail?.message ?? detail?.hint ?? detail?.[0]?.msg ?? "The query failed");
}

async function start() {
  const sql = editor.text.trim();
  if (!sql || running) return;
  running = new AbortController();
  busy(true);
  error.hidden = true;
  const begun = performance.now();
  const clock = setInterval(() => { status.textContent = `Running for ${Math.round((performance.now() - begun) / 1000)} s`; }, 1000);
  status.textContent = "Running …";
  try {
    const answer = await ask(sql, Number(form.elements.limit.value), "application/json", running.signal);
    const { columns, rows, truncated } = parse(await answer.text());
    result = { sql, columns, rows };
    const seconds = ((performance.now() - begun) / 1000).toFixed(2);
    status.textContent = `${rows.length.toLocaleString()} ${rows.length === 1 ? "row" : "rows"} in ${seconds} s${truncated ? "; there are more" : ""}`;
    remember(sql);
    history.replaceState(null, "", link());
    show("grid");
  } catch (problem) {
    const isCancelled = problem.name === "AbortError";
    status.textContent = isCancelled ? "Cancelled" : "";
    if (!isCancelled) fail(problem.message);
  } finally {
    clearInterval(clock);
    running = null;
    busy(false);
  }
}

// Numbers keep all of their digits.
function parse(text) {
  if (!/\d{16}/.test(text)) return JSON.parse(text);
  const exact = (_, value, context) =>
    (typeof value === "number" && context?.source !== undefined && String(value) !== context.source && /\d{16}/.test(context.source)
      ? new Exact(context.source) : value);
  return JSON.parse(text, exact);
}

function busy(is) {
  run.disabled = is;
  cancel.hidden = !is;
  if (!is && document.activeElement === document.body) editor.area.focus();
}

function fail(text) {
  error.textContent = text;
  error.hidden = false;
}

function show(view) {
  tools.hidden = false;
  grid.frame.hidden = view !== "grid";
  chart.hidden = view !== "chart";
  for (const button of tools.querySelectorAll("[data-view]")) button.ariaPressed = String(button.dataset.view === view);
  if (view === "grid") grid.show(result.columns, result.rows);
  else draw(chart, result.columns, grid.rows);
}

tools.addEventListener("click", async (event) => {
  const button = event.target.closest("button");
  if (!button || !result) return;
  if (button.dataset.view) show(button.dataset.view);
  if ("copyRows" in button.dataset) {
    // As spreadsheets read it.
    const line = (values) => values.map((value) => (value === null ? "" : written(value).replace(/[\t\r\n]/g, " "))).join("\t");
    await copy([line(result.columns), ...grid.rows.map(line)].join("\n"));
    status.textContent = `${grid.rows.length.toLocaleString()} rows are copied`;
  }
  if (button.dataset.save) await save(button.dataset.save);
});

async function save(kind) {
  const type = { csv: "text/csv", parquet: "application/vnd.apache.parquet" }[kind];
  error.hidden = true;
  status.textContent = "Preparing the file …";
  try {
    const answer = await ask(result.sql, 10_000_000, type);
    const file = document.createElement("a");
    file.href = URL.createObjectURL(await answer.blob());
    file.download = `query.${kind}`;
    file.click();
    setTimeout(() => URL.revokeObjectURL(file.href), 60_000);
    status.textContent = "The file is saved";
  } catch (problem) {
    status.textContent = "";
    fail(problem.message);
  }
}

// The address that opens the statement again.
function link() {
  return `/query?${new URLSearchParams({ sql: editor.text.trim() })}`;
}

find("[data-link]").addEventListener("click", async () => {
  await copy(new URL(link(), location.href).href);
  status.textContent = "The link is copied";
});

// The statements of this browser, newest first.
const HISTORY = "agnes.statements";
const MOST = 50;
function statements() {
  try { return JSON.parse(localStorage.getItem(HISTORY)) ?? []; } catch { return []; }
}

function remember(sql) {
  const kept = [sql, ...statements().filter((other) => other !== sql)].slice(0, MOST);
  // The storage can be full or switched off.
  try { localStorage.setItem(HISTORY, JSON.stringify(kept)); } catch { /* nothing is lost */ }
}

find("[data-history]").addEventListener("click", () => {
  const list = find("[data-statements]");
  const dialog = find("#history");
  const entries = statements().map((sql) => {
    const [item, button] = [document.createElement("li"), document.createElement("button")];
    Object.assign(button, { type: "button", className: "quiet mono", textContent: sql.length > 300 ? `${sql.slice(0, 300)} …` : sql });
    button.addEventListener("click", () => { editor.text = sql; dialog.close(); editor.area.focus(); });
    item.append(button);
    return item;
  });
  list.replaceChildren(...(entries.length ? entries : ["No statements yet"]));
  dialog.showModal();
});
find("[data-forget]").addEventListener("click", () => {
  localStorage.removeItem(HISTORY);
  find("#history").close();
});
