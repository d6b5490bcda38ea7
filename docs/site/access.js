// What mdBook's pages lack for the keyboard and for screen readers.
"use strict";
{
  const bar = document.getElementById("mdbook-menu-bar");
  bar?.setAttribute("role", "banner");

  const search = document.getElementById("mdbook-searchbar");
  search?.setAttribute("aria-label", "Search this book");

  // The label that shows and hides the table of contents becomes a button, and what is hidden takes no focus.
  const label = document.getElementById("mdbook-sidebar-toggle");
  const box = document.getElementById("mdbook-sidebar-toggle-anchor");
  const contents = document.getElementById("mdbook-sidebar");
  if (label && box && contents) {
    const button = document.createElement("button");
    button.type = "button";
    for (const name of ["id", "class", "title", "aria-label", "aria-controls"]) button.setAttribute(name, label.getAttribute(name));
    button.append(...label.childNodes);
    button.addEventListener("click", () => {
      // mdBook takes hidden contents off the page, and puts them back when its label is clicked.
      if (!box.checked) contents.style.display = "";
      box.click();
    });
    label.replaceWith(button);
    const show = () => {
      button.setAttribute("aria-expanded", String(box.checked));
      contents.inert = !box.checked;
    };
    box.addEventListener("change", show);
    show();
  }

  // What scrolls sideways can be reached without a mouse.
  for (const block of document.querySelectorAll("pre > code, .table-wrapper")) {
    block.setAttribute("tabindex", "0");
  }
}
