// A phone's own key instead of the code. Without this script, or without such a phone, nothing here is shown and the code works.
(() => {
  "use strict";
  const box = document.querySelector("[data-passkey]");
  if (!box || !window.PublicKeyCredential || !navigator.credentials) return;
  const bytes = (text) => Uint8Array.from(atob(text.replace(/-/g, "+").replace(/_/g, "/")), (c) => c.charCodeAt(0));
  const text = (buffer) => btoa(String.fromCharCode(...new Uint8Array(buffer))).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
  const token = box.querySelector("[name=form_token]").value;
  const said = box.querySelector("[role=status]");
  const post = async (url, body) => {
    const answer = await fetch(url, { method: "POST", headers: { "Content-Type": "application/json", Accept: "application/json", "X-Form-Token": token }, body: JSON.stringify(body || {}) });
    const told = await answer.json();
    if (!answer.ok) throw new Error(told.detail);
    return told;
  };
  const ids = (list) => (list || []).map((one) => ({ ...one, id: bytes(one.id) }));
  const shown = (made) => ({
    id: made.id, rawId: text(made.rawId), type: made.type, clientExtensionResults: {},
    response: Object.fromEntries(["clientDataJSON", "attestationObject", "authenticatorData", "signature", "userHandle"]
      .filter((name) => made.response[name]).map((name) => [name, text(made.response[name])])),
  });
  const make = async () => {
    const asked = await post("/me/passkey/options");
    const publicKey = { ...asked, challenge: bytes(asked.challenge), user: { ...asked.user, id: bytes(asked.user.id) }, excludeCredentials: ids(asked.excludeCredentials) };
    return post("/me/passkey", shown(await navigator.credentials.create({ publicKey })));
  };
  const use = async () => {
    const asked = await post("/passkey/options");
    const publicKey = { ...asked, challenge: bytes(asked.challenge), allowCredentials: ids(asked.allowCredentials) };
    return post("/passkey/sign-in?next=" + encodeURIComponent(box.dataset.next), shown(await navigator.credentials.get({ publicKey })));
  };
  box.hidden = false;
  box.querySelector("button").addEventListener("click", async (event) => {
    event.target.disabled = true;
    said.textContent = "";
    try {
      location.assign((await (box.dataset.passkey === "make" ? make() : use())).next);
    } catch (error) {
      // the phone's own words are for programmers; ours say what to do
      said.textContent = error instanceof DOMException || error instanceof TypeError ? box.dataset.failed : error.message;
      event.target.disabled = false;
    }
  });
})();
