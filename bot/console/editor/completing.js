// What may stand where the cursor is: keys and values from the policy's JSON Schema, ids from the policy itself.

const LINE = /^(\s*)((?:-\s+)*)(?:("[^"]*"|'[^']*'|[\w.-]+)\s*:(?=\s|$)\s*(.*))?/;

/** The dashes and the key that a line begins with, each with its column; null for a comment or an empty line. */
function tokens(text) {
  if (!text.trim() || /^\s*#/.test(text)) return null;
  const [, blank, dashes, key, value] = text.match(LINE);
  const found = [];
  for (let at = 0; at < dashes.length; at++) if (dashes[at] === "-") found.push({ column: blank.length + at, dash: true });
  if (key !== undefined) found.push({ column: blank.length + dashes.length, key: key.replace(/^["']|["']$/g, ""), value });
  return found;
}

/** The way from the root to what stands at `column` of line `number`: keys, and null for an entry of a list. */
function wayTo(doc, number, column, own) {
  const way = [];
  let limit = column;
  let isDash = false;
  const take = (token) => {
    // A list's dashes may stand under its key's first letter; everything else stands further in.
    if (token.column < limit || (isDash && !token.dash && token.column === limit)) {
      way.unshift(token.dash ? null : token.key);
      limit = token.column;
      isDash = Boolean(token.dash);
    }
  };
  for (const token of own.reverse()) take(token);
  for (let at = number - 1; at >= 1 && (limit > 0 || isDash); at--) {
    for (const token of (tokens(doc.line(at).text) ?? []).reverse()) take(token);
  }
  return way;
}

/** The keys beside the one at `column`, and their values. */
function siblings(doc, number, column) {
  const found = new Map();
  const look = (from, step) => {
    for (let at = from; at >= 1 && at <= doc.lines; at += step) {
      const all = tokens(doc.line(at).text);
      if (!all || !all.length) continue;
      const own = all.find((token) => token.key !== undefined && token.column === column);
      if (step > 0 && all[0].column < column) return;
      if (own) found.set(own.key, own.value);
      if (step < 0 && all[0].column < column) return;
    }
  };
  look(number, -1);
  look(number + 1, 1);
  return found;
}

/** Every schema that may hold at the end of `way`. */
function schemasAt(schema, way, beside) {
  const resolved = (node) => {
    if (!node) return [];
    if (node.$ref) return resolved(node.$ref.split("/").slice(1).reduce((at, part) => at?.[part], schema));
    if (node.discriminator) {
      const chosen = node.discriminator.mapping?.[(beside.get("detector") ?? "").replace(/\s*#.*$/, "").trim()];
      if (chosen) return resolved({ $ref: chosen });
    }
    const choices = node.anyOf ?? node.oneOf ?? node.allOf;
    return choices ? choices.flatMap(resolved) : [node];
  };
  let found = resolved(schema);
  for (const step of way) {
    found = found.flatMap((node) =>
      step === null
        ? resolved(node.items)
        : resolved(node.properties?.[step] ?? (typeof node.additionalProperties === "object" ? node.additionalProperties : null)));
  }
  return found;
}

const short = (node) => (node?.description ?? "").split(/(?<=[.:])\s/)[0].slice(0, 90);

function keys(schemas, beside, word) {
  const found = new Map();
  for (const schema of schemas) {
    for (const [name, node] of Object.entries(schema.properties ?? {})) {
      if (name !== word && beside.has(name)) continue;
      const must = schema.required?.includes(name);
      found.set(name, { label: name, apply: `${name}: `, type: "property", detail: short(node), boost: must ? 1 : 0 });
    }
  }
  return [...found.values()];
}

function values(schemas, key, said, isQuoted) {
  const ids = { clause: said.clauses, owner: said.owners, next: said.owners, duty: said.owners, appeals: said.owners, rule: said.rules };
  const named = (ids[key] ?? []).map(({ id, title }) => ({ label: id, apply: key === "clause" && !isQuoted ? `"${id}"` : id, detail: title, type: "constant" }));
  const listed = schemas.flatMap((schema) => schema.enum ?? (schema.const !== undefined ? [schema.const] : schema.type === "boolean" ? [true, false] : []));
  return [...named, ...[...new Set(listed)].map((value) => ({ label: String(value), type: "enum" }))];
}

/** A source of completions; `words` is a promise of `{schema, clauses, owners, rules}`. */
export function completing(words) {
  return async (context) => {
    const said = await words;
    if (!said) return null;
    const { doc } = context.state;
    const line = doc.lineAt(context.pos);
    const before = line.text.slice(0, context.pos - line.from);
    if (/^\s*#|\s#\s/.test(before)) return null;
    const value = before.match(/^(\s*(?:-\s+)*)([\w.-]+):\s+["']?([\w.-]*)$/);
    const start = before.match(/^(\s*(?:-\s+)*)([\w.-]*)$/);
    if (!value && !start) return null;
    const [, lead, first, last] = value ?? start;
    const column = lead.length;
    const word = value ? last : first;
    if (!word && !context.explicit && !value) return null;
    const own = tokens(`${lead}x`)?.filter((token) => token.dash) ?? [];
    const way = wayTo(doc, line.number, column, own);
    const beside = siblings(doc, line.number, column);
    const here = schemasAt(said.schema, way, beside);
    const isQuoted = /["']$/.test(before.slice(0, before.length - word.length));
    const options = value
      ? values(schemasAt(said.schema, [...way, first], beside), first, said, isQuoted)
      : [...keys(here, beside, word), ...values(here, "", said, isQuoted)];
    return options.length ? { from: context.pos - word.length, options, validFor: /^[\w.-]*$/ } : null;
  };
}
