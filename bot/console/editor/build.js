// Puts the editor into one file beside the other scripts, with the licences of what is in it.
import { createHash } from "node:crypto";
import { readFileSync, readdirSync, existsSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const here = (name) => fileURLToPath(new URL(name, import.meta.url));
const parts = new Set();

// By which a test knows, without Node, that what is shipped was built from what lies here.
const digest = createHash("sha256");
for (const name of ["build.js", "completing.js", "editor.js", "package-lock.json"]) digest.update(readFileSync(here(name)));
const sources = digest.digest("hex").slice(0, 12);

const built = await build({
  entryPoints: [here("editor.js")],
  outfile: here("../static/editor.js"),
  absWorkingDir: here("."),
  bundle: true,
  minify: true,
  format: "iife",
  target: ["chrome110", "firefox115", "safari16.4"],
  charset: "utf8",
  legalComments: "none",
  metafile: true,
  banner: { js: `/* CodeMirror 6 and Vaglio's part around it, from bot/console/editor (${sources}). Licences: editor.LICENSE.txt */` },
});

for (const input of Object.keys(built.metafile.inputs)) {
  const found = input.match(/^node_modules\/((?:@[^/]+\/)?[^/]+)\//);
  if (found) parts.add(found[1]);
}
const texts = new Map(); // many parts have the same licence, word by word
for (const name of [...parts].sort()) {
  const folder = here(`node_modules/${name}`);
  const { version, license } = JSON.parse(readFileSync(`${folder}/package.json`, "utf8"));
  const file = readdirSync(folder).find((each) => /^licen[cs]e/i.test(each));
  const text = file && existsSync(`${folder}/${file}`) ? readFileSync(`${folder}/${file}`, "utf8").trim() : license;
  texts.set(text, [...(texts.get(text) ?? []), `${name} ${version} (${license})`]);
}
const told = [...texts].map(([text, names]) => `${names.join("\n")}\n\n${text}\n`);
writeFileSync(here("../static/editor.LICENSE.txt"), `What is in editor.js besides Vaglio's own part.\n\n${told.join(`\n${"-".repeat(79)}\n\n`)}`);
