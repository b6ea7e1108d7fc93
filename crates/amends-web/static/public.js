/* The page's own: walking the days with arrow keys, and noticing that the page has changed. */
(() => {
  "use strict";
  const bars = () => {
    for (const list of document.querySelectorAll(".days")) {
      const stops = [...list.children].map((li) => li.querySelector("a") || li);
      for (const stop of stops) stop.tabIndex = -1;
      const hurt = stops.filter((s) => s.tagName === "A");
      (hurt[hurt.length - 1] || stops[stops.length - 1]).tabIndex = 0;
      list.addEventListener("keydown", (e) => {
        const seen = stops.filter((s) => s.offsetParent !== null);
        const at = seen.indexOf(document.activeElement);
        if (at < 0) return;
        const back = getComputedStyle(list).direction === "rtl" ? "ArrowRight" : "ArrowLeft";
        const next = back === "ArrowLeft" ? "ArrowRight" : "ArrowLeft";
        const to = { [back]: at - 1, [next]: at + 1, Home: 0, End: seen.length - 1 }[e.key];
        if (to === undefined || !seen[to]) return;
        e.preventDefault();
        seen[at].tabIndex = -1;
        seen[to].tabIndex = 0;
        seen[to].focus();
      });
    }
  };
  const live = "live" in document.documentElement.dataset, told = Date.parse(document.lastModified), news = "amends-news";
  let asked = Date.now(), stream = null;
  /* Whether there is something newer than what is shown; then it is shown, or said where that would disturb. */
  const look = async () => {
    asked = Date.now();
    try {
      const answer = await fetch(location.pathname, { method: "HEAD", cache: "no-cache" });
      if (!answer.ok || !(Date.parse(answer.headers.get("last-modified")) > told)) return false;
    } catch { return false; /* the network is gone; what is shown says when it was true */ }
    const busy = document.activeElement && document.activeElement.matches("input, textarea, select, summary, .days *");
    const note = document.getElementById(news);
    if (busy && note) note.hidden = false; else location.reload();
    return true;
  };
  const pause = (ms) => new Promise((done) => setTimeout(done, ms));
  /* Not everybody in the same moment; and what keeps copies on the way may need a while. */
  const changed = async (e) => {
    if (!(Date.parse(JSON.parse(e.data).updated_at) > told)) return;
    for (const ms of [Math.random() * 2000, 10000, 30000]) { await pause(ms); if (await look()) return; }
  };
  /* The server says when there is something new, as long as somebody looks; a browser has few connections to one server. */
  const listen = () => {
    if (document.hidden) { if (stream) stream.close(); stream = null; return; }
    if (!window.EventSource || (stream && stream.readyState < 2)) return;
    stream = new EventSource("/events");
    stream.addEventListener("changed", changed);
  };
  /* Without that, every minute. */
  const ask = () => {
    if (document.hidden || Date.now() - asked < 30000) return;
    if (!stream || stream.readyState !== 1) look();
  };
  const zones = () => {
    const own = Intl.DateTimeFormat().resolvedOptions().timeZone;
    for (const field of document.querySelectorAll("[data-guess-zone]")) if ([...field.list.options].some((o) => o.value === own)) field.value = own;
  };
  const ready = () => {
    bars();
    zones();
    if (!live) return;
    listen();
    setInterval(ask, 60000 + Math.random() * 15000);
    document.addEventListener("visibilitychange", () => { listen(); ask(); });
    addEventListener("pagehide", () => { if (stream) stream.close(); stream = null; });
    addEventListener("pageshow", listen);
  };
  if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", ready); else ready();
})();
