// Behaviour that improves the pages; everything works without it. Talks to the server through
// htmx events ("toast", "refresh-results") and to the pages through data attributes.

const root = document.documentElement;
const body = document.body;
const TOAST_LIMIT = 3;
const TOAST_MS = 6000;
const GO_MS = 1200;

// --- Remembered choices ----------------------------------------------------

function remember(name, value) {
  try {
    if (value) localStorage.setItem(`nexa-${name}`, value);
    else localStorage.removeItem(`nexa-${name}`);
  } catch {
    // Without storage the choice lasts for this page.
  }
}

function recall(name) {
  try {
    return localStorage.getItem(`nexa-${name}`);
  } catch {
    return null;
  }
}

function isDark() {
  if (root.dataset.theme) return root.dataset.theme === "dark";
  return matchMedia("(prefers-color-scheme: dark)").matches;
}

function toggleTheme() {
  root.dataset.theme = isDark() ? "light" : "dark";
  remember("theme", root.dataset.theme);
  showChoices();
  announce(`${root.dataset.theme} theme`);
}

function toggleDensity() {
  if (root.dataset.density) delete root.dataset.density;
  else root.dataset.density = "compact";
  remember("density", root.dataset.density);
  showChoices();
}

function showChoices() {
  for (const button of document.querySelectorAll("[data-theme-toggle]")) {
    button.setAttribute("aria-pressed", String(isDark()));
  }
  for (const button of document.querySelectorAll("[data-density-toggle]")) {
    button.setAttribute("aria-pressed", String(root.dataset.density === "compact"));
  }
}

// --- Live region and toasts ------------------------------------------------

function announce(text) {
  const live = document.getElementById("live");
  if (!live || !text) return;
  live.textContent = "";
  setTimeout(() => { live.textContent = text; }, 30);
}

function element(tag, className, text) {
  const made = document.createElement(tag);
  if (className) made.className = className;
  if (text) made.textContent = text;
  return made;
}

function button(className, text, act) {
  const made = element("button", `btn btn-sm ${className}`, text);
  made.type = "button";
  made.addEventListener("click", act);
  return made;
}

function dismissLater(item) {
  let timer;
  const start = () => { timer = setTimeout(() => item.remove(), TOAST_MS); };
  const stop = () => clearTimeout(timer);
  item.addEventListener("mouseenter", stop);
  item.addEventListener("mouseleave", start);
  item.addEventListener("focusin", stop);
  item.addEventListener("focusout", start);
  start();
}

async function undo(url, item) {
  item.remove();
  const headers = JSON.parse(body.getAttribute("hx-headers") || "{}");
  let answer = null;
  try {
    answer = await fetch(url, { method: "POST", headers, credentials: "same-origin" });
  } catch {
    answer = null;
  }
  if (!answer || !answer.ok) {
    toast({ message: "That could not be undone. Reload the page to see how things stand.", kind: "error" });
    return;
  }
  if (document.querySelector("[hx-trigger*='refresh-results']")) {
    body.dispatchEvent(new CustomEvent("refresh-results", { bubbles: true }));
    toast({ message: "Undone" });
  } else {
    location.reload();
  }
}

function toast({ message, kind = "ok", undo: undoUrl = "" }) {
  const region = document.getElementById("toasts");
  if (!region || !message) return;
  const item = element("div", `toast toast-${kind}`);
  item.append(element("p", "", message));
  if (undoUrl) item.append(button("", "Undo", () => undo(undoUrl, item)));
  item.append(button("btn-ghost", "Dismiss", () => item.remove()));
  region.append(item);
  while (region.children.length > TOAST_LIMIT) region.firstElementChild.remove();
  if (kind !== "error") dismissLater(item);
  announce(message);
}

body.addEventListener("toast", (event) => toast(event.detail || {}));

const REFUSED = {
  403: "You are not allowed to do that. Nothing was changed.",
  404: "This record is no longer there. Reload the page.",
  409: "Someone changed this in the meantime. Nothing was overwritten: reload to see their version.",
  413: "That is too large to send.",
  429: "Too many requests. Wait a moment, then try again.",
  503: "The database cannot be used right now. Look whether this was done, then try again.",
};

body.addEventListener("htmx:responseError", (event) => {
  const { status } = event.detail.xhr;
  const told = (event.detail.xhr.getResponseHeader("HX-Trigger") || "").includes("toast");
  if (told) return;
  toast({ message: REFUSED[status] || "Something went wrong on our side. Nothing was changed.", kind: "error" });
});
body.addEventListener("htmx:sendError", () => {
  toast({ message: "The server could not be reached. Check your connection, then try again.", kind: "error" });
});

// --- Focus and announcements after a swap ----------------------------------

let focused = null;

body.addEventListener("htmx:beforeSwap", (event) => {
  const active = document.activeElement;
  focused = active && event.detail.target.contains(active) ? { id: active.id, target: event.detail.target.id } : null;
});

body.addEventListener("htmx:afterSettle", (event) => {
  const swapped = event.detail.elt;
  showChoices();
  announce(swapped.querySelector?.("[data-announce]")?.textContent.trim().replace(/\s+/g, " "));
  const lost = !document.activeElement || document.activeElement === body;
  const wanted = swapped.querySelector?.("[data-focus]");
  if (wanted) wanted.focus();
  else if (focused && lost) returnFocus(focused);
  focused = null;
});

function returnFocus({ id, target }) {
  const place = (id && document.getElementById(id)) || (target && document.getElementById(target));
  if (!place) return;
  if (place.tabIndex < 0) place.tabIndex = -1;
  place.focus({ preventScroll: true });
}

// --- Clicks ----------------------------------------------------------------

function closeMenus(except) {
  for (const menu of document.querySelectorAll("details.menu[open]")) {
    if (!menu.contains(except)) menu.open = false;
  }
}

document.addEventListener("click", (event) => {
  closeMenus(event.target);
  const act = event.target.closest("[data-theme-toggle], [data-density-toggle], [data-dismiss], [data-shortcuts], [data-close], [data-rows-add], [data-copy]");
  if (!act) return;
  if (act.matches("[data-theme-toggle]")) toggleTheme();
  else if (act.matches("[data-density-toggle]")) toggleDensity();
  else if (act.matches("[data-dismiss]")) act.closest(act.dataset.dismiss)?.remove();
  else if (act.matches("[data-shortcuts]")) openShortcuts();
  else if (act.matches("[data-close]")) act.closest("dialog")?.close();
  else if (act.matches("[data-rows-add]")) addRow(act.closest("[data-rows]"));
  else copyText(act);
});

// A form marked data-once is sent once: a second click while the answer is on its way does nothing.
document.addEventListener("submit", (event) => {
  const form = event.target;
  if (!form.matches("[data-once]")) return;
  if (form.dataset.sent) event.preventDefault();
  form.dataset.sent = "1";
});
addEventListener("pageshow", () => {
  for (const form of document.querySelectorAll("[data-sent]")) delete form.dataset.sent;
});

async function copyText(act) {
  try {
    await navigator.clipboard.writeText(act.dataset.copy);
    toast({ message: "Copied" });
  } catch {
    toast({ message: "Copying is blocked here. Select the text and copy it by hand.", kind: "error" });
  }
}

// --- Repeated rows (Django formsets) ---------------------------------------

// <div data-rows="lines"> holds rows, a <template> with __prefix__ and a [data-rows-add] button.
function addRow(holder) {
  const total = holder?.querySelector(`[name="${holder.dataset.rows}-TOTAL_FORMS"]`);
  const blank = holder?.querySelector("template");
  if (!total || !blank) return;
  const limit = Number(holder.querySelector(`[name="${holder.dataset.rows}-MAX_NUM_FORMS"]`)?.value || 1000);
  if (Number(total.value) >= limit) {
    toast({ message: `No more than ${limit} rows`, kind: "error" });
    return;
  }
  const made = document.createElement("template");
  made.innerHTML = blank.innerHTML.replaceAll("__prefix__", total.value);
  const row = made.content.firstElementChild;
  (holder.querySelector("[data-rows-list]") || holder).append(row);
  total.value = String(Number(total.value) + 1);
  row.querySelector("select, input:not([type=hidden]), textarea")?.focus();
}

// --- Keyboard --------------------------------------------------------------

function openShortcuts() {
  const sheet = document.getElementById("shortcuts");
  if (!sheet || sheet.open) return;
  sheet.querySelector("[data-single-keys]").checked = recall("keys") !== "off";
  sheet.showModal();
}

document.addEventListener("change", (event) => {
  if (event.target.matches("[data-single-keys]")) remember("keys", event.target.checked ? "" : "off");
});

let goUntil = 0;

function isTyping(event) {
  const place = event.target;
  return place.isContentEditable || /^(INPUT|SELECT|TEXTAREA)$/.test(place.tagName) || document.querySelector("dialog[open]");
}

document.addEventListener("keydown", (event) => {
  if (event.key === "Escape") {
    const menu = document.querySelector("details.menu[open]");
    if (menu) { menu.open = false; menu.querySelector("summary").focus(); }
    if (location.hash === "#sidebar") document.querySelector(".menu-close")?.click();
    return;
  }
  if (event.ctrlKey || event.metaKey || event.altKey || isTyping(event) || recall("keys") === "off") return;
  if (goUntil > Date.now()) {
    goUntil = 0;
    document.querySelector(`[data-go="${CSS.escape(event.key)}"]`)?.click();
  } else if (event.key === "g") {
    goUntil = Date.now() + GO_MS;
  } else if (event.key === "?") {
    openShortcuts();
  } else if (event.key === "/") {
    const search = document.querySelector("[data-search]");
    if (search) { event.preventDefault(); search.focus(); search.select(); }
  }
});

matchMedia("(prefers-color-scheme: dark)").addEventListener("change", showChoices);
showChoices();

// --- Tabs ------------------------------------------------------------------

// Not scrollIntoView, which would scroll the page as well.
for (const tab of document.querySelectorAll(".tabs a[aria-current]")) {
  const bar = tab.parentElement;
  bar.scrollLeft = tab.offsetLeft - (bar.clientWidth - tab.clientWidth) / 2;
}
