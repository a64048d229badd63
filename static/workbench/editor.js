// A text area with colours behind it, and a list of what can follow.

import { KEYWORDS, quoted, tokens, wordBefore } from "./sql.js";

// Longer statements are shown without colours.
const MAX_SHOWN = 100_000;

export class Editor {
  constructor(area, shown) {
    this.area = area;
    this.shown = shown;
    this.list = document.createElement("ul");
    Object.assign(this.list, { className: "completions", role: "listbox", id: "completions", hidden: true });
    this.list.setAttribute("aria-label", "Completions");
    area.parentElement.append(this.list);
    for (const [name, value] of Object.entries({ "aria-autocomplete": "list", "aria-controls": "completions",
      "aria-haspopup": "listbox" })) area.setAttribute(name, value);
    area.addEventListener("input", () => { this.draw(); this.suggest(false); });
    area.addEventListener("scroll", () => { this.shown.scrollTop = area.scrollTop; });
    area.addEventListener("keydown", (event) => this.key(event));
    area.addEventListener("blur", () => this.close());
    this.list.addEventListener("mousedown", (event) => {
      event.preventDefault();
      const item = event.target.closest("li");
      if (item) this.insert(item.dataset.text);
    });
    new ResizeObserver(() => this.draw()).observe(area);
    this.draw();
  }

  get text() { return this.area.value; }

  set text(sql) {
    this.area.value = sql;
    this.draw();
  }

  draw() {
    const { value } = this.area;
    const isShown = value.length <= MAX_SHOWN;
    this.area.parentElement.classList.toggle("is-shown", isShown);
    if (!isShown) return this.shown.replaceChildren();
    const parts = [];
    for (const [kind, text] of tokens(value)) {
      if (!kind) { parts.push(text); continue; }
      const part = document.createElement("span");
      part.className = `sql-${kind}`;
      part.textContent = text;
      parts.push(part);
    }
    this.shown.replaceChildren(...parts, "\n");
  }

  key(event) {
    const isOpen = !this.list.hidden;
    if (event.key === " " && event.ctrlKey) { event.preventDefault(); return this.suggest(true); }
    if (!isOpen) return;
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step) { event.preventDefault(); this.select(this.selected + step); }
    else if (["Enter", "Tab"].includes(event.key) && !event.ctrlKey && !event.metaKey) {
      event.preventDefault();
      this.insert(this.list.children[this.selected].dataset.text);
    } else if (event.key === "Escape") { event.preventDefault(); this.close(); }
  }

  async suggest(isAsked) {
    const { value, selectionStart } = this.area;
    const { word, isText } = wordBefore(value, selectionStart);
    if (isText || (!isAsked && word.length < 2)) return this.close();
    this.request?.abort();
    this.request = new AbortController();
    let found = [];
    try {
      const query = new URLSearchParams({ word, sql: value.slice(0, 4000) });
      const answer = await fetch(`/query/complete?${query}`, { signal: this.request.signal });
      if (answer.ok) found = await answer.json();
    } catch { return; }
    // Somebody has typed on meanwhile.
    if (this.area.selectionStart !== selectionStart || this.area.value !== value) return;
    const keywords = word ? [...KEYWORDS].filter((keyword) => keyword.startsWith(word.toLowerCase())) : [];
    found.push(...keywords.map((text) => ({ text: text.toUpperCase(), kind: "keyword", detail: "" })));
    const isDone = found.length === 1 && found[0].text.toLowerCase() === word.toLowerCase();
    if (!found.length || isDone) return this.close();
    this.word = word;
    this.show(found);
  }

  show(found) {
    this.list.replaceChildren(...found.map(({ text, kind, detail }, index) => {
      const item = document.createElement("li");
      item.id = `completion-${index}`;
      item.role = "option";
      item.dataset.text = ["column", "relation"].includes(kind) ? quoted(text) : text;
      const about = document.createElement("span");
      about.textContent = detail || (kind === "relation" ? "table" : kind);
      item.append(text, about);
      return item;
    }));
    const place = this.caret();
    this.list.style.left = `${place.left}px`;
    this.list.style.top = `${place.top}px`;
    this.list.hidden = false;
    this.select(0);
  }

  // Where the cursor is, which the text behind tells.
  caret() {
    const range = document.createRange();
    let left = this.area.selectionStart - this.word.length;
    const texts = document.createTreeWalker(this.shown, NodeFilter.SHOW_TEXT);
    while (texts.nextNode()) {
      const { length } = texts.currentNode;
      if (left <= length) { range.setStart(texts.currentNode, left); break; }
      left -= length;
    }
    const mark = range.getBoundingClientRect();
    const frame = this.area.parentElement.getBoundingClientRect();
    if (!mark.height) return { left: 8, top: 32 };
    return { left: Math.max(0, Math.min(mark.left - frame.left, frame.width - 240)), top: mark.bottom - frame.top + 2 };
  }

  select(index) {
    const items = [...this.list.children];
    this.selected = (index + items.length) % items.length;
    items.forEach((item, at) => { item.ariaSelected = String(at === this.selected); });
    items[this.selected].scrollIntoView({ block: "nearest" });
    this.area.setAttribute("aria-activedescendant", items[this.selected].id);
  }

  insert(text) {
    const end = this.area.selectionStart;
    this.area.setRangeText(text, end - this.word.length, end, "end");
    this.close();
    this.draw();
  }

  close() {
    this.request?.abort();
    this.list.hidden = true;
    this.area.removeAttribute("aria-activedescendant");
  }
}
