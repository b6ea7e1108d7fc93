// The browser itself: what the other tests rely on.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { browser, visitor } from "../support/chromium.mjs";

let chromium;
before(async () => {
  chromium = await browser();
});
after(() => chromium.close());

const page = "data:text/html,<p id=p>plain</p><script>document.getElementById('p').textContent='scripted'</script>";

test("a page is rendered and its script runs", async () => {
  const visit = await visitor(chromium);
  await visit.goto(page);
  assert.equal(await visit.textContent("#p"), "scripted");
  assert.deepEqual(visit.complaints, []);
});

test("without script it does not", async () => {
  const visit = await visitor(chromium, { javaScriptEnabled: false });
  await visit.goto(page);
  assert.equal(await visit.textContent("#p"), "plain");
});

test("what goes wrong in a page is kept", async () => {
  const visit = await visitor(chromium);
  await visit.goto("data:text/html,<script>nothing.here()</script>");
  assert.match(visit.complaints[0], /nothing is not defined/);
});
