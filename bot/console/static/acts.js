// Takes whoever did something about a draft to the answer.
"use strict";

document.addEventListener("htmx:afterSettle", () => document.querySelector("#acts [role=status]")?.focus());
