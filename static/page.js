// What every page can do beside what works without a script.

// Times in the reader's zone, with the exact one on hover.
const exact = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "medium" });
const short = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "short" });
export function localTimes(root) {
  for (const time of root.querySelectorAll("time[datetime]")) {
    const at = new Date(time.dateTime);
    if (Number.isNaN(at.getTime())) continue;
    time.title = `${exact.format(at)} (${time.dateTime})`;
    if ("exact" in time.dataset) time.textContent = short.format(at);
  }
}
localTimes(document);

for (const button of document.querySelectorAll("button[data-copy]")) button.hidden = false;

document.addEventListener("click", async (event) => {
  const button = event.target.closest?.("button");
  if (!button) return;
  if ("copy" in button.dataset) {
    await copy(button.dataset.copy);
    const label = button.lastChild;
    const before = label.textContent;
    label.textContent = " Copied";
    setTimeout(() => { label.textContent = before; }, 1500);
  }
  // Browsers that do not know the attribute `command` yet.
  if (button.getAttribute("command") === "show-modal" && !("commandForElement" in HTMLButtonElement.prototype)) {
    document.getElementById(button.getAttribute("commandfor"))?.showModal();
  }
});

// A form in a dialog that was refused is open already, beside the page; here it is in front of it.
for (const dialog of document.querySelectorAll("dialog[open]")) {
  dialog.close();
  dialog.showModal();
}

// The clipboard is there only on secure origins.
export async function copy(text) {
  if (navigator.clipboard) return navigator.clipboard.writeText(text);
  const area = document.createElement("textarea");
  area.value = text;
  document.body.append(area);
  area.select();
  document.execCommand("copy");
  area.remove();
}

// Lists follow a choice at once.
for (const form of document.querySelectorAll("form[data-filters]")) {
  form.addEventListener("change", (event) => { if (event.target.matches("select")) form.requestSubmit(); });
  // Fields that are empty do not belong into the address.
  form.addEventListener("formdata", (event) => {
    for (const [name, value] of [...event.formData]) if (value === "") event.formData.delete(name);
  });
}

// The theme changes without loading the page again.
document.querySelector("form[data-theme-switch]")?.addEventListener("submit", async (event) => {
  event.preventDefault();
  const { value } = event.submitter;
  const root = document.documentElement;
  if (value === "system") delete root.dataset.theme;
  else root.dataset.theme = value;
  for (const button of event.target.elements) button.ariaPressed = String(button === event.submitter);
  await fetch("/appearance", { method: "POST", body: new URLSearchParams({ theme: value }) });
});

// A slash leads to the search field.
document.addEventListener("keydown", (event) => {
  if (event.key !== "/" || event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.target.closest("input, textarea, select, [contenteditable]")) return;
  const field = document.querySelector('main input[type="search"]');
  if (field) { event.preventDefault(); field.focus(); field.select(); }
});
