// What makes pages better where scripts run. Every page is complete without.
"use strict";

// Parts of a page that grow while something happens: the server sends them whole.
function live(part) {
  const source = new EventSource(part.dataset.live);
  // A refusal, such as of a gateway that is down, ends a source for good: another one tries again.
  source.addEventListener("error", () => {
    if (source.readyState === EventSource.CLOSED) setTimeout(live, 3000, part);
  });
  source.addEventListener("part", (event) => {
    const focused = part.contains(document.activeElement) ? document.activeElement.id : "";
    const open = [...part.querySelectorAll("details[open]")].map((details) => details.id);
    part.innerHTML = event.data;
    for (const id of open) document.getElementById(id)?.setAttribute("open", "");
    if (focused) document.getElementById(focused)?.focus();
  });
  source.addEventListener("say", (event) => {
    const status = document.getElementById("said");
    if (status) status.textContent = event.data;
  });
  source.addEventListener("reload", () => {
    source.close();
    location.reload();
  });
  source.addEventListener("done", () => source.close());
  addEventListener("pagehide", () => source.close());
}

// A form is sent once, however often it is pressed.
function once(form) {
  form.addEventListener("submit", (event) => {
    if (form.dataset.sent) return event.preventDefault();
    form.dataset.sent = "yes";
    form.setAttribute("aria-busy", "true");
  });
}

// A page restored from the back/forward cache shows old prices and forms: reload it.
addEventListener("pageshow", (event) => {
  if (event.persisted) location.reload();
});

for (const part of document.querySelectorAll("[data-live]")) live(part);
for (const form of document.querySelectorAll("form[method=post]")) once(form);

for (const button of document.querySelectorAll("[data-print]")) {
  button.hidden = false;
  button.addEventListener("click", () => print());
}

// After a form came back with faults, the first of them is where to go on.
document.querySelector("[aria-invalid=true]")?.focus();
