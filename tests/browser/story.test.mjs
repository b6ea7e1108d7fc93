// The main job, end to end: something broke, customers are told, follow it by mail, and leave. Told once, and carried out
// with a mouse, with the keyboard alone, and with script switched off.

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { browser } from "../support/chromium.mjs";
import { Keyboard, Pointer, Scriptless } from "../support/hands.mjs";
import { eventually, serve } from "../support/program.mjs";
import { address, administrator, head, mails, signIn, subscribe } from "../support/team.mjs";

let chromium;
before(async () => {
  chromium = await browser();
});
after(() => chromium?.close());

for (const [name, Hand] of [["a mouse", Pointer], ["the keyboard alone", Keyboard], ["no script", Scriptless]]) {
  describe(`with ${name}`, () => story(Hand));
}

function story(Hand) {
  const leaves = "leaves@example.com";
  const stays = "stays@example.com";
  let program, team, customer;

  before(async () => {
    program = await serve({ administrator });
    for (const component of ["Checkout", "Daily emails"]) await program.command("component", "add", "--name", component);
    [team, customer] = await Promise.all([Hand.of(chromium), Hand.of(chromium)]);
    await signIn(team, program);
  });
  after(() => program?.stop());

  /** What customers read: the incident's own page, as soon as there is one. */
  const read = async () => {
    const { incidents } = await (await program.get("/api/v2/incidents.json")).json();
    return incidents.length > 0 ? (await program.get(`/incidents/${incidents[0].id}`)).text() : "";
  };
  const shows = (text) => eventually(`the page shows ${text}`, async () => (await read()).includes(text));

  const tell = async (text, phase) => {
    await team.open(`${program.url}/app/incidents/INC-1`);
    await team.unfold("Tell customers");
    await team.choose(phase);
    await team.fill("What you tell customers", text);
    await team.press("See it as they will");
    assert.match(await team.page.textContent("main"), new RegExp(text), "the words are shown before they go");
    assert.ok(!(await read()).includes(text), "nothing has gone out by looking");
    await team.press(/^Tell |^Show it on the page/);
    await shows(text);
  };

  test("an incident is declared in one small form", async () => {
    await team.open(`${program.url}/app`);
    await team.follow(/^Incidents/);
    await team.follow(/^Declare/);
    await team.fill("What can users not do?", "Daily emails are not being sent");
    await team.choose(/Everybody, on the status page/);
    await team.fill("First word to customers", "The 15:00 emails are not going out. We are looking at why.");
    await team.press("Declare");
    await team.press(/^Declare and/);
    await team.page.waitForURL(/\/app\/incidents\/(?!new)/);
    await shows("Daily emails are not being sent");
  });

  test("customers subscribe, and confirm by the mail that they get", async () => {
    for (const email of [leaves, stays]) await subscribe(customer, program, team, email);
  });

  test("the next word reaches them", async () => {
    const words = "A credential had expired. We are replacing it.";
    if (Hand !== Scriptless) await customer.open(program.url);
    await tell(words, "Identified");
    // A page that lies open hears of it at once; without that it looks once a minute.
    if (Hand !== Scriptless) await customer.page.getByText(words).first().waitFor({ timeout: 15_000 });
    for (const email of [leaves, stays]) {
      const all = await mails(team.page, program, email, 2);
      const mail = all.find((m) => m.includes("A credential had expired"));
      assert.ok(mail, `${email} has the word`);
      const fields = head(mail);
      assert.match(fields.subject, /Daily emails are not being sent/);
      assert.match(fields["list-unsubscribe-post"], /List-Unsubscribe=One-Click/);
      assert.ok(fields["message-id"] && fields["list-unsubscribe"], JSON.stringify(fields));
    }
  });

  test("who leaves gets nothing more; who stays does, in the same thread", async () => {
    const before = await mails(team.page, program, leaves, 2);
    const mail = before.find((m) => m.includes("A credential had expired"));
    const way = address(mail, "/u/");
    await customer.open(way);
    assert.equal((await mails(team.page, program, leaves, 2)).length, 2, "opening the link alone does nothing");
    await customer.press(/stop|unsubscribe|leave/i);
    await tell("All emails of today have been sent.", "Resolved");
    const all = await mails(team.page, program, stays, 3);
    const last = all.find((m) => m.includes("All emails of today"));
    const earlier = all.find((m) => m.includes("A credential had expired"));
    assert.ok(last && earlier);
    const thread = (m) => (head(m).references ?? head(m)["in-reply-to"]).split(/\s+/)[0];
    assert.equal(thread(last), thread(earlier), "one thread");
    const then = await mails(team.page, program, leaves, 2);
    assert.ok(!then.some((m) => m.includes("All emails of today")), "who left is left alone");
  });

  test("nothing went wrong in the browser", () => {
    assert.deepEqual(team.page.complaints, []);
    assert.deepEqual(customer.page.complaints, []);
  });
}
