// Shows the clause beside a mark under the pointer, or whose number has the focus. Escape closes it; without this file
// the numbers are links to what is said below.
"use strict";

(() => {
  if (!HTMLElement.prototype.showPopover) return;
  const EDGE = 8; // pixels between a tip and the window's edge
  const LINGER = 150; // milliseconds in which the pointer may travel from a mark to its tip
  let open = null;
  let shown = null; // the mark, or the number, that it stands beside
  let leaving = 0;

  const hide = () => {
    clearTimeout(leaving);
    if (open?.isConnected) open.hidePopover();
    open = shown = null;
  };

  const place = () => {
    // Of a mark that runs over several lines, where it begins.
    const at = shown.getClientRects()[0] ?? shown.getBoundingClientRect();
    const { width, height } = open.getBoundingClientRect();
    const below = at.bottom + EDGE / 2;
    const fits = below + height + EDGE <= window.innerHeight;
    open.style.left = `${Math.max(EDGE, Math.min(at.left, document.documentElement.clientWidth - width - EDGE))}px`;
    open.style.top = `${fits ? below : Math.max(EDGE, at.top - height - EDGE / 2)}px`;
  };

  const show = (mark) => {
    const tip = document.getElementById(mark.dataset.tip);
    clearTimeout(leaving);
    if (!tip || (tip === open && mark === shown)) return;
    hide();
    tip.showPopover();
    [open, shown] = [tip, mark];
    place();
  };

  document.addEventListener("pointerover", ({ target }) => {
    const mark = target.closest?.("[data-tip]");
    if (mark) show(mark);
    else if (open && open.contains(target)) clearTimeout(leaving);
  });
  document.addEventListener("pointerout", ({ target, relatedTarget, pointerType }) => {
    // A finger is always lifted: what it tapped stays until it taps elsewhere.
    if (!open || pointerType === "touch" || !target.closest?.("[data-tip], .tip") || open.contains(relatedTarget)) return;
    clearTimeout(leaving);
    leaving = setTimeout(hide, LINGER);
  });
  document.addEventListener("focusin", ({ target }) => {
    const mark = target.closest?.("a[data-tip]");
    if (mark) show(mark);
    // A tap on a mark gives the focus to what it stands in.
    else if (open && !target.contains(shown)) hide();
  });
  document.addEventListener("keydown", ({ key }) => {
    if (key === "Escape") hide();
  });
  document.addEventListener("click", ({ target }) => {
    if (!target.closest?.("mark[data-tip], .tip")) hide();
  });
  // A number that comes into the focus may have to be scrolled to.
  const follow = ({ target }) => {
    if (!open || open.contains(target)) return;
    const { top, bottom } = shown.getBoundingClientRect();
    if (!shown.isConnected || bottom < 0 || top > window.innerHeight) hide();
    else place();
  };
  document.addEventListener("scroll", follow, { capture: true, passive: true });
  window.addEventListener("resize", hide);
})();
