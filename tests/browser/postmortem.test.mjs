// A postmortem is drafted from the record, written, published inside; its letter is seen as customers will, and goes to them.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { browser } from "../support/chromium.mjs";
import { Pointer } from "../support/hands.mjs";
import { eventually, serve } from "../support/program.mjs";
import { administrator, head, mails, signIn, subscribe } from "../support/team.mjs";

let program, chromium, team, incident;
before(async () => {
  [program, chromium] = await Promise.all([serve({ administrator }), browser()]);
  await program.command("component", "add", "--name", "Checkout");
  const say = ["--public", "--message", "We are looking at why.", "--component", "Checkout=partial_outage"];
  incident = await program.command("incident", "declare", "--json", "--title", "Orders cannot be paid", ...say);
  team = await Pointer.of(chromium);
  await signIn(team, program);
  await subscribe(await Pointer.of(chromium), program, team, "customer@example.com");
  await program.command("incident", "resolve", incident.id, "--message", "Orders can be paid again.");
  await mails(team.page, program, "customer@example.com", 2);
});
after(async () => {
  await chromium?.close();
  await program?.stop();
});

test("the draft is filled in from the record, and written", async () => {
  const { page } = team;
  await team.open(`${program.url}/app/incidents/${incident.id}/postmortem`);
  await team.press("Draft it");
  await page.waitForURL(/\/app\/postmortems\/[a-z0-9]{12}/);
  const id = page.url().match(/postmortems\/([a-z0-9]{12})/)[1];
  await team.open(`${program.url}/app/postmortems/${id}/edit`);
  const text = page.locator("textarea[data-text]");
  assert.match(await text.inputValue(), /\{\{\w/, "facts stand in the draft by their names");
  await text.fill(
    "## What happened\n\nFrom {{started:time}} on, 1,240 of 9,800 orders could not be paid; it was over after {{started..resolved}}.\n\n" +
      "## Why\n\nThe certificate of the payment gateway had expired. The internal word is swordfish.\n",
  );
  await team.press("Save and read");
  const read = await page.textContent("main");
  assert.match(read, /From \d\d:\d\d on, 1,240 of 9,800 orders could not be paid/);
  assert.doesNotMatch(read, /\{\{/, "no name of a fact is left");
  await page.locator("#add-action summary").click();
  await team.fill("What will be done", "Alert two weeks before a certificate ends");
  await team.fill("Owner", "Ada");
  await team.fill("Due", new Date(Date.now() + 20 * 864e5).toISOString().slice(0, 10));
  await team.press("Add the action");
  assert.match(await page.textContent("#actions"), /Alert two weeks before/);
  await team.press("Publish inside the company");
  assert.match(await page.textContent("main"), /Published/);
});

test("the letter goes out after it was seen, to whom and where it says", async () => {
  const { page } = team;
  await team.follow(/^Letter to customers/);
  await team.open(page.url().replace(/(\/letter)?$/, "/letter/edit"));
  await page.locator("textarea[data-text]").fill(
    "We are sorry that you could not take payments for {{started..resolved}}.\n\nA certificate had expired. " +
      "From now on we are warned two weeks before one does.",
  );
  await team.press("Save and look at it");
  assert.match(await page.textContent("main"), /We are sorry that you could not take payments for/);
  const address = `${program.url}/incidents/${incident.id}`;
  assert.doesNotMatch(await (await fetch(address)).text(), /We are sorry/, "looking publishes nothing");
  await team.press(/^Publish and mail 1/);
  await eventually("the page shows the letter", async () => /We are sorry that you could not/.test(await (await fetch(address)).text()));
  const all = await mails(page, program, "customer@example.com", 3);
  const letter = all.find((mail) => /We are sorry that you could/.test(mail.replace(/=\r?\n/g, "")));
  assert.ok(letter, "the subscriber has the letter");
  assert.ok(head(letter)["list-unsubscribe"]);
  for (const feed of ["/history.rss", "/history.atom", "/history.feed.json", "/api/v2/incidents.json"]) {
    assert.match(await (await program.get(feed)).text(), /We are sorry/, feed);
  }
});

test("nothing internal is public", async () => {
  const { incidents } = await (await program.get("/api/v2/incidents.json")).json();
  assert.equal(incidents[0].status, "postmortem");
  for (const path of ["/", `/incidents/${incident.id}`, "/history", "/history.atom", "/history.feed.json", "/api/v2/summary.json", "/api/v2/incidents.json"]) {
    assert.doesNotMatch(await (await program.get(path)).text(), /swordfish|Alert two weeks before a certificate/, path);
  }
  for (const mail of await mails(team.page, program, "customer@example.com", 3)) assert.doesNotMatch(mail, /swordfish/);
  assert.deepEqual(team.page.complaints, []);
});
