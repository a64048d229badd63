// A table of many rows, of which only those in sight are in the document.

const ROW = 30.4;
const AROUND = 20;

export class Grid {
  constructor(frame) {
    this.frame = frame;
    this.frame.classList.add("scroller");
    this.frame.addEventListener("scroll", () => this.draw(), { passive: true });
  }

  show(columns, rows) {
    Object.assign(this, { columns, rows, sorted: null, start: -1 });
    this.table = document.createElement("table");
    this.table.setAttribute("aria-rowcount", rows.length + 1);
    const head = this.table.createTHead().insertRow();
    head.append(cell("th", "#", "row-number"));
    columns.forEach((column, index) => {
      const heading = cell("th", "");
      heading.scope = "col";
      const button = document.createElement("button");
      button.type = "button";
      button.textContent = column;
      button.addEventListener("click", () => this.sort(index));
      heading.append(button);
      head.append(heading);
    });
    this.before = this.table.createTBody().insertRow();
    this.body = this.table.createTBody();
    this.after = this.table.createTBody().insertRow();
    for (const spacer of [this.before, this.after]) spacer.parentElement.ariaHidden = "true";
    this.frame.replaceChildren(this.table);
    this.frame.scrollTop = 0;
    this.draw();
  }

  draw() {
    if (!this.rows) return;
    const first = Math.max(0, Math.floor(this.frame.scrollTop / ROW) - AROUND);
    const last = Math.min(this.rows.length, first + Math.ceil(this.frame.clientHeight / ROW) + 2 * AROUND);
    if (first === this.start && last === this.end) return;
    [this.start, this.end] = [first, last];
    this.before.style.height = `${first * ROW}px`;
    this.after.style.height = `${(this.rows.length - last) * ROW}px`;
    this.body.replaceChildren(...this.rows.slice(first, last).map((row, index) => {
      const line = document.createElement("tr");
      line.setAttribute("aria-rowindex", first + index + 2);
      line.append(cell("td", first + index + 1, "row-number"), ...row.map((value) => this.value(value)));
      return line;
    }));
  }

  value(value) {
    if (value === null) return cell("td", "NULL", "null");
    const text = written(value);
    const shown = cell("td", text, typeof value === "number" || value instanceof Exact ? "number" : "");
    if (text.length > 30) shown.title = text;
    return shown;
  }

  // Once up, once down.
  sort(index) {
    const isReversed = this.sorted === index;
    this.sorted = isReversed ? ~index : index;
    const sign = isReversed ? -1 : 1;
    this.rows = this.rows.toSorted((one, other) => {
      const [a, b] = [one[index], other[index]];
      // NULLs are last, whatever the order.
      if (a === null || b === null) return (a === null) - (b === null);
      return sign * compare(a, b);
    });
    [...this.table.tHead.rows[0].cells].forEach((heading, at) => {
      heading.ariaSort = at === index + 1 ? (isReversed ? "descending" : "ascending") : null;
    });
    this.start = -1;
    this.draw();
  }
}

// A number with more digits than the browser's numbers hold.
export class Exact {
  constructor(text) { this.text = text; }
  toString() { return this.text; }
}

export function written(value) {
  return typeof value === "object" && !(value instanceof Exact) ? JSON.stringify(value) : String(value);
}

export function compare(a, b) {
  const isNumber = (value) => typeof value === "number" || value instanceof Exact;
  if (isNumber(a) && isNumber(b)) {
    const isWhole = (value) => /^-?\d+$/.test(String(value));
    if (isWhole(a) && isWhole(b)) { const [x, y] = [BigInt(a), BigInt(b)]; return x < y ? -1 : x > y ? 1 : 0; }
    return Number(a) - Number(b);
  }
  const [x, y] = [written(a), written(b)];
  return x < y ? -1 : x > y ? 1 : 0;
}

function cell(tag, text, className = "") {
  const made = document.createElement(tag);
  made.textContent = text;
  if (className) made.className = className;
  return made;
}
