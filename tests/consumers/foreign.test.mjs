// The page's parts on the sites of others: banner, badge, and reading across origins from a browser.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { browser, visitor } from "../support/chromium.mjs";
import { foreignPage } from "../support/foreign.mjs";
import { demo } from "../support/program.mjs";

let program, chromium;
before(async () => {
  [program, chromium] = await Promise.all([demo(), browser()]);
});
after(async () => {
  await chromium.close();
  await program.stop();
});

/** What the banner holds: it is closed to the site around it, but not to a screen reader. */
const banner = (page) => page.getByRole("region", { name: "Service status" });

const on = async (html, work) => {
  const site = await foreignPage(html);
  const page = await visitor(chromium);
  try {
    await page.goto(site.url);
    await work(page, site);
    assert.deepEqual(page.complaints, []);
  } finally {
    await page.context().close();
    await site.stop();
  }
};

/** The banner's names in the accessibility tree: closed shadow roots are part of it. */
const spoken = async (page) => {
  const session = await page.context().newCDPSession(page);
  const { nodes } = await session.send("Accessibility.getFullAXTree");
  return nodes.filter((n) => !n.ignored && n.name?.value).map((n) => ({ role: n.role.value, name: n.name.value }));
};

test("the script is small", async () => {
  const answer = await program.get("/embed/script.js", { headers: { "accept-encoding": "identity" } });
  assert.match(answer.headers.get("content-type"), /javascript/);
  const { length } = await answer.text();
  assert.ok(length < 5_000, `${length} bytes`);
});

test("the banner shows what is open, and goes away for good when it is dismissed", async () => {
  const { incidents } = await (await program.get("/api/v2/summary.json")).json();
  await on(`<h1>A shop</h1><script async src="${program.url}/embed/script.js"></script>`, async (page) => {
    await banner(page).waitFor({ state: "attached" });
    const links = (await spoken(page)).filter((n) => n.role === "link");
    for (const incident of incidents) {
      assert.ok(links.some((l) => l.name.startsWith(incident.name)), `${incident.name} in ${JSON.stringify(links)}`);
    }
    // By keyboard: each link is followed by its button.
    for (const _ of incidents) {
      await page.keyboard.press("Tab");
      await page.keyboard.press("Tab");
      await page.keyboard.press("Enter");
    }
    await banner(page).waitFor({ state: "detached" });
    await page.reload({ waitUntil: "networkidle" });
    assert.equal(await banner(page).count(), 0);
    assert.equal(await page.textContent("h1"), "A shop");
  });
});

test("the banner asks for nothing that a strict site forbids", async () => {
  const origin = new URL(program.url).origin;
  const policy = `default-src 'none'; script-src ${origin}; connect-src ${origin}; img-src data:`;
  await on(
    `<meta http-equiv="Content-Security-Policy" content="${policy}"><script async src="${program.url}/embed/script.js"></script>`,
    async (page) => banner(page).waitFor({ state: "attached" }),
  );
});

test("the badge is an image", async () => {
  await on(`<img id="badge" src="${program.url}/badge.svg" alt="Status">`, async (page) => {
    await page.waitForFunction("document.querySelector('#badge').complete");
    assert.ok((await page.evaluate("document.querySelector('#badge').naturalWidth")) > 50);
    const answer = await program.get("/badge.svg");
    assert.match(answer.headers.get("content-type"), /^image\/svg\+xml/);
    const root = await page.evaluate((source) => {
      const parsed = new DOMParser().parseFromString(source, "image/svg+xml");
      return { wrong: parsed.querySelector("parsererror")?.textContent, name: parsed.documentElement.localName };
    }, await answer.text());
    assert.deepEqual(root, { wrong: undefined, name: "svg" });
  });
});

test("a browser reads everything public from another site", async () => {
  const paths = [
    "/api/v2/summary.json", "/api/v2/status.json", "/api/v2/components.json", "/api/v2/incidents.json",
    "/api/v2/incidents/unresolved.json", "/api/v2/scheduled-maintenances.json",
    "/api/v2/scheduled-maintenances/upcoming.json", "/api/v2/scheduled-maintenances/active.json", "/history.rss",
    "/history.atom", "/history.feed.json", "/maintenance.ics", "/badge.svg",
  ];
  await on("<h1>A dashboard</h1>", async (page) => {
    for (const path of paths) {
      const read = await page.evaluate(async (address) => {
        const answer = await fetch(address, { headers: { "If-None-Match": '"x"' } });
        return { status: answer.status, length: (await answer.text()).length };
      }, program.url + path);
      assert.equal(read.status, 200, path);
      assert.ok(read.length > 100, path);
    }
  });
});

test("nothing that belongs to the team is read from another site", async () => {
  await on("<h1>Somebody</h1>", async (page) => {
    for (const path of ["/api/v1/incidents", "/app", "/sign-in", "/subscribe"]) {
      const read = await page.evaluate(
        (address) => fetch(address, { credentials: "include" }).then((a) => a.status, () => "blocked"),
        program.url + path,
      );
      assert.equal(read, "blocked", path);
    }
    page.complaints = page.complaints.filter((line) => !/CORS|ERR_FAILED|401|404/.test(line));
  });
});
