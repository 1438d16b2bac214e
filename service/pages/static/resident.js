// What an open page of a resident does by itself. Every page works without it.
(() => {
  "use strict";
  const all = (selector, root) => [...(root || document).querySelectorAll(selector)];
  const one = (selector, root) => (root || document).querySelector(selector);
  const QUIET_MS = 40000, SOON_MS = 1500, LATER_MS = 15000, MINUTE_MS = 60000;
  // beimen.js shows and hides the line "no connection"; these are the words it listens for
  const tell = (what) => document.dispatchEvent(new Event(what));

  // --- one spoken sentence, at most once a minute unless the stage has changed
  let said = "", saidAt = 0;
  const say = (text, now) => {
    const place = one("[data-status]");
    if (!place || !text || text === said || (!now && Date.now() - saidAt < MINUTE_MS)) return;
    said = text; saidAt = Date.now(); place.textContent = text;
  };

  // --- the whole page anew: its stage has changed, or a copy of it was shown
  let asking = false;
  const anew = async () => {
    if (asking) return false;
    asking = true;
    try {
      const answer = await fetch(location.href, { headers: { accept: "text/html" } });
      if (answer.redirected) { location.assign(answer.url); return true; }
      if (!answer.ok) return false;
      show(await answer.text());
      return true;
    } catch { return false; } finally { asking = false; }
  };
  const show = (text) => {
    const fresh = new DOMParser().parseFromString(text, "text/html");
    const main = one("#main", fresh);
    if (!main) return false;
    document.title = fresh.title;
    one("#main").replaceWith(document.adoptNode(main));
    begin();
    return true;
  };

  // --- live parts: a stream fills them, comes back by itself, and is asked for anew when silent
  const live = (el) => {
    let source, timer, failed = 0, heard = Date.now();
    const alive = () => { heard = Date.now(); failed = 0; tell("htmx:sseMessage"); };
    const fill = (text) => {
      el.innerHTML = text;
      if (one("[data-anew]", el)) { anew(); return; }
      const words = one("[data-say]", el);
      if (words) say(words.dataset.say);
      if (el.dataset.wish !== undefined) ring(el);
      keep();
    };
    const open = () => {
      clearTimeout(timer);
      if (source) source.close();
      if (!el.isConnected) return;
      heard = Date.now();
      source = new EventSource(el.dataset.live);
      source.onopen = () => { if (one("[data-known]:not([hidden])")) anew(); };
      source.onmessage = (event) => { alive(); fill(event.data); };
      source.addEventListener("beat", alive);
      source.onerror = () => {
        source.close();
        failed += 1;
        if (failed === 1) tell("htmx:sseError");
        // a stream that is refused for long: ask for the page itself now and then
        if (failed % 8 === 0) anew();
        timer = setTimeout(open, (failed > 40 ? LATER_MS : SOON_MS) + Math.random() * 1000);
      };
    };
    const watch = setInterval(() => {
      if (!el.isConnected) { clearInterval(watch); clearTimeout(timer); source.close(); return; }
      if (Date.now() - heard > QUIET_MS) { tell("htmx:sseError"); open(); }
    }, 5000);
    addEventListener("online", () => { if (el.isConnected) open(); });
    open();
  };

  // --- start and stop where the signal is weak: the same tap is sent again until it arrives
  const unsent = (form, which) => {
    for (const line of all("[data-unsent]", form)) line.hidden = line.dataset.unsent !== which;
  };
  const pause = (ms) => new Promise((done) => setTimeout(done, ms));
  addEventListener("submit", async (event) => {
    const form = event.target;
    if (form.action.endsWith("/sign-out") && window.caches) caches.delete("beimen-own");
    if (form.dataset.sure === undefined || event.defaultPrevented) return;
    event.preventDefault();
    const body = new URLSearchParams(new FormData(form));
    for (let tries = 0; tries < 6; tries += 1) {
      try {
        const answer = await fetch(form.action, { method: "POST", body, signal: AbortSignal.timeout(10000) });
        if (answer.redirected) { location.assign(answer.url); return; }
        if (show(await answer.text())) { scrollTo(0, 0); return; }
      } catch { /* no signal: the line below says so */ }
      unsent(form, "again");
      await pause(3000);
    }
    unsent(form, "given-up");
    delete form.dataset.sent;
    for (const button of all("button", form)) button.disabled = false;
  });

  // --- an outlet is free: a notification, where it was allowed, while a page is open
  const canRing = "Notification" in window && "serviceWorker" in navigator;
  let rang = (one("[data-told]") || { dataset: {} }).dataset.told || "";
  const ring = async (el) => {
    const told = one("[data-told]", el);
    if (!told) return;
    if (told.dataset.told === rang) return;
    rang = told.dataset.told;
    if (!canRing || Notification.permission !== "granted" || !document.hidden) return;
    const worker = await navigator.serviceWorker.ready;
    worker.showNotification(told.textContent.trim(), { tag: "free", data: told.dataset.link });
  };
  const allow = (button) => {
    button.hidden = !(canRing && Notification.permission === "default");
    button.addEventListener("click", async () => { await Notification.requestPermission(); button.hidden = true; });
  };

  // --- the last known state, kept for a dead spot (the worker shows it)
  let keptAt = 0;
  const keep = async () => {
    if (!window.caches || !one("[data-keep]") || one("[data-known]:not([hidden])")) return;
    if (!navigator.serviceWorker.controller || Date.now() - keptAt < 20000) return;
    keptAt = Date.now();
    const at = all("[data-at]").pop();
    for (const el of all("[data-known-at]")) if (at) el.textContent = at.dataset.at;
    const headers = { "content-type": "text/html; charset=utf-8", "x-kept": String(Date.now()) };
    const text = "<!doctype html>" + document.documentElement.outerHTML;
    (await caches.open("beimen-own")).put(location.pathname, new Response(text, { headers }));
  };
  setInterval(() => { if (one("[data-known]:not([hidden])")) anew(); }, 4000);

  const begin = () => {
    all("[data-live]").forEach((el) => { if (!el.dataset.begun) { el.dataset.begun = "1"; live(el); } });
    all("[data-allow]").forEach(allow);
    const words = one("[data-say]");
    if (words) say(words.dataset.say, true);
  };
  begin();
  if (one("[data-installable]") && "serviceWorker" in navigator) navigator.serviceWorker.register("/sw.js");
})();
