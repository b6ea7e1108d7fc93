/* Theme and times, for the public page and the app. Everything works without it. */
(() => {
  "use strict";
  const root = document.documentElement;
  root.classList.add("js");
  const KEY = "amends-theme";
  const saved = () => { try { return localStorage.getItem(KEY); } catch { return null; } };
  const show = (theme) => {
    const known = theme === "light" || theme === "dark";
    if (known) root.dataset.theme = theme; else delete root.dataset.theme;
    for (const b of document.querySelectorAll("[data-theme-to]"))
      b.setAttribute("aria-pressed", String(b.dataset.themeTo === (known ? theme : "auto")));
  };
  show(saved());
  addEventListener("storage", (e) => { if (e.key === KEY) show(e.newValue); });
  document.addEventListener("click", (e) => {
    const button = e.target.closest && e.target.closest("[data-theme-to]");
    if (!button) return;
    const to = button.dataset.themeTo;
    try { if (to === "auto") localStorage.removeItem(KEY); else localStorage.setItem(KEY, to); } catch { /* not kept, still shown */ }
    show(to);
  });

  /* <time datetime data-as="time|stamp|till|day">: the server wrote the page's zone; here it becomes the reader's. */
  const lang = root.lang === "en" ? "en-GB" : root.lang;
  const format = (options) => {
    try { return new Intl.DateTimeFormat(lang || undefined, options); } catch { return new Intl.DateTimeFormat(undefined, options); }
  };
  const clock = { hour: "2-digit", minute: "2-digit", hourCycle: "h23" };
  const day = { day: "numeric", month: "short" };
  const forms = { time: format(clock), till: format(clock), stamp: format({ ...day, ...clock }), year: format({ ...day, year: "numeric", ...clock }), day: format({ weekday: "short", ...day }) };
  const amount = (minutes) => minutes < 60 ? minutes + " min" : minutes < 2880 ? Math.floor(minutes / 60) + " h " + (minutes % 60) + " min" : Math.floor(minutes / 1440) + " days";
  const localise = (within) => {
    const now = new Date();
    for (const t of within.querySelectorAll("time[data-as]")) {
      const at = new Date(t.dateTime);
      if (isNaN(at)) continue;
      let as = t.dataset.as;
      if (as === "time" && at.toDateString() !== now.toDateString()) as = "stamp";
      if (as === "stamp" && at.getFullYear() !== now.getFullYear()) as = "year";
      t.textContent = (forms[as] || forms.stamp).format(at);
    }
    for (const zone of within.querySelectorAll("[data-zone]")) {
      const minutes = -now.getTimezoneOffset(), size = Math.abs(minutes), rest = size % 60;
      zone.textContent = "Times are in your zone (UTC" + (minutes ? (minutes < 0 ? "\u2212" : "+") + Math.floor(size / 60) + (rest ? ":" + String(rest).padStart(2, "0") : "") : "") + ")";
    }
    tick(within);
  };
  const tick = (within) => {
    for (const s of within.querySelectorAll("[data-since]")) {
      const minutes = Math.floor((Date.now() - Date.parse(s.dataset.since)) / 60000);
      if (minutes >= 0) { s.textContent = amount(minutes); s.hidden = false; }
    }
  };
  const ready = () => { show(saved()); localise(document); setInterval(() => tick(document), 20000); };
  if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", ready); else ready();
  /* Pages that swap parts in (the app) localise them too. */
  document.addEventListener("amends:swapped", (e) => localise(e.target.querySelectorAll ? e.target : document));
})();
