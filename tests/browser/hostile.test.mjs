// Text that tries to be more than text, in every field of the API and of the app's forms; then everything that can be read
// is read: pages, feeds, mails, answers. No script runs, no header breaks, no character that deceives comes out.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { browser, visitor } from "../support/chromium.mjs";
import { allowed, deceptive, forbidden, texts } from "../support/hostile.mjs";
import { Description } from "../support/openapi.mjs";
import { Pointer } from "../support/hands.mjs";
import { serve } from "../support/program.mjs";
import { administrator, mails, signIn, subscribe } from "../support/team.mjs";

const reader = "reader@example.com";
let program, chromium, token, description, team;

before(async () => {
  [program, chromium] = await Promise.all([
    serve({ administrator, config: "api_requests_per_minute = 100000000\n" }),
    browser(),
  ]);
  token = (await program.command("token", "create", "--name", "hostile", "--role", "administrator")).trim().split("\n").at(-1);
  description = new Description(await (await program.get("/api/v1/openapi.json")).json());
  await program.command("component", "add", "--name", "Checkout");
  const say = ["--public", "--message", "We are looking at why.", "--component", "Checkout=partial_outage"];
  await program.command("incident", "declare", "--title", "Orders cannot be paid", ...say);
  await program.command("postmortem", "draft", "INC-1");
  await program.command("action", "add", "Alarm when orders stop", "--incident", "INC-1");
  const when = ["--from", "+2d", "--until", "+3d", "--message", "Orders may wait."];
  await program.command("maintenance", "schedule", "--title", "New disks", ...when);
  team = await Pointer.of(chromium);
  await signIn(team, program);
  await subscribe(await Pointer.of(chromium), program, team, reader);
});
after(async () => {
  await chromium?.close();
  await program?.stop();
});

const api = async (method, path, body) => {
  const answer = await program.get(path, {
    method: method.toUpperCase(),
    headers: {
      authorization: `Bearer ${token}`,
      ...(body === undefined ? {} : { "content-type": "application/json" }),
      ...(method === "patch" || method === "put" ? { "if-match": "*" } : {}),
    },
    body: body === undefined ? undefined : JSON.stringify(body),
  });
  const text = await answer.text();
  assert.ok(answer.status < 500, `${method} ${path}: ${answer.status} ${text}\n${JSON.stringify(body)}`);
  headers(answer, path);
  return { status: answer.status, text, json: /json/.test(answer.headers.get("content-type") ?? "") ? JSON.parse(text) : undefined };
};

/** No header was added, none holds a character that it may not. */
function headers(answer, path) {
  for (const [name, value] of answer.headers) {
    assert.ok(!/^(bcc|x-evil)$/i.test(name), `${path}: ${name}`);
    assert.equal(deceptive(value), undefined, `${path}: ${name}`);
  }
}

/** A real id for the first parameter of a path, from the list that it belongs to. */
const ids = new Map();
async function filled(path) {
  let real = path;
  for (;;) {
    const at = real.match(/^(.*?)\/\{[a-z_]+\}/);
    if (!at) return real;
    const list = at[1] === "/api/v1/events" ? `${await filled("/api/v1/incidents/{id}")}/events` : at[1];
    if (!ids.has(list)) {
      const { json } = await api("get", list);
      ids.set(list, (json?.items ?? []).map((item) => item.id).filter(Boolean));
    }
    const known = ids.get(list);
    if (known.length === 0) return undefined;
    real = real.replace(/\{[a-z_]+\}/, known.at(-1));
  }
}

test("every text of every request is taken as text, or refused", { timeout: 240_000 }, async () => {
  let taken = 0;
  const tried = new Set();
  const left = [];
  for (const { method, path, schema } of description.operations()) {
    if (!["post", "put", "patch"].includes(method) || !schema) continue;
    const real = await filled(path);
    if (!real) {
      left.push(`${method} ${path}`);
      continue;
    }
    const smallest = method === "patch" ? {} : description.smallest(schema);
    for (const way of description.places(schema)) {
      tried.add(`${method} ${path} ${way.join("/")}`);
      for (const text of [...allowed, ...forbidden]) {
        // Names have to differ, so that the next one is not refused for being there already.
        const own = way.at(-1) === "name" ? `${text} ${taken}` : text;
        const { status, json } = await api(method, real, description.with(smallest, schema, way, own));
        if (status >= 300) continue;
        taken += 1;
        for (const said of texts(json)) assert.equal(deceptive(said), undefined, `${method} ${path} ${way}`);
      }
    }
  }
  assert.ok(tried.size > 30, `only ${tried.size} texts were found`);
  assert.ok(taken > 100, `only ${taken} requests were taken`);
  console.log(`${tried.size} texts, ${taken} requests taken; nothing to ask about for: ${left.join(", ") || "none"}`);
});

test("every answer of the API is clean", async () => {
  for (const { method, path } of description.operations()) {
    if (method !== "get" || path.endsWith("openapi.json")) continue;
    const real = await filled(path);
    if (!real) continue;
    for (const query of ["", "?limit=200", `?q=${encodeURIComponent(allowed[0])}`]) {
      const { text, json } = await api(method, real + query);
      assert.equal(deceptive(text), undefined, path);
      for (const said of texts(json)) assert.equal(deceptive(said), undefined, `${real}${query}`);
    }
  }
});

/** Adds what a page can be seen to do wrong. */
async function watched(options) {
  const page = await visitor(chromium, options);
  page.on("dialog", (dialog) => {
    page.complaints.push(`dialog: ${dialog.message()}`);
    dialog.dismiss();
  });
  return page;
}

/** Opens a path and looks at it. */
async function look(page, path) {
  const answer = await page.goto(program.url + path, { waitUntil: "load" });
  assert.ok(answer.status() < 500, `${path}: ${answer.status()}`);
  assert.equal(deceptive(await answer.text()), undefined, path);
  // What waits for a focus or a pointer gets it.
  await page.evaluate(() => {
    for (const element of document.querySelectorAll("body *")) {
      element.dispatchEvent(new MouseEvent("mouseover", { bubbles: true }));
    }
    for (const element of document.querySelectorAll("[autofocus]")) element.focus();
  });
  assert.equal(await page.evaluate(() => window.pwned), undefined, path);
  assert.equal(await page.evaluate(() => document.querySelector('iframe:not([sandbox]), a[href^="javascript:" i], [onerror], [onload], [onfocus], [onmouseover]')?.outerHTML), undefined, path);
}

/** Follows every link from `start` within `prefix`, at most `most` pages; `visit` gets each. */
async function crawl(page, start, belongs, most, visit = async () => {}) {
  const seen = new Set([start]);
  const waiting = [start];
  const shapes = new Map();
  while (waiting.length > 0 && seen.size <= most) {
    const path = waiting.shift();
    await look(page, path);
    const links = await page.evaluate(() => [...document.querySelectorAll("a[href]")].map((a) => a.href));
    await visit(path);
    for (const link of links) {
      const url = new URL(link);
      const next = url.pathname + url.search;
      if (url.origin !== new URL(program.url).origin || !belongs(url.pathname) || seen.has(next)) continue;
      // Three of each kind of page say as much as three hundred.
      const shape = url.pathname.replace(/[a-z0-9]{12}|INC-\d+|\d{4}-\d\d/g, "*");
      shapes.set(shape, (shapes.get(shape) ?? 0) + 1);
      if (shapes.get(shape) > 3) continue;
      seen.add(next);
      waiting.push(next);
    }
  }
  return seen;
}

const isPublic = (path) => !/^\/(app|sign|static|api|badge|icon|favicon)|\.(rss|atom|json|ics|svg|js)$/.test(path);
const isApp = (path) => path.startsWith("/app") && !/sign-out|export|\.(csv|md|json|eml|zip)$/.test(path);

test("every public page shows text as text", { timeout: 120_000 }, async () => {
  const page = await watched();
  const seen = await crawl(page, "/", isPublic, 60);
  assert.ok(seen.size > 5, [...seen].join(" "));
  await page.goto(`${program.url}/`);
  assert.match(await page.textContent("main"), /<script>window\.pwned=1<\/script>/, "the text itself is shown");
  assert.deepEqual(page.complaints, []);
});

test("every feed is clean", async () => {
  const paths = [
    "/history.rss", "/history.atom", "/history.feed.json", "/maintenance.ics", "/badge.svg", "/history.json",
    "/api/v2/summary.json", "/api/v2/incidents.json", "/api/v2/scheduled-maintenances.json", "/api/v2/components.json",
  ];
  // A page without a policy of its own, to parse on.
  const page = await watched();
  await page.goto("about:blank");
  for (const path of paths) {
    const answer = await program.get(path);
    headers(answer, path);
    const text = await answer.text();
    assert.equal(deceptive(text), undefined, path);
    if (path.endsWith(".json")) for (const said of texts(JSON.parse(text))) assert.equal(deceptive(said), undefined, path);
    if (/rss|atom|svg/.test(path)) {
      const wrong = await page.evaluate((xml) => {
        const parsed = new DOMParser().parseFromString(xml, "application/xml");
        return parsed.querySelector("parsererror")?.textContent;
      }, text);
      assert.equal(wrong, undefined, path);
    }
    if (path.endsWith(".ics")) {
      const names = text.replaceAll("\r\n ", "").split("\r\n").map((line) => line.split(/[:;]/)[0]);
      const known = /^(BEGIN|END|VERSION|PRODID|CALSCALE|METHOD|NAME|X-WR-CALNAME|REFRESH-INTERVAL|X-PUBLISHED-TTL|SOURCE|UID|DTSTAMP|CREATED|LAST-MODIFIED|SEQUENCE|DTSTART|DTEND|SUMMARY|DESCRIPTION|URL|STATUS|TRANSP|CATEGORIES|)$/;
      for (const name of names) assert.match(name, known);
      assert.equal(names.filter((name) => name === "BEGIN").length, names.filter((name) => name === "END").length);
    }
  }
});

test("every form of the app takes text as text, and every page shows it so", { timeout: 400_000 }, async () => {
  const page = await watched();
  await signIn(new Pointer(page), program);
  const forms = new Map();
  // Not the ones that would lock this test out.
  const spared = /sign-out|password|sessions|account|\/people\/|disable|mail\/empty/;
  const pages = await crawl(page, "/app", isApp, 150, async (path) => {
    const found = await page.evaluate(() =>
      [...document.forms].map((form) => ({
        action: new URL(form.getAttribute("action") || location.href, location.href).pathname,
        method: form.method,
        fields: [...form.elements].filter((e) => e.name && !e.disabled).map((e) => ({
          name: e.name,
          kind: e.tagName === "TEXTAREA" ? "textarea" : e.type,
          value: e.type === "checkbox" || e.type === "radio" ? (e.checked ? e.value : undefined) : e.value,
        })),
      })),
    );
    for (const form of found) {
      if (form.method !== "post" || spared.test(form.action)) continue;
      const names = form.fields.map((field) => field.name).join();
      const key = `${form.action.replace(/[a-z0-9]{12}|INC-\d+/g, "*")} ${names}`;
      if (!forms.has(key)) forms.set(key, { ...form, from: path });
    }
  });
  assert.ok(pages.size > 8, [...pages].join(" "));
  assert.ok(forms.size > 5, [...forms.keys()].join("\n"));
  let sent = 0;
  for (const [key, form] of forms) {
    const typed = form.fields.filter((field) => ["text", "textarea", "search", "email", "url", "hidden"].includes(field.kind));
    for (const text of [...allowed, ...forbidden]) {
      const values = new URLSearchParams();
      for (const field of form.fields) {
        const value = typed.includes(field) ? (field.kind === "hidden" || field.kind === "email" ? field.value : text) : field.value;
        if (value !== undefined && field.kind !== "file") values.append(field.name, value);
      }
      const answer = await page.request.post(program.url + form.action, {
        data: values.toString(),
        headers: { "content-type": "application/x-www-form-urlencoded", origin: program.url },
        maxRedirects: 0,
      });
      assert.ok(answer.status() < 500, `${key}: ${answer.status()}`);
      // A form that was refused keeps what its writer typed; nothing else of the answer holds it.
      const said = (await answer.text()).replace(/ value="[^"]*"/g, "").replace(/<textarea[^>]*>[^<]*/g, "");
      assert.equal(deceptive(said), undefined, key);
      sent += 1;
    }
  }
  console.log(`${pages.size} pages, ${forms.size} forms, ${sent} sent`);
  // A form that was refused is shown again with every typed word kept: in a browser, one form of each kind.
  for (const form of [...forms.values()].slice(0, 30)) {
    await page.goto(program.url + form.from);
    const posted = page.waitForRequest((request) => request.method() === "POST", { timeout: 2_000 }).catch(() => {});
    const left = page.waitForEvent("domcontentloaded", { timeout: 5_000 }).catch(() => {});
    const hidden = await page.evaluate(
      ([action, text]) => {
        const own = [...document.forms].find((f) => new URL(f.getAttribute("action") || location.href, location.href).pathname === action);
        if (!own) return "gone";
        for (const e of own.elements) {
          if (e.tagName === "TEXTAREA" || ["text", "search"].includes(e.type)) e.value = `${text}\u202e`;
        }
        own.noValidate = true;
        own.requestSubmit ? own.requestSubmit(own.querySelector("button:not([type=button])") ?? undefined) : own.submit();
        return undefined;
      },
      [form.action, allowed[2]],
    );
    if (hidden === "gone") continue;
    // What a script sends leaves the page where it is.
    if ((await posted)?.isNavigationRequest()) await left;
    await page.waitForLoadState("load");
    assert.equal(await page.evaluate(() => window.pwned), undefined, form.action);
  }
  // A form that is answered with 4xx is what was wanted; the browser says so in its console.
  page.complaints = page.complaints.filter((line) => !/status of 4\d\d/.test(line));
  await crawl(page, "/app", isApp, 150);
  await crawl(page, "/", isPublic, 60);
  assert.deepEqual(page.complaints, []);
});

test("every mail holds its headers together, and its pages run nothing", { timeout: 120_000 }, async () => {
  const page = await watched();
  await signIn(new Pointer(page), program);
  const all = await mails(page, program, reader, 10);
  for (const mail of all) {
    const head = mail.split(/\r?\n\r?\n/)[0].replace(/\r?\n[ \t]/g, " ");
    for (const line of head.split(/\r?\n/)) {
      assert.match(line, /^[A-Za-z-]+: /, line);
      assert.doesNotMatch(line, /^(bcc|x-evil)/i);
      assert.equal(deceptive(line), undefined, line);
    }
  }
  const listed = await (await page.request.get(`${program.url}/app/mail?to=${reader}`)).text();
  for (const path of [...new Set(listed.match(/\/app\/mail\/\d+/g))].slice(0, 20)) {
    await look(page, path);
    await look(page, `${path}/html`);
  }
  assert.deepEqual(page.complaints, []);
});
