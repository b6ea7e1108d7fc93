/* Findings beside the text as one types: painted at their words, walked by keyboard, mended or accepted with one key. The
   server judges; one question is under way at a time, and the newest text wins. Without this the list stands there as of
   the last save. */
(() => {
  "use strict";
  const { parsed, make } = window.amends;
  const form = document.getElementById("writer"), list = document.getElementById("lint");
  const area = form && form.querySelector("[data-text]");
  if (!area || !list) return;
  const margin = document.getElementById("margin"), said = document.getElementById("findings-said"), title = form.querySelector(".title-line");
  const all = (selector, within) => [...within.querySelectorAll(selector)];
  let hush = 0;
  const say = (text) => { said.textContent = text; clearTimeout(hush); hush = setTimeout(() => { said.textContent = ""; }, 8000); };

  /* Lines and columns, in characters, as places in the text. */
  const places = (text) => {
    const starts = [0];
    for (let at = text.indexOf("\n"); at >= 0; at = text.indexOf("\n", at + 1)) starts.push(at + 1);
    return (line, column) => {
      const start = starts[Math.min(line, starts.length) - 1], end = (starts[line] || text.length + 1) - 1;
      let at = start;
      for (let n = 1; n < column && at < end; n++) at += text.codePointAt(at) > 0xffff ? 2 : 1;
      return at;
    };
  };
  const range = (at, place) => {
    const [line, column, endLine, endColumn] = at.split(/[:-]/).map(Number);
    return { from: place(line, column), to: place(endLine, endColumn) };
  };

  /* What was found, in the order of the text; `checked` is the text that it was found in, `seen` the one that it was moved to. */
  let found = [], active = null, checked = area.value, seen = area.value;
  const inText = (finding) => finding.field === area.name;
  const read = (text) => {
    const place = places(text);
    found = all(".finding", list).map((item) => ({ item, field: item.dataset.field, rule: item.dataset.rule, level: item.dataset.level, ...range(item.dataset.at, place) }));
    checked = seen = text;
  };
  const paint = () => area.dispatchEvent(new CustomEvent("amends:mark", { detail: found.filter(inText).map((f) => ({ from: f.from, to: f.to, name: "lint is-" + f.level + (f === active ? " here" : "") })) }));
  /* While an answer is under way, marks move with their words. */
  const follow = () => {
    const text = area.value, most = Math.min(text.length, seen.length);
    let head = 0, tail = 0;
    while (head < most && text[head] === seen[head]) head++;
    while (tail < most - head && text[text.length - 1 - tail] === seen[seen.length - 1 - tail]) tail++;
    const end = seen.length - tail, by = text.length - seen.length;
    const moved = (at) => at >= end ? at + by : Math.min(at, Math.max(head, end + by));
    if (by || head < text.length) for (const f of found.filter(inText)) { f.from = moved(f.from); f.to = moved(f.to); }
    seen = text;
    paint();
  };

  /* Which one is looked at. */
  const choose = (finding) => {
    if (finding === active) return;
    active = finding;
    for (const f of found) if (f === active) f.item.setAttribute("aria-current", "true"); else f.item.removeAttribute("aria-current");
    paint();
    if (active && margin.scrollHeight > margin.clientHeight) {
      const box = margin.getBoundingClientRect(), card = active.item.getBoundingClientRect();
      if (card.top < box.top || card.bottom > box.bottom) margin.scrollTop += card.top - box.top - 12;
    }
  };
  const at = (caret) => {
    const over = found.filter((f) => inText(f) && f.from <= caret && caret <= f.to);
    return over.includes(active) ? active : over.sort((a, b) => (a.to - a.from) - (b.to - b.from))[0] || null;
  };
  const select = (field, from, to) => {
    const into = form.elements[field];
    if (!into) return false;
    into.focus({ preventScroll: into === area });
    into.setSelectionRange(into === area ? from : 0, into === area ? to : into.value.length);
    const mark = into === area && form.querySelector(".mirror .here");
    if (mark) mark.scrollIntoView({ block: "center" }); else into.scrollIntoView({ block: into === area ? "nearest" : "center" });
    return true;
  };
  const go = (finding) => {
    choose(finding);
    select(finding.field, finding.from, finding.to);
    const text = (selector) => all(selector, finding.item).map((e) => e.textContent.trim()).join(" ");
    const fix = finding.item.querySelector("[data-act=fix]");
    say(`${text(".finding-head .state").replace(/^\S+ /, "")} ${finding.rule}, ${text(".finding-head .place")}, ${found.indexOf(finding) + 1} of ${found.length}. ${text(".what")} ${text(".instead")}${fix ? " Control full stop: " + fix.textContent : ""}`);
  };
  const step = (by) => {
    if (!found.length) { say("Nothing is found."); return; }
    const now = found.indexOf(active);
    if (now >= 0) { go(found[(now + by + found.length) % found.length]); return; }
    const caret = document.activeElement === area ? area.selectionStart : -1;
    const after = found.findIndex((f) => inText(f) && f.from >= caret);
    go(found[by > 0 ? (after < 0 ? 0 : after) : ((after < 0 ? found.length : after) - 1 + found.length) % found.length]);
  };

  /* Mending and accepting change the text as typing does, so that both can be undone. */
  const put = (edits) => {
    const place = places(checked), parts = edits.map((e) => ({ from: place(e.line, e.column), to: place(e.end_line, e.end_column), text: e.text })).sort((a, b) => a.from - b.from);
    const from = parts[0].from, to = parts[parts.length - 1].to;
    let text = "", done = from;
    for (const part of parts) { text += checked.slice(done, part.from) + part.text; done = part.to; }
    area.dispatchEvent(new CustomEvent("amends:put", { detail: { from, to, text } }));
  };
  /* What was found in an older text is looked for again first. */
  let pending = null;
  const when = (act, finding) => {
    if (area.value === checked) act(finding); else pending = { act, rule: finding.rule, from: finding.from };
  };
  const fix = (finding) => {
    const button = finding.item.querySelector("[data-act=fix]");
    if (!button) { say("There is no change to take for this one."); return; }
    when((f) => { put(JSON.parse(f.item.dataset.fix)); say("Done: " + button.textContent + "."); }, finding);
  };
  const waive = (finding) => {
    choose(finding);
    const acts = finding.item.querySelector(".acts");
    const reason = make("input", { type: "text", "aria-label": "Why it is accepted", placeholder: "Why it is accepted", maxlength: "200", autocomplete: "off", dir: "auto" });
    const done = make("button", { type: "button", class: "btn tiny go" }, "Accept"), not = make("button", { type: "button", class: "btn tiny plain" }, "Not now");
    const shown = [...acts.childNodes];
    const shut = () => { acts.classList.remove("asking"); acts.replaceChildren(...shown); release(); };
    const accept = () => {
      const why = reason.value.replace(/-{2,}/g, "–").replace(/[<>]/g, "").replace(/\s+/g, " ").trim();
      if (!why) { say("A reason is needed: what is accepted should say why."); reason.setAttribute("aria-invalid", "true"); reason.focus(); return; }
      shut();
      when((f) => {
        const edit = JSON.parse(f.item.dataset.waive);
        put([{ ...edit, text: edit.text.replace(/ why -->/, () => " " + why + " -->") }]);
        say("Accepted: " + f.rule + ". The reason stands in the text.");
      }, finding);
    };
    reason.addEventListener("keydown", (event) => {
      if (event.key === "Enter") { event.preventDefault(); accept(); }
      if (event.key === "Escape") { event.preventDefault(); event.stopPropagation(); shut(); select(finding.field, finding.from, finding.to); }
    });
    done.addEventListener("click", accept);
    not.addEventListener("click", () => { shut(); select(finding.field, finding.from, finding.to); });
    acts.classList.add("asking");
    acts.replaceChildren(reason, done, not);
    reason.focus();
  };

  /* Asking. */
  let running = false, timer = 0, held = null, tally = list.querySelector(".tally").textContent, told = 0;
  const take = (html, text) => {
    /* Nobody's reason is taken away while it is typed. */
    if (list.querySelector(".asking")) { held = [html, text]; return; }
    const before = active;
    list.replaceChildren(...parsed(html).body.childNodes);
    read(text);
    active = null;
    const alike = (rule, from) => found.filter((f) => f.rule === rule).sort((a, b) => Math.abs(a.from - from) - Math.abs(b.from - from))[0];
    if (before) choose(alike(before.rule, before.from) || null);
    if (area.value !== text) follow(); else paint();
    document.getElementById("findings-count").textContent = found.length || "";
    if (pending && area.value === text) {
      const { act, rule, from } = pending, finding = alike(rule, from);
      pending = null;
      if (finding) act(finding);
    }
    const now = list.querySelector(".tally").textContent;
    clearTimeout(told);
    told = setTimeout(() => { if (now !== tally) { tally = now; say(now); } }, 1000);
  };
  const release = () => { if (held) { const [html, text] = held; held = null; take(html, text); } };
  const ask = (wait) => { clearTimeout(timer); timer = setTimeout(run, wait); };
  const run = async () => {
    if (running) return;
    running = true;
    const text = area.value, heading = title.value;
    const body = new URLSearchParams({ text, title: heading, ...form.hasAttribute("data-letter") && { letter: "yes" } });
    const answer = await fetch(form.dataset.findingsFrom, { method: "POST", body, redirect: "error" }).catch(() => null);
    if (answer && answer.ok) take(await answer.text(), text);
    running = false;
    if (answer && (area.value !== text || title.value !== heading)) ask(0);
  };
  area.addEventListener("amends:written", () => { follow(); ask(20); });
  title.addEventListener("input", () => ask(20));
  document.addEventListener("amends:swapped", () => ask(200));

  document.addEventListener("selectionchange", () => { if (document.activeElement === area && area.value === seen) choose(at(area.selectionStart)); });
  title.addEventListener("focus", () => choose(found.find((f) => f.field === title.name) || null));
  list.addEventListener("click", (event) => {
    const item = event.target.closest(".finding"), finding = found.find((f) => f.item === item);
    if (!finding) return;
    const place = event.target.closest("[data-go]"), act = event.target.closest("[data-act]");
    if (act) { if (act.dataset.act === "fix") fix(finding); else waive(finding); return; }
    if (place && form.elements[place.dataset.in]) {
      event.preventDefault();
      if (place.closest(".related")) { choose(finding); const { from, to } = range(place.dataset.go, places(seen)); select(place.dataset.in, from, to); } else go(finding);
      return;
    }
    if (!event.target.closest("a, input, button")) choose(finding);
  });
  document.addEventListener("keydown", (event) => {
    if (event.altKey || event.isComposing) return;
    if (event.key === "F8" && !event.ctrlKey && !event.metaKey) { event.preventDefault(); step(event.shiftKey ? -1 : 1); return; }
    if (!(event.ctrlKey || event.metaKey) || event.shiftKey || ![".", ","].includes(event.key)) return;
    const here = active || (document.activeElement === area ? at(area.selectionStart) : null);
    event.preventDefault();
    if (!here) { say("F8 goes to the next finding."); return; }
    if (event.key === ".") fix(here); else waive(here);
  });
  read(area.value);
  paint();
})();
