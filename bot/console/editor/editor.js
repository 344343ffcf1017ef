// The policy's editor: a textarea becomes CodeMirror, with faults and completion from Vaglio itself. Without a script the
// textarea stays what it is, and its form is sent all the same.
import { autocompletion, completionKeymap, closeBrackets, closeBracketsKeymap } from "@codemirror/autocomplete";
import { defaultKeymap, history, historyKeymap, indentWithTab } from "@codemirror/commands";
import { yaml } from "@codemirror/lang-yaml";
import { bracketMatching, foldGutter, foldKeymap, HighlightStyle, indentUnit, syntaxHighlighting } from "@codemirror/language";
import { linter, lintGutter, lintKeymap } from "@codemirror/lint";
import { highlightSelectionMatches, search, searchKeymap } from "@codemirror/search";
import { EditorState } from "@codemirror/state";
import {
  drawSelection, EditorView, highlightActiveLine, highlightActiveLineGutter, highlightSpecialChars, keymap, lineNumbers,
} from "@codemirror/view";
import { tags } from "@lezer/highlight";
import { completing } from "./completing.js";

// The page's own colours, by daylight and by lamp.
const look = EditorView.theme({
  "&": { backgroundColor: "var(--sheet)", color: "var(--ink)", fontSize: "0.9rem", maxHeight: "70vh", borderRadius: "0.6rem" },
  "&.cm-focused": { outline: "3px solid var(--accent)", outlineOffset: "0" },
  ".cm-scroller": { fontFamily: "ui-monospace, SFMono-Regular, Menlo, Consolas, monospace", lineHeight: "1.55" },
  ".cm-content": { caretColor: "var(--ink)" },
  ".cm-cursor": { borderLeftColor: "var(--ink)" },
  ".cm-gutters": { backgroundColor: "var(--ground)", color: "var(--soft)", borderRight: "1px solid var(--line)" },
  ".cm-activeLine, .cm-activeLineGutter": { backgroundColor: "var(--active)" },
  ".cm-activeLineGutter": { color: "var(--ink)" },
  "&.cm-focused > .cm-scroller > .cm-selectionLayer .cm-selectionBackground, .cm-selectionBackground": {
    backgroundColor: "var(--review-tint)",
  },
  ".cm-selectionMatch": { backgroundColor: "var(--note-tint)" },
  ".cm-searchMatch": { backgroundColor: "var(--warn-tint)", outline: "1px solid var(--warn)" },
  ".cm-panels": { backgroundColor: "var(--ground)", color: "var(--ink)" },
  ".cm-panel input, .cm-panel button": {
    backgroundColor: "var(--sheet)", backgroundImage: "none", color: "var(--ink)", border: "1px solid var(--edge)",
    borderRadius: "0.3rem",
  },
  ".cm-tooltip": { backgroundColor: "var(--sheet)", color: "var(--ink)", border: "1px solid var(--edge)", borderRadius: "0.4rem" },
  ".cm-tooltip-autocomplete ul li[aria-selected]": { backgroundColor: "var(--accent)", color: "var(--on-accent)" },
  ".cm-completionDetail": { fontStyle: "normal", opacity: "0.85" },
  // The library draws these with pictures in the style, which the page's policy forbids.
  ".cm-lintRange-error, .cm-lintRange-warning, .cm-lintRange-info, .cm-lintRange-hint": {
    backgroundImage: "none", paddingBottom: "0", textDecoration: "underline wavy var(--block)", textUnderlineOffset: "0.2em",
  },
  ".cm-lint-marker": { borderRadius: "50%", backgroundColor: "var(--block)" },
  ".cm-lint-marker-error, .cm-lint-marker-warning, .cm-lint-marker-info": { content: "none" },
  ".cm-diagnostic-error": { borderLeftColor: "var(--block)" },
  ".cm-foldPlaceholder": { backgroundColor: "var(--note-tint)", color: "var(--note)", border: "0" },
});
const colours = HighlightStyle.define([
  { tag: [tags.propertyName, tags.definition(tags.propertyName)], color: "var(--accent)", fontWeight: "600" },
  { tag: [tags.string, tags.special(tags.string)], color: "var(--clear)" },
  { tag: [tags.comment, tags.lineComment], color: "var(--soft)", fontStyle: "italic" },
  { tag: [tags.punctuation, tags.separator, tags.squareBracket, tags.brace], color: "var(--note)" },
]);

function faults(form) {
  return linter(async (view) => {
    const written = new FormData(form);
    written.set("text", view.state.doc.toString());
    const answer = await fetch(form.dataset.check, { method: "POST", body: new URLSearchParams(written) });
    if (!answer.ok) return [];
    const { problems } = await answer.json();
    return problems.filter((problem) => problem.here).map((problem) => {
      const line = view.state.doc.line(Math.max(1, Math.min(problem.line, view.state.doc.lines)));
      const from = Math.min(line.from + Math.max(0, problem.column - 1), line.to);
      const word = line.text.slice(from - line.from).match(/^\S+/);
      return { from, to: Math.max(from, from + (word ? word[0].length : 0)), severity: "error", message: problem.message };
    });
  }, { delay: 600 });
}

async function open(form) {
  const written = form.querySelector("textarea[data-editor]");
  const label = form.querySelector(`label[for="${written.id}"]`);
  const place = document.createElement("div");
  // In a shadow root the styles are adopted as objects: no <style> is written, which the page's policy forbids.
  const root = place.attachShadow({ mode: "open" });
  place.className = "editor";
  written.after(place);
  const words = form.dataset.words ? fetch(form.dataset.words).then((answer) => answer.ok ? answer.json() : null).catch(() => null) : null;
  const view = new EditorView({
    root,
    parent: root,
    state: EditorState.create({
      doc: written.value,
      extensions: [
        lineNumbers(), highlightActiveLineGutter(), highlightSpecialChars(), history(), foldGutter(), drawSelection(),
        EditorState.allowMultipleSelections.of(true), indentUnit.of("  "), bracketMatching(), closeBrackets(),
        highlightActiveLine(), highlightSelectionMatches(), search({ top: true }), EditorView.lineWrapping,
        written.dataset.editor === "yaml"
          ? [yaml(), lintGutter(), faults(form), autocompletion({ override: [completing(words)] })]
          : [],
        look, syntaxHighlighting(colours),
        EditorView.contentAttributes.of({ tabindex: "0", "aria-label": label?.textContent.trim() ?? "", "aria-describedby": "editor-keys" }),
        EditorState.phrases.of(JSON.parse(form.dataset.phrases ?? "{}")),
        keymap.of([
          ...closeBracketsKeymap, ...defaultKeymap, ...searchKeymap, ...historyKeymap, ...foldKeymap, ...completionKeymap,
          ...lintKeymap, indentWithTab,
        ]),
      ],
    }),
  });
  written.hidden = true;
  label?.addEventListener("click", () => view.focus());
  form.addEventListener("submit", () => { written.value = view.state.doc.toString(); });
  const line = Number(form.dataset.line);
  if (line > 0 && line <= view.state.doc.lines) {
    const at = view.state.doc.line(line).from;
    view.dispatch({ selection: { anchor: at }, effects: EditorView.scrollIntoView(at, { y: "start", yMargin: 40 }) });
  }
}

for (const form of document.querySelectorAll("form[data-check]")) open(form);
