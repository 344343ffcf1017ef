// Keeps a preview from speaking over a verdict that somebody asked for, puts a proposal into the draft's field, and says
// so when the server is out of reach.
"use strict";

(() => {
  const form = document.getElementById("draft-form");
  const fields = document.getElementById("fields");
  const result = document.getElementById("result");
  const unreachable = document.getElementById("unreachable");
  const written = () => new URLSearchParams(new FormData(form)).toString();
  let checking = false;
  let checked = null; // what the form held when its verdict was asked for

  form.addEventListener("htmx:beforeRequest", (event) => {
    if (event.detail.elt !== fields) {
      checking = true;
      checked = written();
      result.setAttribute("aria-busy", "true");
      htmx.trigger(fields, "htmx:abort");
    } else if (checking || written() === checked) {
      event.preventDefault();
    } else {
      checked = null;
    }
  });

  form.addEventListener("htmx:afterRequest", (event) => {
    if (event.detail.elt === fields || !checking) return;
    checking = false;
    result.removeAttribute("aria-busy");
    if (written() !== checked) htmx.trigger(fields, "input");
    // Whoever pressed the button is taken to the answer, which on a phone lies below the form.
    document.getElementById("verdict")?.focus({ preventScroll: true });
    const { top } = result.getBoundingClientRect();
    if (top < 0 || top > window.innerHeight / 2) result.scrollIntoView();
  });

  result.addEventListener("click", (event) => {
    if (!event.target.closest(".use")) return;
    const text = document.getElementById("text");
    const { value } = document.getElementById("proposed");
    text.focus();
    text.select();
    // As if it were typed: undoing brings back the writer's own words.
    if (document.execCommand("insertText", false, value)) return;
    text.value = value;
    text.dispatchEvent(new Event("input", { bubbles: true }));
  });

  for (const trouble of ["htmx:sendError", "htmx:timeout"]) {
    form.addEventListener(trouble, () => result.replaceChildren(unreachable.content.cloneNode(true)));
  }
})();
