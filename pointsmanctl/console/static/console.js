"use strict";
// Keys, and the clock of the live parts. Without it, every page still works.
(() => {
  const TICK = 3000, SLOW = 5, PREFIX = 1200; // milliseconds; ticks; milliseconds
  const $ = (selector, within = document) => within.querySelector(selector);
  const rows = () => [...document.querySelectorAll("[data-row]")];
  const linkOf = (row) => $("h3 a, .main-link, a.when, a", row);
  const isField = (element) => element.matches("input, textarea, select, [contenteditable]");

  function move(step) {
    const all = rows();
    if (!all.length) return;
    const here = all.findIndex((row) => row.contains(document.activeElement));
    const next = here < 0 ? (step > 0 ? 0 : all.length - 1) : Math.min(Math.max(here + step, 0), all.length - 1);
    linkOf(all[next])?.focus({ preventScroll: true });
    all[next].scrollIntoView({ block: "nearest" });
  }

  function toggleDiffs() {
    const boxes = [...document.querySelectorAll("details.diff-box")];
    const open = boxes.some((box) => !box.open);
    boxes.forEach((box) => { box.open = open; });
  }

  const keys = {
    "/": () => { $("#find").focus(); $("#find").select(); },
    "?": () => { if (!$("#keys").open) $("#keys").showModal(); },
    j: () => move(1),
    k: () => move(-1),
    d: toggleDiffs,
    u: () => $("[data-up]")?.click(),
    Escape: () => document.activeElement.blur(),
  };

  let prefixUntil = 0;
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
    if (isField(event.target) && !(event.key === "Escape" && event.target.id === "find")) return;
    if ($("#keys").open) return; // the dialog has its own
    if (Date.now() < prefixUntil) {
      prefixUntil = 0;
      const page = $(`[data-key="${CSS.escape(event.key)}"]`);
      if (page) { event.preventDefault(); page.click(); return; }
    }
    if (event.key === "g") { prefixUntil = Date.now() + PREFIX; return; }
    const action = Object.hasOwn(keys, event.key) ? keys[event.key] : null;
    if (action) { event.preventDefault(); action(); }
  });
  $(".keys-link").addEventListener("click", (event) => { event.preventDefault(); keys["?"](); });

  // Only a page that somebody sees asks for news.
  let ticks = 0;
  function tick() {
    if (document.visibilityState !== "visible") return;
    document.body.dispatchEvent(new CustomEvent("tick"));
    if (ticks++ % SLOW === 0) document.body.dispatchEvent(new CustomEvent("slow-tick"));
  }
  if ($("[data-polled]")) {
    setInterval(tick, TICK);
    document.addEventListener("visibilitychange", tick);
  }

  function say(text) {
    const status = $("#status");
    status.textContent = text;
    status.hidden = !text;
  }
  const sign = (isLive) => { const found = $("[data-live]"); if (found) found.hidden = !isLive; };
  document.addEventListener("htmx:after:request", (event) => {
    const response = event.detail.ctx?.response;
    if (response && response.status < 400) { say(""); sign(true); }
  });
  document.addEventListener("htmx:response:error", async (event) => {
    sign(false);
    const { response, text } = event.detail.ctx;
    say(`No news (${response.status})${typeof text === "string" && text ? `: ${text}` : ""}`);
  });
  document.addEventListener("htmx:error", () => { sign(false); say("The console does not answer: has `pointsman console` ended?"); });

  // How long ago a time is, for the pointer.
  const words = new Intl.RelativeTimeFormat("en", { numeric: "auto" });
  document.addEventListener("pointerover", (event) => {
    const time = event.target.closest?.("time[datetime]");
    if (!time) return;
    const seconds = (new Date(time.dateTime) - Date.now()) / 1000;
    const [unit, size] = [["day", 86400], ["hour", 3600], ["minute", 60]].find(([, each]) => Math.abs(seconds) >= each) ?? ["second", 1];
    time.title = words.format(Math.round(seconds / size), unit);
  });
})();
