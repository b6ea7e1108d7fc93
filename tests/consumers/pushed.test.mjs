// What is pushed: to programs that read the feeds (WebSub), and to browsers, each the real one on the other side.

import assert from "node:assert/strict";
import { createECDH, createHmac, randomBytes } from "node:crypto";
import { once } from "node:events";
import { createServer } from "node:http";
import { after, before, test } from "node:test";
import ece from "http_ece";
import Parser from "rss-parser";
import { browser, visitor } from "../support/chromium.mjs";
import { eventually, serve } from "../support/program.mjs";
import { administrator } from "../support/team.mjs";

let program, server, origin;
const posts = [];
const asked = [];
/** Whether the reader repeats the challenge: whether it knows of the wish. */
let knows = true;

before(async () => {
  // A reader's callback, and a browser's push service.
  server = createServer(async (request, response) => {
    const chunks = [];
    for await (const chunk of request) chunks.push(chunk);
    const url = new URL(request.url, "http://x");
    if (request.method === "GET") {
      asked.push(url.pathname);
      return response.end(knows ? url.searchParams.get("hub.challenge") : "what?");
    }
    posts.push({ path: url.pathname, headers: request.headers, body: Buffer.concat(chunks) });
    response.writeHead(201).end();
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address();
  origin = `http://127.0.0.1:${port}`;
  program = await serve({ administrator, config: `[egress]\nallow = ["127.0.0.1 127.0.0.0/8 ${port}"]\n` });
});

after(async () => {
  server.close();
  server.closeAllConnections();
  await program.stop();
});

const arrived = (path, count) => eventually(`${count} messages at ${path}`, () => {
  const found = posts.filter((p) => p.path === path);
  return found.length >= count && found;
});

const declare = (title) =>
  program.command("incident", "declare", "--title", title, "--public", "--message", "We are looking into it.");

const state = async (channel) => {
  const listed = await program.command("subscriber", "list", "--channel", channel, "--json");
  return (listed.items ?? listed).map((s) => s.state).sort();
};

test("a reader finds the hub in the feed, subscribes, and gets each change signed", { timeout: 90_000 }, async () => {
  const answer = await program.get("/history.atom");
  const hub = answer.headers.get("link").match(/<([^>]+)>; rel="hub"/)[1];
  const topic = answer.headers.get("link").match(/<([^>]+)>; rel="self"/)[1];
  assert.equal(hub, `${program.url}/hub`);
  assert.ok((await answer.text()).includes(`<link rel="hub" href="${hub}"/>`));
  assert.ok((await (await program.get("/history.rss")).text()).includes(`<atom:link rel="hub" href="${hub}"/>`));
  assert.deepEqual((await (await program.get("/history.feed.json")).json()).hubs, [{ type: "WebSub", url: hub }]);

  const ask = (mode, callback, more = {}) =>
    fetch(hub, { method: "POST", body: new URLSearchParams({ "hub.mode": mode, "hub.topic": topic, "hub.callback": callback, ...more }) });
  for (const [mode, callback, more] of [
    ["publish", `${origin}/reader`],
    ["subscribe", "http://10.0.0.1/"],
    ["subscribe", "nonsense"],
    ["subscribe", `${origin}/reader`, { "hub.topic": "https://elsewhere.example/feed" }],
    ["subscribe", `${origin}/reader`, { "hub.secret": "x".repeat(200) }],
    ["subscribe", `${origin}/reader`, { "hub.lease_seconds": "soon" }],
  ]) {
    assert.equal((await ask(mode, callback, more)).status, 400, `${mode} ${callback} ${JSON.stringify(more ?? {})}`);
  }
  knows = false;
  assert.equal((await ask("subscribe", `${origin}/stranger`)).status, 202);
  await eventually("the stranger is asked", () => asked.includes("/stranger"));
  knows = true;
  assert.equal((await ask("subscribe", `${origin}/reader?of=acme`, { "hub.secret": "between us" })).status, 202);
  await eventually("the wish is confirmed", async () => (await state("websub")).includes("confirmed"));

  await declare("Some mails are not sent");
  const [first] = await arrived("/reader", 1);
  assert.match(first.headers["content-type"], /^application\/atom\+xml/);
  const expected = `sha256=${createHmac("sha256", "between us").update(first.body).digest("hex")}`;
  assert.equal(first.headers["x-hub-signature"], expected);
  assert.match(first.headers.link, /rel="hub".*rel="self"/);
  const feed = await new Parser().parseString(first.body.toString());
  assert.equal(feed.items[0].title, "Some mails are not sent");
  // A change that nobody is written to about is a change of the feed.
  await program.command("incident", "declare", "--title", "Quietly slow", "--public", "--message", "Slow.", "--no-notify");
  const told = await arrived("/reader", 2);
  assert.match(told.at(-1).body.toString(), /Quietly slow/);

  assert.equal((await ask("unsubscribe", `${origin}/reader?of=acme`)).status, 202);
  await eventually("it has left", async () => (await state("websub")).join() === "pending,unsubscribed");
  assert.equal(posts.filter((p) => p.path === "/stranger").length, 0);
});

test("a browser turns notifications on and shows what is pushed", { timeout: 90_000 }, async () => {
  const chromium = await browser();
  try {
    const page = await visitor(chromium, { permissions: ["notifications"] });
    // All but the maker's push service is real: what would go there comes to us.
    const keys = createECDH("prime256v1");
    keys.generateKeys();
    const secret = randomBytes(16);
    await page.addInitScript(({ endpoint, key, secret }) => {
      const bytes = (list) => new Uint8Array(list).buffer;
      const subscription = { endpoint, getKey: (name) => bytes(name === "auth" ? secret : key), unsubscribe: async () => true };
      PushManager.prototype.getSubscription = async () => null;
      PushManager.prototype.subscribe = async (options) => ({ ...subscription, options });
    }, { endpoint: `${origin}/push/browser-1`, key: [...keys.getPublicKey()], secret: [...secret] });
    const open = (post) => JSON.parse(ece.decrypt(post.body, { version: "aes128gcm", privateKey: keys, authSecret: secret }));

    await page.goto(`${program.url}/subscribe/webpush`);
    const session = await page.context().newCDPSession(page);
    const registered = new Promise((done) => session.on("ServiceWorker.workerRegistrationUpdated", ({ registrations }) => {
      if (registrations[0]) done(registrations[0].registrationId);
    }));
    await session.send("ServiceWorker.enable");
    await page.getByRole("button", { name: "Turn on notifications" }).click();
    const [first] = await arrived("/push/browser-1", 1);
    const question = open(first);
    assert.match(question.confirm, /\/s\/[\w-]+$/);
    assert.deepEqual([first.headers.ttl, first.headers.urgency, first.headers["content-encoding"]], ["600", "high", "aes128gcm"]);
    assert.match(first.headers.authorization, /^vapid t=[\w-]+\.[\w-]+\.[\w-]+, k=[\w-]+$/);

    const registrationId = await registered;
    const push = (message) => session.send("ServiceWorker.deliverPushMessage", { origin: program.url, registrationId, data: JSON.stringify(message) });
    await push(question);
    const link = page.getByRole("link", { name: "Choose what you hear about" });
    await link.waitFor();
    assert.deepEqual(await state("webpush"), ["confirmed"]);
    await declare("The site is slow");
    const [, news] = await arrived("/push/browser-1", 2);
    const message = open(news);
    assert.match(message.title, /The site is slow/);
    assert.match(news.headers.topic, /^incident-\w+$/);
    await push(message);
    const shown = () => page.evaluate(async () => (await (await navigator.serviceWorker.ready).getNotifications()).map((n) => n.title));
    await eventually("the notification is shown", async () => (await shown()).some((title) => title.includes("The site is slow")));

    await link.click();
    await page.getByRole("button", { name: /Stop all messages/ }).click();
    assert.match(await page.textContent("main"), /unsubscribed/);
    assert.deepEqual(await state("webpush"), ["unsubscribed"]);
    assert.deepEqual(page.complaints, []);
  } finally {
    await chromium.close();
  }
});
