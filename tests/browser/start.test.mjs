// First start: the link that is printed makes the administrator, once.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { browser } from "../support/chromium.mjs";
import { Pointer } from "../support/hands.mjs";
import { serve } from "../support/program.mjs";
import { administrator, signIn } from "../support/team.mjs";

let program, chromium;
before(async () => {
  [program, chromium] = await Promise.all([serve(), browser()]);
});
after(async () => {
  await chromium?.close();
  await program?.stop();
});

test("the administrator is made and signed in, then signs in with the password", async () => {
  const hand = await Pointer.of(chromium);
  const link = program.link("/setup/");
  assert.ok(link, `no link was printed:\n${program.lines.join("\n")}`);
  await hand.open(link);
  await hand.fill("Your name", "Ada");
  await hand.fill("Your mail address", administrator.email);
  await hand.page.locator("#password").fill("administrator");
  await hand.fill("Name of the company", "Acme");
  await hand.press("Create the administrator");
  assert.match(await hand.page.textContent("main"), /everybody tries/, "a password that everybody tries is refused");
  assert.equal(await hand.field("Your name").inputValue(), "Ada", "what was typed is kept");
  await hand.page.locator("#password").fill(administrator.password);
  await hand.press("Create the administrator");
  await hand.page.waitForURL(/\/app/);
  assert.match(await hand.page.textContent("nav"), /Ada/);

  const other = await Pointer.of(chromium);
  const again = await other.page.goto(link);
  assert.ok(again.status() >= 400, "the link works once");
  other.page.complaints = [];
  await other.open(`${program.url}/app`);
  assert.match(other.page.url(), /\/sign-in/, "who is not signed in is asked to");
  await signIn(other, program);
  assert.match(await (await program.get("/")).text(), /Acme/);
  for (const { page } of [hand, other]) {
    // What was wrong in a form is answered with 4xx, which the browser notes.
    assert.deepEqual(page.complaints.filter((line) => !/status of 4\d\d/.test(line)), []);
  }
});
