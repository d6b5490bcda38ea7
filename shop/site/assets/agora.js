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
    heard(part);
    const focused = part.contains(document.activeElement) ? document.activeElement.id : "";
    const open = [...part.querySelectorAll("details[open]")].map((details) => details.id);
    part.innerHTML = event.data;
    for (const graph of part.querySelectorAll("[data-play]")) player(graph);
    for (const id of open) document.getElementById(id)?.setAttribute("open", "");
    if (focused) document.getElementById(focused)?.focus();
  });
  source.addEventListener("say", (event) => {
    const status = document.getElementById("said");
    if (status) status.textContent = event.data;
  });
  source.addEventListener("wait", (event) => {
    const place = part.querySelector("[data-wait]");
    if (place) place.textContent = event.data;
  });
  source.addEventListener("reload", () => {
    source.close();
    location.reload();
  });
  source.addEventListener("done", () => source.close());
  addEventListener("pagehide", () => source.close());
}

// A part that is updated at least every so many seconds says so when it is not, and since when.
function heard(part) {
  const pulse = Number(part.dataset.pulse);
  if (!pulse) return;
  const at = Date.now();
  part.classList.remove("stale");
  part.previousElementSibling?.matches(".no-news") && part.previousElementSibling.remove();
  clearInterval(part.watch);
  part.watch = setInterval(() => {
    const seconds = Math.round((Date.now() - at) / 1000);
    if (seconds < 2 * pulse + 3) return;
    const old = part.querySelector(".as-of");
    if (!part.classList.contains("stale")) {
      part.classList.add("stale");
      const note = document.createElement("p");
      note.className = "alert warn no-news";
      note.setAttribute("role", "status");
      part.before(note);
      // Since when in the words and the zone of the shop, which may not be those of the browser.
      note.textContent = `No news since ${old?.textContent.replace(/^As of /, "") ?? "a while"}: what is shown may be out of date.`;
    }
    if (old) old.textContent = `${seconds} seconds old`;
  }, 1000);
}

// What was recorded, played again in slow motion: every step takes a second, however fast it was. What is later than the slider is faint.
function player(part) {
  const marks = [...part.querySelectorAll("[data-at]")];
  const times = [...new Set(marks.map((mark) => Number(mark.dataset.at)))].sort((one, other) => one - other);
  const last = times.length - 1;
  if (last < 1) return;
  const words = (micros) => {
    const [ms, tenths, seconds] = [100, 1e5, 1e6].map((unit) => Math.round(micros / unit));
    if (ms < 10000) return `${(ms / 10).toFixed(1)} ms`;
    return tenths < 600 ? `${(tenths / 10).toFixed(1)} s` : `${Math.floor(seconds / 60)} min ${seconds % 60} s`;
  };
  const make = (name, members) => Object.assign(document.createElement(name), members);
  const bar = make("div", { className: "player" });
  const button = make("button", { type: "button", className: "quiet small", textContent: "Play slowly" });
  const slider = make("input", { type: "range", min: 0, max: last * 1000, step: 10, value: last * 1000, ariaLabel: "Time after the first event" });
  const shown = make("output", {});
  bar.append(button, slider, shown);
  part.prepend(bar);
  let started = null;
  const show = () => {
    const step = Math.min(Math.floor(slider.value / 1000), last - 1);
    const at = times[step] + (times[step + 1] - times[step]) * (slider.value / 1000 - step);
    for (const mark of marks) mark.classList.toggle("later", Number(mark.dataset.at) > at);
    shown.textContent = slider.ariaValueText = `${words(at)} of ${words(times[last])}`;
  };
  const play = (now) => {
    if (started === null || !part.isConnected) return;
    slider.value = Math.max(0, now - started);
    show();
    if (slider.value >= last * 1000) stop();
    else requestAnimationFrame(play);
  };
  const stop = () => {
    started = null;
    button.textContent = "Play slowly";
  };
  button.addEventListener("click", () => {
    if (started !== null) return stop();
    if (slider.value >= last * 1000) slider.value = 0;
    started = performance.now() - slider.value;
    button.textContent = "Pause";
    requestAnimationFrame(play);
  });
  slider.addEventListener("input", () => {
    stop();
    show();
  });
  show();
}

// A form is sent once, however often it is pressed.
function once(form) {
  form.addEventListener("submit", (event) => {
    if (form.dataset.sent) return event.preventDefault();
    form.dataset.sent = "yes";
    form.setAttribute("aria-busy", "true");
  });
}

// What is typed into the search field is answered below it: a list of options, each of which leads somewhere.
function suggest(field) {
  const list = document.createElement("ul");
  list.id = "suggestions";
  list.className = "suggestions";
  list.setAttribute("role", "listbox");
  list.setAttribute("aria-label", "Suggestions");
  list.hidden = true;
  field.form.append(list);
  const attributes = { role: "combobox", "aria-autocomplete": "list", "aria-controls": list.id, "aria-expanded": "false" };
  for (const [name, value] of Object.entries(attributes)) field.setAttribute(name, value);
  let asking = new AbortController();
  let timer;
  const options = () => [...list.children];
  const show = (shown) => {
    list.hidden = !shown;
    field.setAttribute("aria-expanded", String(shown));
    if (!shown) field.removeAttribute("aria-activedescendant");
  };
  const choose = (option) => {
    for (const other of options()) other.setAttribute("aria-selected", String(other === option));
    if (option) field.setAttribute("aria-activedescendant", option.id);
    else field.removeAttribute("aria-activedescendant");
  };
  const ask = async () => {
    asking.abort();
    asking = new AbortController();
    const typed = field.value.trim();
    if (!typed) return show(false);
    try {
      const answer = await fetch(`${field.dataset.suggestions}?q=${encodeURIComponent(typed)}`, { signal: asking.signal });
      if (!answer.ok || document.activeElement !== field) return;
      list.innerHTML = await answer.text();
      show(list.children.length > 0);
    } catch {
      // The page without suggestions is complete.
    }
  };
  field.addEventListener("input", () => {
    clearTimeout(timer);
    timer = setTimeout(ask, 100);
  });
  field.addEventListener("keydown", (event) => {
    const all = options();
    const chosen = all.findIndex((option) => option.getAttribute("aria-selected") === "true");
    if (event.key === "Escape" && !list.hidden) {
      event.preventDefault();
      show(false);
    } else if (event.key === "ArrowDown" && list.hidden) {
      ask();
    } else if ((event.key === "ArrowDown" || event.key === "ArrowUp") && !list.hidden) {
      event.preventDefault();
      const step = event.key === "ArrowDown" ? 1 : -1;
      choose(all[(chosen + step + all.length + (chosen < 0 && step < 0 ? 1 : 0)) % all.length]);
    } else if (event.key === "Enter" && !list.hidden && chosen >= 0) {
      event.preventDefault();
      location.assign(all[chosen].dataset.href);
    }
  });
  field.addEventListener("blur", () => show(false));
  // The field keeps the focus until the option is taken.
  list.addEventListener("pointerdown", (event) => event.preventDefault());
  list.addEventListener("click", (event) => {
    const option = event.target.closest("[data-href]");
    if (option) location.assign(option.dataset.href);
  });
}

// An order is put together on the product's page: its sum follows the quantity, and its button is binding. Without scripts the
// next page shows the sum, and has that button.
function order(form) {
  const field = form.elements.Quantity;
  const sum = form.querySelector(".purchase");
  const button = form.querySelector("button[type=submit]");
  const obstacle = form.querySelector("[data-obstacle]");
  const { currency } = sum.dataset;
  const [price, stock] = [sum.dataset.price, sum.dataset.stock].map(Number);
  const credit = sum.dataset.credit === "" ? Infinity : Number(sum.dataset.credit);
  const symbol = { EUR: "€", USD: "$", GBP: "£" }[currency] ?? `${currency}\u00a0`;
  const written = (minor) => symbol + (minor / 100).toLocaleString("en-US", { minimumFractionDigits: 2, maximumFractionDigits: 2 });
  const inTheWay = (pieces) => {
    if (!(Number.isInteger(pieces) && pieces >= 1)) return "How many? A whole number, please.";
    if (pieces > stock) return stock === 1 ? "Only one is left." : `Only ${stock.toLocaleString("en-US")} can be ordered.`;
    if (pieces * price <= credit) return "";
    const fits = Math.floor(credit / price);
    if (fits < 1) return `Your credit of ${written(credit)} is not enough for this.`;
    return `Your credit of ${written(credit)} is enough for ${fits === 1 ? "one" : fits.toLocaleString("en-US")}.`;
  };
  const put = (name, text) => {
    const place = sum.querySelector(`[data-${name}]`);
    if (place) place.textContent = text;
  };
  const update = () => {
    const pieces = Number(field.value);
    const words = inTheWay(pieces);
    const isWhole = Number.isInteger(pieces) && pieces >= 1;
    put("count", isWhole ? pieces.toLocaleString("en-US") : "–");
    put("total", isWhole ? written(pieces * price) : "–");
    put("after", isWhole && pieces * price <= credit ? written(credit - pieces * price) : "–");
    obstacle.textContent = words;
    obstacle.hidden = !words;
    button.disabled = Boolean(words) && Boolean(form.dataset.order);
  };
  for (const step of form.querySelectorAll("[data-step]")) {
    step.hidden = false;
    step.addEventListener("click", () => {
      field.value = Math.min(Math.max((Number(field.value) || 0) + Number(step.dataset.step), 1), stock);
      update();
    });
  }
  field.addEventListener("input", update);
  if (form.dataset.order) {
    form.method = "post";
    form.action = form.dataset.order;
    for (const [name, value] of [["_csrf", form.dataset.csrf], ["Key", form.dataset.key], ["Price", form.dataset.price]]) {
      const input = Object.assign(document.createElement("input"), { type: "hidden", name, value });
      form.append(input);
    }
    button.textContent = button.dataset.binding;
  }
  update();
}

// Rows of a list are picked, all of a page at once too, and only those fields are shown that the chosen change needs.
function picks(form) {
  const boxes = [...form.querySelectorAll("[name=Pick]")];
  const all = form.querySelector("[data-all]");
  const everything = form.elements.All;
  const said = form.querySelector("[data-picked]");
  const update = () => {
    const count = boxes.filter((box) => box.checked).length;
    all.checked = count === boxes.length;
    all.indeterminate = count > 0 && count < boxes.length;
    said.textContent = everything?.checked ? "– all" : count ? `– ${count} picked` : "";
    for (const field of form.querySelectorAll("[data-for]")) field.hidden = !field.dataset.for.split(" ").includes(form.elements.Action.value);
  };
  all.hidden = false;
  all.addEventListener("change", () => {
    for (const box of boxes) box.checked = all.checked;
  });
  form.addEventListener("change", update);
  update();
}

// A picture can be dropped, and is shown before it is sent.
function upload(form) {
  const field = form.querySelector("input[type=file]");
  const wrong = (text) => {
    field.setCustomValidity(text);
    field.reportValidity();
  };
  const show = async () => {
    const [file] = field.files;
    field.setCustomValidity("");
    if (!file) return;
    if (file.size > 200 * 1024) return wrong("This file is larger than 200 KB.");
    try {
      const image = await createImageBitmap(file, { resizeWidth: 400 });
      const canvas = Object.assign(document.createElement("canvas"), { width: image.width, height: image.height });
      canvas.setAttribute("role", "img");
      canvas.setAttribute("aria-label", "The picture you chose");
      canvas.getContext("2d").drawImage(image, 0, 0);
      form.querySelector(".office-picture").replaceChildren(canvas);
    } catch {
      wrong("This file is not a picture.");
    }
  };
  field.addEventListener("change", show);
  for (const kind of ["dragover", "dragleave", "drop"]) {
    form.addEventListener(kind, (event) => {
      event.preventDefault();
      form.classList.toggle("over", kind === "dragover");
    });
  }
  form.addEventListener("drop", (event) => {
    if (event.dataTransfer.files.length) field.files = event.dataTransfer.files;
    show();
  });
}

// A choice from a list applies at once; only what is typed needs a button.
function atOnce(form) {
  form.querySelector("button[type=submit]").hidden = !form.querySelector("input:not([type=hidden])");
  form.addEventListener("change", (event) => {
    if (event.target.matches("select")) form.requestSubmit();
  });
}

// The slash leads to the search, wherever nothing is typed.
addEventListener("keydown", (event) => {
  const search = document.getElementById("search");
  const typing = event.target.closest?.("input, select, textarea, [contenteditable]");
  if (event.key !== "/" || !search || typing || event.ctrlKey || event.metaKey || event.altKey) return;
  event.preventDefault();
  search.focus();
  search.select();
});

// On a phone the ways are one line: the one that is here is in sight.
const here = document.querySelector(".ways [aria-current]");
if (here) here.parentElement.scrollLeft = here.offsetLeft - (here.parentElement.clientWidth - here.offsetWidth) / 2;

// A page restored from the back/forward cache shows old prices and forms: reload it.
addEventListener("pageshow", (event) => {
  if (event.persisted) location.reload();
});

// What is followed over several pages goes along with every link and search of this one; without scripts, with forms that change something.
function along() {
  const step = new URLSearchParams(location.search).get("tour");
  const carry = (address) => {
    const to = new URL(address, location);
    if (to.origin === location.origin && !to.pathname.startsWith("/tour")) to.searchParams.set("tour", step);
    return to.href;
  };
  addEventListener("click", (event) => {
    const link = event.target.closest("main a[href], .ways a[href]");
    if (link) link.setAttribute("href", carry(link.getAttribute("href")));
  }, true);
  for (const form of document.querySelectorAll("main form:not([method=post]), .top-search form")) {
    form.append(Object.assign(document.createElement("input"), { type: "hidden", name: "tour", value: step }));
  }
}

if (document.querySelector("[data-along]")) along();
for (const part of document.querySelectorAll("[data-live]")) {
  heard(part);
  live(part);
}
for (const field of document.querySelectorAll("[data-suggestions]")) suggest(field);
for (const form of document.querySelectorAll("form[data-auto]")) atOnce(form);
for (const form of document.querySelectorAll("form[data-order]")) order(form);
for (const part of document.querySelectorAll("[data-play]")) player(part);
for (const form of document.querySelectorAll("form[data-picks]")) picks(form);
for (const form of document.querySelectorAll("form[data-upload]")) upload(form);
for (const form of document.querySelectorAll("form[method=post]")) once(form);

for (const button of document.querySelectorAll("[data-print]")) {
  button.hidden = false;
  button.addEventListener("click", () => print());
}

// After a form came back with faults, the first of them is where to go on.
document.querySelector("[aria-invalid=true]")?.focus();
