// Bars, lines or points of a result, as SVG.

import { Exact, written } from "./grid.js";

const [WIDTH, HEIGHT] = [760, 320];
const SPACE = { left: 64, right: 16, top: 12, bottom: 44 };
// More than a screen can show.
const MAX = 5_000;
const MAX_BARS = 60;

export function draw(frame, columns, rows) {
  const kinds = columns.map((_, index) => kindOf(rows, index));
  const numbers = columns.map((_, index) => index).filter((index) => kinds[index] === "number");
  if (!numbers.length || !rows.length) {
    frame.replaceChildren(paragraph("A chart needs rows, and a column of numbers."));
    return;
  }
  const x = columns.findIndex((_, index) => kinds[index] !== "number");
  const choice = { x: x < 0 ? 0 : x, y: numbers.find((index) => index !== x && (x >= 0 || index > 0)) ?? numbers[0] };
  choice.kind = kinds[choice.x] === "time" ? "line" : kinds[choice.x] === "number" ? "scatter" : "bar";
  const figure = document.createElement("div");
  const controls = document.createElement("div");
  controls.className = "actions";
  const change = (name) => (value) => { choice[name] = name === "kind" ? value : Number(value); render(); };
  controls.append(
    select("Kind", [["bar", "Bars"], ["line", "Line"], ["scatter", "Points"]], choice.kind, change("kind")),
    select("Across", columns.map((column, index) => [index, column]), choice.x, change("x")),
    select("Up", numbers.map((index) => [index, columns[index]]), choice.y, change("y")),
  );
  frame.replaceChildren(controls, figure);
  const render = () => figure.replaceChildren(...picture(choice, columns, rows, kinds));
  render();
}

function picture({ kind, x, y }, columns, rows, kinds) {
  const most = kind === "bar" ? MAX_BARS : MAX;
  const isNumeric = kind !== "bar" && kinds[x] !== "text";
  let points = rows.filter((row) => row[y] !== null && row[x] !== null)
    .map((row) => ({ x: isNumeric ? position(row[x], kinds[x]) : row[x], y: Number(row[y]), label: written(row[x]), shown: written(row[y]) }))
    .filter((point) => Number.isFinite(point.y) && (!isNumeric || Number.isFinite(point.x)));
  const left = points.length - most;
  points = points.slice(0, most);
  if (!points.length) return [paragraph("There is nothing to draw.")];
  if (kind === "line" && isNumeric) points.sort((one, other) => one.x - other.x);
  const ys = points.map((point) => point.y);
  const [low, high, step] = scale(Math.min(...ys, kind === "scatter" ? Infinity : 0), Math.max(...ys, kind === "scatter" ? -Infinity : 0));
  const up = (value) => HEIGHT - SPACE.bottom - (HEIGHT - SPACE.top - SPACE.bottom) * (value - low) / (high - low || 1);
  const width = WIDTH - SPACE.left - SPACE.right;
  const xs = points.map((point) => point.x);
  const [first, last] = isNumeric ? [Math.min(...xs), Math.max(...xs)] : [0, points.length];
  const across = (point, index) => SPACE.left + width * (isNumeric ? (point.x - first) / (last - first || 1) : (index + 0.5) / points.length);
  const svg = shape("svg", { class: "chart", viewBox: `0 0 ${WIDTH} ${HEIGHT}`, role: "img", "aria-label": `${columns[y]} by ${columns[x]}, ${points.length} values from ${low} to ${high}` });
  for (let value = low; value <= high + step / 2; value += step) {
    svg.append(shape("line", { class: "tick", x1: SPACE.left, x2: WIDTH - SPACE.right, y1: up(value), y2: up(value) }),
      text(short(value), { x: SPACE.left - 8, y: up(value) + 4, "text-anchor": "end" }));
  }
  const titled = (element, point) => {
    element.append(shape("title", {}, `${point.label}: ${point.shown}`));
    return element;
  };
  if (kind === "line") svg.append(shape("polyline", { class: "line", points: points.map((point, index) => `${across(point, index)},${up(point.y)}`).join(" ") }));
  points.forEach((point, index) => {
    const at = across(point, index);
    if (kind === "bar") {
      const bar = Math.max(1, width / points.length * 0.8);
      svg.append(titled(shape("rect", { class: "bar", x: at - bar / 2, width: bar, y: Math.min(up(point.y), up(0)), height: Math.abs(up(point.y) - up(0)) }), point));
    } else if (kind === "scatter" || points.length <= 200) {
      svg.append(titled(shape("circle", { class: "point", cx: at, cy: up(point.y), r: 3 }), point));
    }
  });
  const every = Math.ceil(points.length / 8);
  points.forEach((point, index) => {
    if (index % every) return;
    const label = point.label.length > 12 ? `${point.label.slice(0, 11)}…` : point.label;
    svg.append(text(label, { x: across(point, index), y: HEIGHT - SPACE.bottom + 18, "text-anchor": "middle" }));
  });
  svg.append(shape("line", { class: "axis", x1: SPACE.left, x2: WIDTH - SPACE.right, y1: up(Math.max(low, 0)), y2: up(Math.max(low, 0)) }),
    text(columns[x], { x: SPACE.left + width / 2, y: HEIGHT - 6, "text-anchor": "middle" }));
  return left > 0 ? [svg, paragraph(`The first ${most.toLocaleString()} of ${(left + most).toLocaleString()} values.`)] : [svg];
}

const TIME = /^-?\d{4,}-\d{2}-\d{2}(?:[T ]\d{2}:\d{2}(?::\d{2}(?:\.\d+)?)?(?:Z|[+-]\d{2}(?::?\d{2})?)?)?$/;

function kindOf(rows, index) {
  const values = rows.slice(0, 100).map((row) => row[index]).filter((value) => value !== null);
  if (!values.length) return "text";
  if (values.every((value) => typeof value === "number" || value instanceof Exact || (typeof value === "string" && /^-?\d+(\.\d+)?$/.test(value)))) return "number";
  return values.every((value) => typeof value === "string" && TIME.test(value)) ? "time" : "text";
}

const position = (value, kind) => (kind === "time" ? Date.parse(/[Z+]|\d-\d{2}:/.test(value.slice(10)) || value.length <= 10 ? value.replace(" ", "T") : `${value.replace(" ", "T")}Z`) : Number(value));

// Round numbers around a range: the least, the most, and the step between lines.
function scale(low, high) {
  if (low === high) [low, high] = [Math.min(low, 0), Math.max(high, 0) || 1];
  const rough = (high - low) / 5;
  const size = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].find((factor) => factor * size >= rough) * size;
  return [Math.floor(low / step) * step, Math.ceil(high / step) * step, step];
}

const short = (value) => new Intl.NumberFormat(undefined, { notation: "compact", maximumFractionDigits: 2 }).format(value);

function shape(name, attributes, content) {
  const made = document.createElementNS("http://www.w3.org/2000/svg", name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  if (content !== undefined) made.textContent = content;
  return made;
}

const text = (content, attributes) => shape("text", attributes, content);

function select(label, options, chosen, change) {
  const wrapped = document.createElement("label");
  wrapped.className = "check";
  const made = document.createElement("select");
  made.append(...options.map(([value, content]) => new Option(content, value, false, String(value) === String(chosen))));
  made.addEventListener("change", () => change(made.value));
  wrapped.append(`${label} `, made);
  return wrapped;
}

function paragraph(content) {
  const made = document.createElement("p");
  made.className = "quiet-text";
  made.textContent = content;
  return made;
}
