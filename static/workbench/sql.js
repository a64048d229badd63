// Splits SQL into tokens, as far as an editor needs it.

export const KEYWORDS = new Set(`all and any anti as asc asof between by case cast cross cube current desc describe distinct else
end escape except exclude exists false fetch filter first following for from full glob group grouping having ilike in inner
intersect interval is join last lateral left like limit natural not null nulls offset on or order outer over partition pivot
positional preceding qualify range recursive replace right rollup row rows select semi similar some struct summarize table
tablesample then ties true try_cast unbounded union unnest unpivot using values when where window with within
`.split(/\s+/).filter(Boolean));

const TOKEN = new RegExp([
  "(?<comment>--[^\\n]*|/\\*[^]*?(?:\\*/|$))",
  "(?<string>'(?:[^']|'')*(?:'|$)|\\$\\$[^]*?(?:\\$\\$|$))",
  '(?<name>"(?:[^"]|"")*(?:"|$))',
  "(?<number>\\b\\d[\\d_]*(?:\\.\\d+)?(?:e[+-]?\\d+)?\\b)",
  "(?<word>[\\p{L}_][\\p{L}\\p{N}_]*)",
  "(?<other>\\s+|[^])",
].join("|"), "giu");

// Yields kind and text of each token; the kind is empty for what has no colour.
export function* tokens(sql) {
  for (const found of sql.matchAll(TOKEN)) {
    const { comment, string, number, word } = found.groups;
    const [text] = found;
    let kind = comment ? "comment" : string ? "string" : number ? "number" : "";
    if (word && KEYWORDS.has(word.toLowerCase())) kind = "keyword";
    else if (word && /^\s*\(/.test(sql.slice(found.index + text.length, found.index + text.length + 20))) kind = "function";
    yield [kind, text];
  }
}

// The word before a position, and whether the position is within a string or a comment.
export function wordBefore(sql, position) {
  const before = sql.slice(0, position);
  let last = ["", ""];
  for (const token of tokens(before)) last = token;
  const isText = last[0] === "comment" || (last[0] === "string" && !/^'(?:[^']|'')*'$/u.test(last[1]));
  return { word: before.match(/[\p{L}_][\p{L}\p{N}_]*$/u)?.[0] ?? "", isText };
}

export function quoted(name) {
  const isPlain = /^[a-z_][a-z0-9_]*$/i.test(name) && !KEYWORDS.has(name.toLowerCase());
  return isPlain ? name : `"${name.replaceAll('"', '""')}"`;
}
