// Checks a proof in the browser, without a server: the twin of service/billing/check_proof.py.
// docs/proof-format.md says what is checked. SHA-256 is written out here because crypto.subtle is
// missing on plain http and in saved files. No BigInt literals: an old browser must be able to
// read this far to say that it is too old.
(() => {
  "use strict";
  const LEAF = "BEIMEN-PROOF-1", NODE = "BEIMEN-NODE-1", ROOT = "BEIMEN-ROOT-1";
  const N = "(0|[1-9][0-9]{0,18})";
  const PROOF = new RegExp(
    "^" + LEAF +
    "/MONTH:([0-9]{4}-(?:0[1-9]|1[0-2]))" +
    "/HOUSEHOLD:" + N +
    "/DOOR:((?:[0-9A-Z.-]|%(?:[2-689A-F][0-9A-F]|7[0-9A-E])){0,64})" +
    "/SALT:[0-9A-F]{32}" +
    "/BILL:" + N + ":" + N +
    "/PLACE:" + N + ":" + N +
    "/TOTAL:" + N + ":" + N +
    "/CODE:([0-9A-F]{4}(?:-[0-9A-F]{4}){7})" +
    "(?:/N:[0-9A-F]{64}:" + N + ":" + N + "){0,63}$");

  // --- SHA-256 (FIPS 180-4) of an ASCII text, as 64 digits 0-9 A-F ---
  const K = new Int32Array([
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
    0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
    0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
    0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
    0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
    0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
    0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
    0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2]);
  const FIRST = [0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
                 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19];

  const turn = (x, by) => (x >>> by) | (x << (32 - by));

  const block = (state, w) => {
    for (let i = 16; i < 64; i++) {
      const x = w[i - 15], y = w[i - 2];
      w[i] = w[i - 16] + w[i - 7] + (turn(x, 7) ^ turn(x, 18) ^ (x >>> 3)) +
             (turn(y, 17) ^ turn(y, 19) ^ (y >>> 10));
    }
    let [a, b, c, d, e, f, g, h] = state;
    for (let i = 0; i < 64; i++) {
      const t = (h + (turn(e, 6) ^ turn(e, 11) ^ turn(e, 25)) + ((e & f) ^ (~e & g)) + K[i] + w[i]) | 0;
      const u = ((turn(a, 2) ^ turn(a, 13) ^ turn(a, 22)) + ((a & b) ^ (a & c) ^ (b & c))) | 0;
      h = g; g = f; f = e; e = (d + t) | 0; d = c; c = b; b = a; a = (t + u) | 0;
    }
    [a, b, c, d, e, f, g, h].forEach((v, i) => { state[i] = (state[i] + v) | 0; });
  };

  const sha256 = (text) => {
    const length = text.length, blocks = (length + 72) >> 6;
    const state = Int32Array.from(FIRST), w = new Int32Array(64);
    for (let at = 0; at < blocks; at++) {
      for (let i = 0; i < 16; i++) {
        let word = 0;
        for (let j = 0; j < 4; j++) {
          const p = at * 64 + i * 4 + j;
          word = (word << 8) | (p < length ? text.charCodeAt(p) & 255 : p === length ? 128 : 0);
        }
        w[i] = word;
      }
      if (at === blocks - 1) { w[14] = Math.floor(length / 0x20000000); w[15] = length << 3; }
      block(state, w);
    }
    return Array.from(state, (v) => ("0000000" + (v >>> 0).toString(16)).slice(-8)).join("").toUpperCase();
  };

  // --- the proof ---
  const digest = (lines) => sha256(lines.join("\n") + "\n");
  const no = (reason) => { const error = new Error(reason); error.reason = reason; throw error; };
  const big = (digits) => {
    const value = BigInt(digits);
    return value < BigInt("9223372036854775808") ? value : no("form");
  };
  const node = (hash, fen, wh) => ({ line: "N:" + hash + ":" + fen + ":" + wh, fen, wh });
  const above = (left, right) =>
    node(digest([NODE, left.line, right.line]), left.fen + right.fen, left.wh + right.wh);
  const codeOf = (root) => root.slice(0, 32).match(/.{4}/g).join("-");
  const decoded = (door) => { try { return decodeURIComponent(door); } catch (e) { return no("form"); } };

  const neighbours = (place, leaves) => {
    const one = BigInt(1), two = BigInt(2), sides = [];
    while (leaves > one) {
      const even = place % two !== one;
      if (even || place < leaves) sides.push(even);
      place = (place + one) / two;
      leaves = (leaves + one) / two;
    }
    return sides;
  };

  const check = (text, published) => {
    if (text.length > 20000) no("form");
    const words = text.slice(text.lastIndexOf("#") + 1).replace(/^[ \t\r\n/]+|[ \t\r\n/]+$/g, "")
      .split(/[ \t\r\n/]+/);
    const found = PROOF.exec(words.join("/"));
    if (!found) no("form");
    const door = decoded(found[3]);
    const [household, fen, wh, place, leaves, totalFen, totalWh] =
      [2, 4, 5, 6, 7, 8, 9].map((i) => big(found[i]));
    const path = words.slice(9).map((word) => word.split(":"))
      .map((parts) => node(parts[1], big(parts[2]), big(parts[3])));
    const sides = place >= BigInt(1) && place <= leaves ? neighbours(place, leaves) : [];
    if (place < BigInt(1) || place > leaves || sides.length !== path.length) no("path");
    let top = node(digest(words.slice(0, 7)), fen, wh);
    sides.forEach((left, i) => {
      top = left ? above(path[i], top) : above(top, path[i]);
      if (top.fen >= BigInt("9223372036854775808") || top.wh >= BigInt("9223372036854775808")) no("sum");
    });
    if (top.fen !== totalFen || top.wh !== totalWh) no("sum");
    const root = digest([ROOT, "MONTH:" + found[1], "LEAVES:" + leaves, top.line]);
    if (codeOf(root) !== found[10]) no("code");
    if (published && published !== root) no("root");
    return { month: found[1], household, door, fen, wh, place, leaves, totalFen, totalWh, root };
  };

  // a browser that computes wrongly must not say anything about a bill
  const works = () => typeof BigInt === "function" &&
    sha256("abc") === "BA7816BF8F01CFEA414140DE5DAE2223B00361A396177A9CB410FF61F20015AD" &&
    sha256("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq") ===
      "248D6A61D20638B8E5C026930C3E6039A33CE45964FF2167F6ECEDD419DB06C1";

  window.BeimenProof = { check, codeOf, sha256, works };

  // --- the page: the sentences stand in it, this only shows and fills them ---
  const one = (selector) => document.querySelector(selector);
  const desk = one("[data-proof-desk]");
  if (!desk) return;
  one("#starting").hidden = true;
  const grouped = (value, digits) => {
    const text = value.toString().padStart(digits + 1, "0");
    return text.slice(0, -digits).replace(/\B(?=(\d{3})+$)/g, ",") + "." + text.slice(-digits);
  };
  const show = (kind, key) => {
    for (const el of desk.querySelectorAll("[data-" + kind + "]")) {
      el.hidden = el.dataset[kind].split(" ").indexOf(key) < 0;
    }
  };
  const fill = (found) => {
    const values = {
      door: found.door || "–", month: found.month, yuan: grouped(found.fen, 2), kwh: grouped(found.wh, 3),
      place: found.place, leaves: found.leaves, total: grouped(found.totalFen, 2),
      totalkwh: grouped(found.totalWh, 3), root: found.root,
    };
    for (const el of desk.querySelectorAll("[data-fill]")) el.textContent = values[el.dataset.fill];
    const code = one("#code");
    code.textContent = "";
    for (const group of codeOf(found.root).split("-")) {
      code.appendChild(document.createElement("span")).textContent = group;
    }
  };
  const say = (verdict, key) => {
    show("verdict", verdict);
    show("reason", key);
    one("#codebox").hidden = verdict === "bad" && key !== "root";
    one("#result").hidden = false;
    one("#result").focus();
  };

  let asked = 0;
  const compare = async (found) => {
    const mine = ++asked;
    const where = desk.dataset.roots;
    show("published", where ? "asking" : "alone");
    if (!where) return;
    let key = "unreached";
    try {
      const late = new Promise((_, reject) => { setTimeout(reject, 8000); });
      const answer = await Promise.race([fetch(where + found.month + "/root.json"), late]);
      if (answer.ok) key = (await answer.json()).root === found.root ? "same" : "other";
      else if (answer.status === 404) key = "none";
    } catch (error) { /* no network: said below */ }
    if (mine !== asked) return;
    show("published", key);
    if (key === "other") say("bad", "root");
  };
  const run = (text) => {
    if (!works()) return say("bad", "browser");
    try {
      const found = check(text);
      fill(found);
      say("good", "");
      compare(found);
    } catch (error) {
      if (!error.reason) throw error;
      asked++;
      say("bad", error.reason);
    }
  };

  one("#proof-form").addEventListener("submit", (event) => {
    event.preventDefault();
    run(one("#proof-text").value);
  });
  one("#proof-file").addEventListener("change", (event) => {
    const file = event.target.files[0];
    if (!file) return;
    const reader = new FileReader();
    reader.onload = () => { one("#proof-text").value = reader.result; run(reader.result); };
    reader.onerror = () => say("bad", "form");
    reader.readAsText(file.slice(0, 30000));
  });
  const arrived = () => {
    if (location.hash.length < 2) return;
    one("#proof-text").value = location.hash.slice(1).split("/").join("\n");
    one("#another").open = false;
    run(location.hash);
  };
  addEventListener("hashchange", arrived);
  arrived();
})();
