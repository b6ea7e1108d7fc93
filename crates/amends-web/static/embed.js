/* Amends banner: <script async src="https://STATUS.PAGE/embed/script.js"></script>
   Shows open incidents and running maintenance; each can be dismissed. data-position="top|bottom" (default bottom),
   data-components="id,id" (only these), data-maintenance="no". */
(() => {
  "use strict";
  const script = document.currentScript;
  if (!script || window.amendsBanner) return;
  window.amendsBanner = true;
  const base = new URL(script.src).origin, set = script.dataset;
  const only = (set.components || "").split(",").map((s) => s.trim()).filter(Boolean);
  const KEY = "amends-dismissed";
  const dismissed = () => { try { return JSON.parse(localStorage.getItem(KEY)) || []; } catch { return []; } };
  const tones = { critical: ["\u25A0", "#b3261e", "#ff8e84"], major: ["\u25D1", "#a84400", "#f2985f"], minor: ["\u25D0", "#835800", "#e3b54f"], maintenance: ["\u25C7", "#3454a4", "#9cb4f2"], none: ["\u25CF", "#555d68", "#a3abb6"] };
  const words = { investigating: "We are looking into it", identified: "We know why and are fixing it", monitoring: "A fix is in and we are watching", in_progress: "Planned work is going on", verifying: "Planned work is being checked" };
  const css = `:host{all:initial;position:fixed;${set.position === "top" ? "top" : "bottom"}:12px;inset-inline:12px;z-index:2147483000;display:grid;gap:8px;justify-items:center;pointer-events:none;font:14px/1.45 system-ui,-apple-system,"Segoe UI",Roboto,sans-serif}
.b{--t:#555d68;box-sizing:border-box;pointer-events:auto;display:flex;gap:10px;align-items:flex-start;width:100%;max-width:36rem;padding:10px 8px 10px 14px;border:1px solid #e4e4e0;border-inline-start:3px solid var(--t);border-radius:8px;background:#fff;color:#14181d;box-shadow:0 4px 20px rgb(0 0 0/.12)}
.m{color:var(--t)}a{flex:1;min-width:0;color:inherit;text-decoration:none;overflow-wrap:anywhere}a:hover strong{text-decoration:underline}strong{font-weight:600}span{color:#555d68}
button{all:unset;cursor:pointer;padding:0 8px;color:#555d68;font-size:18px;line-height:20px}a:focus-visible,button:focus-visible{outline:2px solid #2747c2;outline-offset:2px;border-radius:4px}
@media(prefers-color-scheme:dark){.b{background:#171a1f;color:#eceef1;border-color:#2a2e35;border-inline-start-color:var(--t)}span,button{color:#a3abb6}}
@media print{:host{display:none}}`;
  const host = document.createElement("div");
  const shadow = host.attachShadow({ mode: "closed" });
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(css);
  shadow.adoptedStyleSheets = [sheet];
  host.setAttribute("role", "region");
  host.setAttribute("aria-label", "Service status");
  host.setAttribute("aria-live", "polite");
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const make = (tag, name, text) => { const e = document.createElement(tag); if (name) e.className = name; if (text) e.textContent = text; return e; };
  let last = [];
  const draw = () => {
    const gone = dismissed();
    const shown = last.filter((x) => !gone.includes(x.id)).slice(0, 3);
    shadow.replaceChildren(...shown.map((x) => {
      const tone = tones[x.impact] || tones.minor, banner = make("div", "b");
      banner.style.setProperty("--t", tone[dark.matches ? 2 : 1]);
      const mark = make("span", "m", tone[0]);
      mark.setAttribute("aria-hidden", "true");
      const link = make("a");
      link.href = base + "/incidents/" + encodeURIComponent(x.id);
      link.target = "_blank";
      link.rel = "noopener";
      link.dir = "auto";
      link.append(make("strong", "", x.name), document.createElement("br"), make("span", "", words[x.status] || "Read more"));
      const close = make("button", "", "\u00D7");
      close.setAttribute("aria-label", "Dismiss: " + x.name);
      close.onclick = () => { try { localStorage.setItem(KEY, JSON.stringify([...dismissed(), x.id].slice(-50))); } catch { last = last.filter((y) => y !== x); } draw(); };
      banner.append(mark, link, close);
      return banner;
    }));
    if (shown.length && !host.isConnected) (document.body || document.documentElement).append(host);
    if (!shown.length) host.remove();
  };
  const touches = (x) => !only.length || (x.components || []).some((c) => only.includes(c.id));
  const load = async () => {
    if (document.hidden) return;
    try {
      const answer = await fetch(base + "/api/v2/summary.json", { credentials: "omit" });
      if (!answer.ok) return;
      const now = await answer.json();
      const work = set.maintenance === "no" ? [] : now.scheduled_maintenances.filter((x) => x.status !== "scheduled");
      last = [...now.incidents, ...work].filter(touches);
      draw();
    } catch { /* the page cannot be reached: say nothing rather than something wrong */ }
  };
  load();
  setInterval(load, 120000);
  dark.addEventListener("change", draw);
})();
