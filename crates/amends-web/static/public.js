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
  let asked = Date.now();
  const ask = async () => {
    if (document.hidden || Date.now() - asked < 30000) return;
    asked = Date.now();
    try {
      const answer = await fetch(location.pathname, { method: "HEAD", cache: "no-cache" });
      if (!answer.ok || !(Date.parse(answer.headers.get("last-modified")) > told)) return;
      const busy = document.activeElement && document.activeElement.matches("input, textarea, select, summary, .days *");
      if (!busy) return location.reload();
      const note = document.getElementById(news);
      if (note) note.hidden = false;
    } catch { /* the network is gone; what is shown says when it was true */ }
  };
  const ready = () => {
    bars();
    if (live) { setInterval(ask, 60000 + Math.random() * 15000); document.addEventListener("visibilitychange", ask); }
  };
  if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", ready); else ready();
})();
