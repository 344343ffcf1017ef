// Keeps a preview from speaking over a verdict that somebody asked for, and says so when the server is out of reach.
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

  for (const trouble of ["htmx:sendError", "htmx:timeout"]) {
    form.addEventListener(trouble, () => result.replaceChildren(unreachable.content.cloneNode(true)));
  }
})();
