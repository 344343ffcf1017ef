// Brings what is new into the queue every half minute, and leaves alone whatever somebody is writing in.
"use strict";

(() => {
  const queue = document.getElementById("queue");
  const trouble = document.getElementById("trouble");
  const unreachable = document.getElementById("unreachable");

  const isBusy = (card) =>
    card.contains(document.activeElement) ||
    card.querySelector(".htmx-request") !== null ||
    [...card.querySelectorAll("textarea, select")].some((field) => field.value.trim());

  const outdate = (card) => {
    if (!isBusy(card)) card.remove();
    // What is settled has no form any more, and stays as long as it is being read.
    else if (card.querySelector("form")) card.querySelector(".meanwhile").hidden = false;
  };

  const bring = (fresh) => {
    const cards = document.getElementById("cards");
    const ids = new Set([...fresh.querySelectorAll("#cards > article")].map((card) => card.id));
    for (const card of [...cards.children]) if (!ids.has(card.id)) outdate(card);
    let before = null;
    for (const card of fresh.querySelectorAll("#cards > article")) {
      const known = document.getElementById(card.id);
      if (known && known.dataset.stands === card.dataset.stands) {
        known.querySelector(".chip")?.replaceWith(card.querySelector(".chip") ?? "");
        before = known;
      } else if (known && isBusy(known)) {
        outdate(known);
        before = known;
      } else {
        const placed = document.importNode(card, true);
        if (known) known.replaceWith(placed);
        else if (before) before.after(placed);
        else cards.prepend(placed);
        htmx.process(placed);
        before = placed;
      }
    }
    const many = fresh.querySelector("#how-many");
    document.getElementById("how-many").replaceWith(many);
    const badge = document.querySelector("nav a[aria-current] .waiting");
    if (badge) {
      badge.textContent = many.dataset.many;
      badge.hidden = many.dataset.many === "0";
    }
    document.title = document.title.replace(/^(\(\d+\) )?/, many.dataset.many === "0" ? "" : `(${many.dataset.many}) `);
  };

  queue?.addEventListener("htmx:beforeRequest", (event) => {
    // Nobody is looking: the next round is soon enough.
    if (event.detail.elt === queue && document.hidden) event.preventDefault();
  });
  queue?.addEventListener("htmx:beforeSwap", (event) => {
    if (event.detail.target !== queue) return;
    event.detail.shouldSwap = false;
    const fresh = new DOMParser().parseFromString(event.detail.serverResponse, "text/html");
    if (event.detail.xhr.status !== 200) {
      trouble.replaceChildren(...document.importNode(fresh.body, true).childNodes);
      return;
    }
    trouble.replaceChildren();
    bring(fresh);
  });
  for (const failed of ["htmx:sendError", "htmx:timeout"]) {
    document.addEventListener(failed, () => trouble?.replaceChildren(unreachable.content.cloneNode(true)));
  }
  // Whoever pressed a button is taken to what there is to say.
  document.addEventListener("htmx:afterSettle", ({ detail }) => detail.elt.querySelector?.("[role=status]")?.focus());
})();
