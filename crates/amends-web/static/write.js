/* Writing a postmortem: saves as one types, shows it as readers will see it, helps with facts. The page works without it.
   What checks the text (lint.js) hangs on here: the text area says `amends:written` when it was typed in, paints behind the
   words what `amends:mark` brings ([{from, to, name}], places in the text), and types what `amends:put` brings
   ({from, to, text}). */
(() => {
  "use strict";
  const { parsed, make } = window.amends;
  const form = document.getElementById("writer");
  const area = form && form.querySelector("[data-text]");
  if (!area) return;
  const $ = (selector, within = form) => within.querySelector(selector);
  const all = (selector, within = form) => [...within.querySelectorAll(selector)];
  const letter = form.hasAttribute("data-letter");
  const said = document.getElementById("saved");
  const say = (text, wrong = false) => { said.textContent = text; said.classList.toggle("overdue", wrong); };
  const store = {
    key: "amends-kept:" + form.getAttribute("action"),
    get() { try { return JSON.parse(localStorage.getItem(this.key)); } catch { return null; } },
    set(value) { try { localStorage.setItem(this.key, JSON.stringify(value)); } catch { /* it stays in the page */ } },
    drop() { try { localStorage.removeItem(this.key); } catch { /* nothing was kept */ } },
  };
  /* Moves a button's word into the text, so that it can be undone like typing. */
  const put = (from, to, text) => {
    area.focus();
    area.setSelectionRange(from, to);
    if (document.execCommand(text ? "insertText" : "delete", false, text)) return;
    area.setRangeText(text, from, to, "end");
    area.dispatchEvent(new Event("input", { bubbles: true }));
  };

  /* Saving: after a pause, when the page is left, and by Ctrl S. Of two who write, nobody's text is lost. */
  const names = [...new FormData(form).keys()].filter((name) => name !== "version");
  const typed = () => Object.fromEntries(names.map((name) => [name, form.elements[name].value]));
  const same = (a, b) => names.every((name) => a[name] === b[name]);
  let saved = typed(), saving = null, timer = 0, held = false, failures = 0;
  const soon = (wait) => { clearTimeout(timer); timer = setTimeout(save, wait); };
  const save = () => saving || (saving = attempt().finally(() => {
    saving = null;
    if (!held && !same(typed(), saved)) soon(failures ? Math.min(30000, 1000 * 2 ** failures) : 1200);
  }));
  const attempt = async () => {
    clearTimeout(timer);
    const mine = typed();
    if (held || same(mine, saved)) return !held;
    say("Saving…");
    const body = new URLSearchParams({ ...mine, version: form.elements.version.value });
    const answer = await fetch(form.getAttribute("action") + "?as=json", { method: "POST", body, redirect: "manual" }).catch(() => null);
    const kept = " What you typed is kept in this browser.";
    if (answer && answer.ok) {
      const { version, at } = await answer.json();
      form.elements.version.value = version;
      saved = mine;
      failures = 0;
      store.drop();
      say(same(typed(), mine) ? "Saved " + at : "Not saved yet");
      return true;
    }
    failures += 1;
    store.set({ fields: mine, at: Date.now() });
    if (answer && answer.status === 409) { failures = 0; return conflict(await answer.json()); }
    if (answer && answer.status === 422) say("Not saved: " + (await answer.json()).wrong.map((w) => w.label + " " + w.detail).join("; "), true);
    else if (answer && (answer.type === "opaqueredirect" || answer.status === 401)) say("Not saved: you are signed out. Sign in in another tab." + kept, true);
    else if (answer && answer.status === 403) say("Not saved: you may no longer edit it." + kept, true);
    else say("Not saved: Amends cannot be reached." + kept, true);
    return false;
  };
  const changed = () => {
    if (same(typed(), saved)) return;
    if (!held) say("Not saved yet");
    soon(1200);
  };

  /* Somebody else saved: what only they changed is taken over, what both changed is shown side by side. */
  const box = document.getElementById("conflict");
  const conflict = ({ version, by, theirs }) => {
    const now = typed();
    const both = theirs.filter(({ field, value }) => {
      /* As it was when this began: only what is typed here is new. */
      if (value.trimEnd() === saved[field].trimEnd()) return false;
      if (now[field] !== saved[field]) return true;
      form.elements[field].value = value;
      saved[field] = value;
      return false;
    });
    form.elements.version.value = version;
    if (!both.length) { written(); return false; }
    held = true;
    say("Not saved: somebody else saved too", true);
    const list = make("dl", { class: "theirs" });
    for (const { field, label, value } of both) {
      const take = make("button", { type: "button", class: "btn small" }, "Take theirs instead of mine");
      take.addEventListener("click", () => {
        const place = form.elements[field];
        if (place === area) put(0, area.value.length, value); else { place.value = value; place.dispatchEvent(new Event("input", { bubbles: true })); }
      });
      list.append(make("dt", {}, label + ", as " + by + " saved it"), make("dd", { dir: "auto" }, value), make("dd", { class: "act" }, take));
    }
    const go = make("button", { type: "button", class: "btn small go" }, "Save what is in the editor");
    go.addEventListener("click", () => { held = false; box.hidden = true; for (const { field, value } of both) saved[field] = value; save(); area.focus(); });
    box.replaceChildren(make("div", { class: "notice degraded stack tight", role: "alert" },
      make("p", { class: "strong" }, by + " saved another text while you were writing. Nothing is lost and nothing was overwritten."),
      make("p", {}, "Theirs is here, yours is in the editor. Take over what you want from it, then save: theirs stays in the history."), list, make("p", {}, go)));
    box.hidden = false;
    box.scrollIntoView({ block: "nearest" });
    return false;
  };
  const kept = store.get();
  if (kept && kept.fields && names.every((name) => typeof kept.fields[name] === "string") && !same(kept.fields, saved)) {
    const back = make("button", { type: "button", class: "btn small go" }, "Put it into the editor");
    const forget = make("button", { type: "button", class: "btn small" }, "Forget it");
    const done = () => { box.hidden = true; store.drop(); area.focus(); };
    back.addEventListener("click", () => { for (const name of names) form.elements[name].value = kept.fields[name]; done(); written(); changed(); });
    forget.addEventListener("click", done);
    const at = new Date(kept.at).toLocaleString([], { dateStyle: "medium", timeStyle: "short" });
    box.replaceChildren(make("div", { class: "notice stack tight", role: "status" }, make("p", {}, "This browser kept a text of " + at + " that could not be saved then."), make("p", { class: "line" }, back, forget)));
    box.hidden = false;
  } else store.drop();
  form.addEventListener("input", changed);
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const leave = event.submitter && event.submitter.name === "then";
    while (saving) await saving;
    if (await save() !== false && same(typed(), saved) && leave) location.href = form.dataset.readAt;
  });
  document.addEventListener("visibilitychange", () => { if (document.hidden) save(); });
  addEventListener("beforeunload", (event) => { if (!same(typed(), saved)) { save(); event.preventDefault(); } });

  /* Behind the text: facts, and what a check marks. The mirror also gives the text area its height. */
  const mirror = $(".mirror");
  let marks = [];
  const draw = () => {
    const text = area.value, spans = marks.filter((m) => m.from < m.to && m.to <= text.length);
    for (const fact of text.matchAll(/(?<!\\)\{\{ *[A-Za-z_.:]+ *\}\}/g)) spans.push({ from: fact.index, to: fact.index + fact[0].length, name: "fact" });
    const cuts = [...new Set([0, text.length, ...spans.flatMap((s) => [s.from, s.to])])].sort((a, b) => a - b);
    mirror.replaceChildren(...cuts.slice(1).map((to, n) => {
      const part = text.slice(cuts[n], to), over = spans.filter((s) => s.from <= cuts[n] && to <= s.to);
      return over.length ? make("span", { class: over.map((s) => s.name).join(" ") }, part) : part;
    }), "\n");
  };
  const written = () => { draw(); area.dispatchEvent(new CustomEvent("amends:written")); };
  area.addEventListener("amends:mark", (event) => { marks = event.detail; draw(); });
  area.addEventListener("amends:put", ({ detail: { from, to, text } }) => put(from, to, text));
  const caret = () => {
    let left = area.selectionStart;
    const walk = document.createTreeWalker(mirror, NodeFilter.SHOW_TEXT);
    for (let node = walk.nextNode(); node; node = walk.nextNode()) {
      if (left <= node.length) {
        const range = document.createRange();
        range.setStart(node, left);
        range.collapse(true);
        return range.getBoundingClientRect();
      }
      left -= node.length;
    }
    return mirror.getBoundingClientRect();
  };

  /* As readers see it, and what is wrong with its facts. */
  const seen = document.getElementById("seen"), layout = $("[data-looking]");
  let latest = 0, pause = 0;
  const preview = async () => {
    const mine = ++latest, text = area.value;
    const body = new URLSearchParams(letter ? { text, letter: "yes" } : { text });
    const answer = await fetch(form.dataset.previewTo, { method: "POST", body, redirect: "error" }).catch(() => null);
    if (!answer || !answer.ok || mine !== latest) return;
    const fresh = parsed(await answer.text());
    for (const [from, into] of [["preview-text", $(".prose", seen)], ["preview-problems", document.getElementById("problems")]])
      into.replaceChildren(...document.adoptNode(fresh.getElementById(from)).childNodes);
  };
  const look = (to) => {
    layout.dataset.looking = to;
    seen.hidden = to === "write";
    for (const button of all("[data-look]")) button.setAttribute("aria-pressed", String(button.dataset.look === to));
    try { localStorage.setItem("amends-look", to); } catch { /* next time it is as usual */ }
    follow();
  };
  /* Beside each other, the text one writes and the text one reads stay at the same place. */
  const follow = () => {
    if (layout.dataset.looking !== "both") return;
    const paper = area.getBoundingClientRect(), hidden = paper.height - innerHeight;
    seen.scrollTop = hidden > 0 ? Math.min(1, Math.max(0, -paper.top / hidden)) * (seen.scrollHeight - seen.clientHeight) : 0;
  };
  addEventListener("scroll", follow, { passive: true });

  /* Facts are chosen, never typed: from the list beside the text, or after two braces. */
  const facts = () => all("[data-insert]").map((b) => ({ insert: b.dataset.insert, name: b.dataset.insert.slice(2, -2), block: b.hasAttribute("data-block"), value: $(".value", b).textContent, says: b.title }));
  const insert = ({ insert, block }, from, to) => {
    const before = area.value.slice(0, from), after = area.value.slice(to);
    const lead = !block || !before || before.endsWith("\n\n") ? "" : before.endsWith("\n") ? "\n" : "\n\n";
    const tail = !block || !after || after.startsWith("\n") ? "" : "\n\n";
    put(from, to, lead + insert + tail);
  };
  const menu = make("ul", { class: "facts-menu", role: "listbox", id: "facts-menu", "aria-label": "Facts" });
  menu.hidden = true;
  $(".paper").append(menu);
  let found = [], chosen = 0, opened = 0;
  const shut = () => { menu.hidden = true; area.removeAttribute("aria-activedescendant"); area.removeAttribute("aria-controls"); };
  const choose = (to) => {
    chosen = (to + found.length) % found.length;
    all("[role=option]", menu).forEach((o, n) => { o.setAttribute("aria-selected", String(n === chosen)); if (n === chosen) o.scrollIntoView({ block: "nearest" }); });
    area.setAttribute("aria-activedescendant", "fact-" + chosen);
  };
  const take = (fact) => {
    const rest = area.value.slice(area.selectionStart), end = area.selectionStart + (rest.startsWith("}}") ? 2 : 0);
    shut();
    insert(fact, opened, end);
  };
  const offer = () => {
    const before = area.value.slice(0, area.selectionStart).match(/(?<!\\)\{\{ *([a-z_]*)$/i);
    if (!before || area.selectionStart !== area.selectionEnd) { shut(); return; }
    opened = before.index;
    const start = before[1].toLowerCase();
    found = facts().filter((f) => f.name.includes(start) || f.says.includes(start)).sort((a, b) => b.name.startsWith(start) - a.name.startsWith(start));
    if (!found.length) { shut(); return; }
    menu.replaceChildren(...found.map((f, n) => {
      const row = make("li", { role: "option", id: "fact-" + n, title: f.says }, make("code", {}, f.name), make("span", { class: "value" }, f.value));
      row.addEventListener("mousedown", (event) => { event.preventDefault(); take(f); });
      return row;
    }));
    menu.hidden = false;
    const at = caret(), paper = $(".paper").getBoundingClientRect();
    menu.style.top = at.bottom - paper.top + 6 + "px";
    menu.style.left = Math.max(0, Math.min(at.left - paper.left, paper.width - menu.offsetWidth)) + "px";
    area.setAttribute("aria-controls", "facts-menu");
    choose(0);
  };
  const around = (mark) => {
    const { selectionStart: from, selectionEnd: to } = area, text = area.value.slice(from, to);
    put(from, to, mark + text + mark);
    area.setSelectionRange(from + mark.length, to + mark.length);
  };
  area.addEventListener("keydown", (event) => {
    if (!menu.hidden) {
      const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
      if (step) { event.preventDefault(); choose(chosen + step); return; }
      if (event.key === "Enter" || event.key === "Tab") { event.preventDefault(); take(found[chosen]); return; }
      if (event.key === "Escape") { event.preventDefault(); shut(); return; }
    }
    if (!(event.ctrlKey || event.metaKey) || event.altKey || event.shiftKey) return;
    const mark = { b: "**", i: "*" }[event.key.toLowerCase()];
    if (mark) { event.preventDefault(); around(mark); }
  });
  document.addEventListener("keydown", (event) => {
    if ((event.ctrlKey || event.metaKey) && !event.altKey && !event.shiftKey && event.key.toLowerCase() === "s") { event.preventDefault(); save(); }
  });
  $(".title-line").addEventListener("keydown", (event) => {
    if (event.key === "Enter" && !event.ctrlKey && !event.metaKey) { event.preventDefault(); area.focus(); area.setSelectionRange(0, 0); }
  });
  area.addEventListener("blur", shut);
  area.addEventListener("input", () => { written(); offer(); clearTimeout(pause); pause = setTimeout(preview, 250); });
  document.addEventListener("selectionchange", () => { if (!menu.hidden && document.activeElement === area) offer(); });
  form.addEventListener("click", (event) => {
    const button = event.target.closest("button");
    if (!button) return;
    if (button.dataset.look) look(button.dataset.look);
    if (button.dataset.insert) { const fact = facts().find((f) => f.insert === button.dataset.insert); insert(fact, area.selectionStart, area.selectionEnd); }
    if (button.dataset.line) {
      const lines = area.value.split("\n"), line = Number(button.dataset.line) - 1;
      const start = lines.slice(0, line).reduce((sum, l) => sum + l.length + 1, 0);
      const column = [...(lines[line] || "")].slice(0, Number(button.dataset.column) - 1).join("").length;
      area.focus();
      const end = area.value.indexOf("}}", start + column);
      area.setSelectionRange(start + column, end < 0 ? start + column : end + 2);
    }
  });
  draw();
  let usual = "write";
  try { usual = localStorage.getItem("amends-look") || usual; } catch { /* as usual */ }
  if (["write", "both", "read"].includes(usual)) look(usual);
})();
