/* The app: what changed elsewhere shows itself, keys, the palette, previews, clocks. Every page works without it. */
(() => {
  "use strict";
  const $ = (selector, within = document) => within.querySelector(selector);
  const all = (selector, within = document) => [...within.querySelectorAll(selector)];
  const ready = (then) => document.readyState === "loading" ? document.addEventListener("DOMContentLoaded", then) : then();
  const policy = window.trustedTypes ? trustedTypes.createPolicy("amends", { createHTML: (html) => html }) : { createHTML: (html) => html };
  /* Only what this server answered is parsed, and a parsed document runs no script. */
  const parsed = (html) => new DOMParser().parseFromString(policy.createHTML(html), "text/html");
  const make = (tag, attributes = {}, ...children) => {
    const element = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
    element.append(...children);
    return element;
  };
  const calm = matchMedia("(prefers-reduced-motion: reduce)");

  /* Clocks that run. */
  const two = (n) => String(n).padStart(2, "0");
  const words = (minutes) => minutes < 1 ? "under a minute" : minutes < 60 ? minutes + " min" : minutes < 2880 ? Math.floor(minutes / 60) + " h " + two(minutes % 60) + " min" : Math.floor(minutes / 1440) + " d " + Math.floor(minutes % 1440 / 60) + " h";
  const tick = () => {
    for (const clock of all("[data-clock]")) {
      const seconds = Math.max(0, Math.floor((Date.now() - Date.parse(clock.dataset.clock)) / 1000));
      const running = clock.closest(".strip") && seconds < 86400 && !calm.matches;
      const text = !running ? words(Math.floor(seconds / 60)) : (seconds < 3600 ? Math.floor(seconds / 60) : Math.floor(seconds / 3600) + ":" + two(Math.floor(seconds / 60) % 60)) + ":" + two(seconds % 60);
      if (clock.textContent !== text) clock.textContent = text;
    }
  };

  /* Parts of the page that follow the record: [data-live], replaced when somebody changed something. */
  let refreshing = false;
  const refresh = async () => {
    if (refreshing) return;
    refreshing = true;
    try {
      const answer = await fetch(location.href, { headers: { accept: "text/html" }, redirect: "manual" });
      if (!answer.ok) return;
      const fresh = parsed(await answer.text());
      for (const old of all("[data-live][id]")) {
        const renewed = fresh.getElementById(old.id);
        if (!renewed || old.contains(document.activeElement) && old !== document.activeElement || old.isEqualNode(renewed)) continue;
        const opened = new Set(all("details[open][id]", old).map((d) => d.id));
        const shown = document.adoptNode(renewed);
        for (const details of all("details[id]", shown)) if (opened.has(details.id)) details.open = true;
        old.replaceWith(shown);
        shown.dispatchEvent(new CustomEvent("amends:swapped", { bubbles: true }));
      }
      for (const place of all(".rail > a[href]:not(.brand)")) {
        const renewed = $(`.rail > a[href="${place.getAttribute("href")}"]:not(.brand)`, fresh);
        if (renewed && !place.isEqualNode(renewed)) place.replaceChildren(...document.adoptNode(renewed).childNodes);
      }
      document.body.dataset.changes = fresh.body.dataset.changes || document.body.dataset.changes;
      tick();
    } finally {
      refreshing = false;
    }
  };
  const lost = make("p", { class: "banner degraded", role: "status" });
  const follow = async () => {
    let failures = 0, since = new Date();
    for (;;) {
      if (document.hidden) await new Promise((go) => document.addEventListener("visibilitychange", go, { once: true }));
      try {
        const answer = await fetch("/app/changes?after=" + encodeURIComponent(document.body.dataset.changes), { redirect: "error" });
        if (answer.status === 401) {
          lost.replaceChildren("You are signed out. What you typed is still here. ", make("a", { href: "/sign-in", target: "_blank", rel: "noopener" }, "Sign in in a new tab"), ", then come back.");
          $(".beside").prepend(lost);
          await new Promise((go) => setTimeout(go, 3000));
          failures = 1;
          continue;
        }
        if (!answer.ok) throw new Error(String(answer.status));
        const newest = await answer.text();
        if (failures > 0 || newest !== document.body.dataset.changes) await refresh();
        document.body.dataset.changes = newest;
        failures = 0;
        since = new Date();
        lost.remove();
      } catch {
        if (++failures === 2) {
          lost.textContent = "Amends cannot be reached from here just now. What you see was true at " + since.toLocaleTimeString([], { hour: "2-digit", minute: "2-digit", hourCycle: "h23" }) + "; keep what you typed, this page goes on by itself.";
          $(".beside").prepend(lost);
        }
        await new Promise((go) => setTimeout(go, Math.min(30000, 1000 * 2 ** failures)));
      }
    }
  };
  const poll = () => {
    for (const part of all("[data-poll]")) if (!document.hidden && part.isConnected) { refresh(); break; }
  };

  /* What readers will see, as one types. */
  const preview = (area) => {
    const box = document.getElementById(area.dataset.preview);
    if (!box) return;
    const into = $(".prose", box);
    let timer, latest = 0;
    const show = async () => {
      const text = area.value, mine = ++latest;
      if (!text.trim()) { box.hidden = true; return; }
      const answer = await fetch(area.dataset.previewFrom || "/app/preview", { method: "POST", body: new URLSearchParams({ text }) }).catch(() => null);
      if (!answer || !answer.ok || mine !== latest) return;
      into.replaceChildren(...parsed(await answer.text()).body.childNodes);
      box.hidden = false;
    };
    area.addEventListener("input", () => { clearTimeout(timer); timer = setTimeout(show, 200); });
    show();
  };

  /* Forms: a second press of the button does nothing; a choice shows what belongs to it. */
  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (!form.hasAttribute("data-once") || event.defaultPrevented) return;
    if (form.dataset.sent) { event.preventDefault(); return; }
    form.dataset.sent = "yes";
    setTimeout(() => { for (const button of all("button", form)) button.setAttribute("aria-disabled", "true"); });
  });
  addEventListener("pageshow", () => {
    for (const form of all("form[data-sent]")) {
      delete form.dataset.sent;
      for (const button of all("button", form)) button.removeAttribute("aria-disabled");
    }
  });
  const shows = (within) => {
    for (const choice of all("[data-shows]", within)) {
      const part = document.getElementById(choice.dataset.shows);
      const apply = () => { part.hidden = !choice.checked; };
      for (const other of all(`input[name="${choice.name}"]`, choice.form)) other.addEventListener("change", apply);
      apply();
    }
    for (const box of all("[data-hides]", within)) {
      const apply = () => { document.getElementById(box.dataset.hides).hidden = box.checked; };
      box.addEventListener("change", apply);
      apply();
    }
  };

  /* Keys. */
  const typing = (target) => target.closest("input, textarea, select, [contenteditable]") && !["radio", "checkbox", "button", "submit"].includes(target.type);
  const reach = (element) => {
    for (let parent = element; parent; parent = parent.parentElement) if (parent.tagName === "DETAILS") parent.open = true;
    const field = element.matches("details, section, form") ? $("textarea, input:not([type=hidden]):not([type=radio]), select", element) : element;
    if (!field) return;
    if (field.tagName === "A") { field.click(); return; }
    field.focus();
    field.scrollIntoView({ block: "center", behavior: calm.matches ? "auto" : "smooth" });
  };
  document.addEventListener("keydown", (event) => {
    if ((event.ctrlKey || event.metaKey) && !event.altKey && event.key.toLowerCase() === "k") {
      event.preventDefault();
      openPalette();
      return;
    }
    if ((event.ctrlKey || event.metaKey) && event.key === "Enter" && event.target.form) {
      event.preventDefault();
      const form = event.target.form;
      form.requestSubmit($("button[type=submit]", form));
      return;
    }
    if (event.ctrlKey || event.metaKey || event.altKey || typing(event.target) || $("dialog[open]")) return;
    if (event.key === "?") { event.preventDefault(); help(); return; }
    if (event.key === "/") { event.preventDefault(); openPalette(); return; }
    const target = /^[a-z]$/.test(event.key) && $(`[data-key="${event.key}"]`);
    if (target) { event.preventDefault(); reach(target); }
  });

  const dialog = (name, label) => {
    const box = make("dialog", { class: name, "aria-label": label });
    box.addEventListener("close", () => box.remove());
    box.addEventListener("click", (event) => { if (event.target === box) box.close(); });
    document.body.append(box);
    return box;
  };
  const help = () => {
    const box = dialog("keys", "Keys");
    const rows = [["Ctrl K", "find anything"], ["D", "declare an incident"], ["N", "add to the timeline"], ["P", "tell customers"], ["R", "give a role"], ["Ctrl Enter", "send the form one is in"], ["?", "these keys"], ["Esc", "close"]];
    const list = make("dl", { class: "kv" });
    for (const [key, what] of rows) list.append(make("dt", {}, make("kbd", {}, key)), make("dd", {}, what));
    const close = make("button", { class: "btn small", type: "button" }, "Close");
    close.addEventListener("click", () => box.close());
    box.append(make("div", { class: "pad stack" }, make("h2", {}, "Keys"), list, make("p", {}, close)));
    box.showModal();
  };

  /* Ctrl K: places, acts, and everything that is written. */
  const openPalette = () => {
    const open = $("dialog.commands");
    if (open) { open.close(); return; }
    const box = dialog("commands", "Find anything");
    const input = make("input", { type: "search", role: "combobox", "aria-expanded": "true", "aria-controls": "found", "aria-autocomplete": "list", "aria-label": "Find anything", placeholder: "An incident, a word, a place", autocomplete: "off", spellcheck: "false", dir: "auto" });
    const list = make("ul", { id: "found", role: "listbox", "aria-label": "Found" });
    const said = make("p", { class: "vh", role: "status" });
    box.append(input, list, said);
    const places = all(".rail a[href]:not(.brand):not(.find)").map((a) => ({ href: a.getAttribute("href"), title: a.firstChild.textContent.trim(), about: "go to" }));
    for (const a of all("[data-command]")) places.push({ href: a.getAttribute("href"), title: a.dataset.command, about: "do" });
    let chosen = 0, items = [], latest = 0, timer;
    const choose = (to) => {
      const options = all("[role=option]", list);
      if (!options.length) { input.removeAttribute("aria-activedescendant"); return; }
      chosen = (to + options.length) % options.length;
      options.forEach((o, n) => o.setAttribute("aria-selected", String(n === chosen)));
      input.setAttribute("aria-activedescendant", options[chosen].id);
      options[chosen].scrollIntoView({ block: "nearest" });
    };
    const show = (found) => {
      items = found;
      list.replaceChildren(...found.map((item, n) => {
        const title = make("span", { class: "title", dir: "auto" }, item.title);
        if (item.context) title.append(make("span", { class: "context" }, ...item.context.map((part) => part.found ? make("mark", {}, part.text) : part.text)));
        const row = make("li", { role: "option", id: "found-" + n }, title, make("span", { class: "tiny soft" }, item.about));
        row.addEventListener("click", () => { location.href = item.href; });
        return row;
      }));
      said.textContent = found.length + " found";
      choose(0);
    };
    const matching = (text) => places.filter((p) => p.title.toLowerCase().includes(text.toLowerCase()));
    const look = async () => {
      const text = input.value.trim(), mine = ++latest;
      show(matching(text));
      if (text.length < 2) return;
      const answer = await fetch("/app/search?as=json&q=" + encodeURIComponent(text)).catch(() => null);
      if (!answer || !answer.ok || mine !== latest) return;
      show([...matching(text), ...await answer.json()]);
    };
    input.addEventListener("input", () => { clearTimeout(timer); timer = setTimeout(look, 80); });
    input.addEventListener("keydown", (event) => {
      if (event.key === "ArrowDown" || event.key === "ArrowUp") { event.preventDefault(); choose(chosen + (event.key === "ArrowDown" ? 1 : -1)); }
      if (event.key === "Enter") {
        event.preventDefault();
        if (items[chosen]) location.href = items[chosen].href;
        else if (input.value.trim()) location.href = "/app/search?q=" + encodeURIComponent(input.value.trim());
      }
    });
    box.showModal();
    show(places);
  };

  /* Passwords can be looked at, and the browser knows where it is. */
  const fields = () => {
    for (const box of all("[data-reveals]")) {
      const field = document.getElementById(box.dataset.reveals);
      box.addEventListener("change", () => { field.type = box.checked ? "text" : "password"; });
      if (field.form) field.form.addEventListener("submit", () => { field.type = "password"; });
    }
    for (const field of all("[data-select]")) field.addEventListener("focus", () => field.select());
    for (const button of all("[data-copy]")) button.addEventListener("click", async () => {
      const field = document.getElementById(button.dataset.copy);
      try { await navigator.clipboard.writeText(field.value); button.textContent = "Copied"; } catch { field.focus(); field.select(); button.textContent = "Press Ctrl C"; }
    });
    const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
    for (const button of all("[data-own-zone]")) {
      const field = document.getElementById(button.dataset.ownZone);
      if (!zone || !field || !field.list || ![...field.list.options].some((o) => o.value === zone)) continue;
      if (field.hasAttribute("data-guess-zone")) field.value = zone;
      const offer = () => { button.hidden = field.value === zone; };
      button.textContent = "Use " + zone + ", as this browser does";
      button.addEventListener("click", () => { field.value = zone; offer(); field.focus(); });
      field.addEventListener("input", offer);
      offer();
    }
  };

  /* What goes out by mail shows itself in its frame, without a press of the button. */
  const showMail = (form) => {
    const frame = document.getElementById(form.dataset.showsMail);
    if (!frame) return;
    frame.hidden = false;
    form.target = frame.name;
    form.requestSubmit($("button", form));
    form.hidden = true;
  };

  /* Search: what is found shows itself as one types; the address follows, so that going back leads back here. */
  const search = (form) => {
    const input = $("input", form), into = document.getElementById("found");
    let timer, latest = 0;
    const look = async () => {
      const mine = ++latest, to = "/app/search?q=" + encodeURIComponent(input.value.trim());
      const answer = await fetch(to, { redirect: "error" }).catch(() => null);
      if (!answer || !answer.ok || mine !== latest) return;
      const fresh = parsed(await answer.text());
      into.replaceChildren(...document.adoptNode(fresh.getElementById("found")).childNodes);
      history.replaceState(null, "", to);
      document.title = fresh.title;
    };
    input.addEventListener("input", () => { clearTimeout(timer); timer = setTimeout(look, 80); });
    input.setSelectionRange(input.value.length, input.value.length);
  };

  /* What scripts of single pages build on. */
  window.amends = Object.freeze({ parsed, make });

  ready(() => {
    fields();
    for (const area of all("textarea[data-preview]")) preview(area);
    for (const form of all("form[data-shows-mail]")) showMail(form);
    for (const form of all("#search-form")) search(form);
    for (const button of all("[data-print]")) button.addEventListener("click", () => print());
    shows(document);
    for (const opener of all("[data-open-palette]")) opener.addEventListener("click", (event) => { event.preventDefault(); openPalette(); });
    /* On a phone the rail is one line: where one is should be in sight. */
    const place = $(".rail [aria-current]"), rail = $(".rail");
    if (place && rail.scrollWidth > rail.clientWidth) rail.scrollLeft = place.offsetLeft - (rail.clientWidth - place.offsetWidth) / 2;
    const wrongs = document.getElementById("wrongs");
    if (wrongs) wrongs.focus();
    tick();
    setInterval(tick, 1000);
    if ($("[data-poll]")) setInterval(poll, 2000);
    if ($("[data-live]") && document.body.dataset.changes) follow();
  });
})();
