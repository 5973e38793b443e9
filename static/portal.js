// The few things a keyboard wants; every page works without this file.
"use strict";

// "/" goes to the search box, as on most lists.
document.addEventListener("keydown", (event) => {
  if (event.key !== "/" || event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.target.closest("input, textarea, select, [contenteditable]")) return;
  const search = document.querySelector("input[type=search]");
  if (!search) return;
  event.preventDefault();
  search.focus();
  search.select();
});

// Buttons that only make sense with a script are hidden until it runs.
document.addEventListener("click", (event) => {
  if (event.target.closest("[data-print]")) window.print();
});
document.documentElement.classList.add("has-script");

// One's own menu closes with Esc and when the focus leaves it.
const menu = document.querySelector("details.who");
menu?.addEventListener("keydown", (event) => {
  if (event.key !== "Escape" || !menu.open) return;
  menu.open = false;
  menu.querySelector("summary").focus();
});
menu?.addEventListener("focusout", (event) => {
  if (event.relatedTarget && !menu.contains(event.relatedTarget)) menu.open = false;
});

// "More" goes away with the press: the first row it brought gets the focus.
document.addEventListener("click", (event) => {
  const pager = event.target.closest("tr.pager");
  const before = pager?.previousElementSibling;
  if (!before) return;
  new MutationObserver((_, seen) => {
    if (pager.isConnected) return;
    seen.disconnect();
    before.nextElementSibling?.querySelector("a")?.focus();
  }).observe(before.parentNode, { childList: true });
});
