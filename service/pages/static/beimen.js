// Small helpers; every page works without them.
(() => {
  "use strict";
  const all = (selector, root) => (root || document).querySelectorAll(selector);

  // "waited 3 s" counts on between two pushes of the service
  setInterval(() => {
    for (const el of all("[data-count]")) el.textContent = Number(el.textContent) + 1;
  }, 1000);

  // a form is sent once; coming back to the page frees it again
  addEventListener("submit", (event) => {
    const form = event.target;
    if (form.dataset.sent) return event.preventDefault();
    form.dataset.sent = "1";
    setTimeout(() => { for (const b of all("button", form)) b.disabled = true; }, 0);
    setTimeout(() => { delete form.dataset.sent; for (const b of all("button", form)) b.disabled = false; }, 8000);
  });
  addEventListener("pageshow", (event) => { if (event.persisted) location.reload(); });

  // a lost connection is a line, never a cover over the numbers
  let timer = 0;
  const lost = (is) => {
    const read = all("[data-read]")[0];
    if (read) for (const el of all("[data-read-copy]")) el.textContent = read.textContent;
    for (const el of all("[data-lost]")) el.hidden = !is;
  };
  // the first error counts: each new attempt fails again before the time is over
  const later = () => { timer = timer || setTimeout(() => lost(true), 4000); };
  const back = () => { clearTimeout(timer); timer = 0; lost(false); };
  addEventListener("offline", () => lost(true));
  addEventListener("online", later);
  document.addEventListener("htmx:sseError", later);
  document.addEventListener("htmx:sseOpen", back);
  document.addEventListener("htmx:sseMessage", back);
})();
