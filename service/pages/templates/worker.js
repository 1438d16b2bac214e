// Keeps the frame of the pages and one's own last known state, for where there is no signal.
// It never keeps an answer to a form, and forgets all that is personal at a sign-out or sign-in.
"use strict";
const FRAME = "beimen-frame-{{ mark }}";
const OWN = "beimen-own";
const FILES = {{ files|tojson }};
const KEPT_MS = 2 * 86400 * 1000;
const PATIENCE_MS = 6000;
const isOwn = (path) => /^\/me(\/sessions\/[0-9A-Za-z]+)?$/.test(path);

self.addEventListener("install", (event) => {
  self.skipWaiting();
  event.waitUntil(caches.open(FRAME).then((cache) => cache.addAll(
    FILES.map((url) => new Request(url, { credentials: "omit" })))));
});

self.addEventListener("activate", (event) => {
  event.waitUntil(caches.keys()
    .then((names) => Promise.all(names.filter((n) => n !== FRAME && n !== OWN).map((n) => caches.delete(n))))
    .then(() => self.clients.claim()));
});

self.addEventListener("fetch", (event) => {
  const { request } = event;
  const url = new URL(request.url);
  if (url.origin !== location.origin) return;
  // whoever signs in or out leaves nothing behind for the next one
  if (/^\/(staff\/)?sign-(in|out)$/.test(url.pathname)) event.waitUntil(caches.delete(OWN));
  if (request.method !== "GET") return;
  if (url.pathname.startsWith("/static/")) {
    event.respondWith(fetch(request).catch(async () => (await caches.match(request)) || Response.error()));
  } else if (request.mode === "navigate") {
    event.respondWith(page(event, url.pathname));
  }
});

async function page(event, path) {
  const fresh = fetch(event.request).then(async (answer) => {
    if (isOwn(path) && answer.ok && !answer.redirected) await keep(path, answer.clone());
    return answer;
  });
  fresh.catch(() => {});
  const known = isOwn(path) ? await lastKnown(path) : undefined;
  if (!known) return fresh.catch(() => caches.match("/offline"));
  const patience = new Promise((done) => setTimeout(done, PATIENCE_MS));
  return Promise.race([fresh.catch(() => known), patience.then(() => known)]);
}

async function keep(path, answer) {
  const headers = { "content-type": "text/html; charset=utf-8", "x-kept": String(Date.now()) };
  const text = await answer.text();
  await (await caches.open(OWN)).put(path, new Response(text, { headers }));
}

// the page itself carries the line "last known at ..."; it is only uncovered
async function lastKnown(path) {
  const cache = await caches.open(OWN);
  const answer = await cache.match(path);
  if (!answer) return undefined;
  if (Date.now() - Number(answer.headers.get("x-kept")) > KEPT_MS) {
    await cache.delete(path);
    return undefined;
  }
  const text = (await answer.text()).replace(/ data-known(?:="")? hidden(?:="")?/, " data-known");
  return new Response(text, { headers: { "content-type": "text/html; charset=utf-8" } });
}

self.addEventListener("notificationclick", (event) => {
  event.notification.close();
  event.waitUntil(self.clients.openWindow(event.notification.data));
});
