// Looks for the answer, and shows it by loading the page again. Without this
// script the link "Look again" does the same.
"use strict";

(() => {
  const PAUSE = 1500;
  const session = document.getElementById("session");
  const ends = Date.now() + Number(session.dataset.seconds) * 1000;
  let seen = null;

  async function look() {
    if (Date.now() > ends) {
      window.location.reload();
      return;
    }
    try {
      const response = await fetch(session.dataset.result, { cache: "no-store", credentials: "same-origin" });
      if (response.status === 403 || response.status === 404) {
        window.location.reload();
        return;
      }
      if (response.ok) {
        const text = await response.text();
        const state = JSON.parse(text).state;
        if (state !== session.dataset.state || (seen !== null && text !== seen)) {
          window.location.reload();
          return;
        }
        seen = text;
      }
    } catch {
      // The network comes and goes; the next look tells.
    }
    window.setTimeout(look, PAUSE);
  }

  window.setTimeout(look, PAUSE);
})();
