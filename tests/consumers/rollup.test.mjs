// The roll-up rule of the Statuspage API, row by row, on the real server.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { eventually, serve } from "../support/program.mjs";

let program;
before(async () => {
  program = await serve({ administrator: { email: "ada@example.com", password: "a long enough word" } });
  for (const name of ["One", "Two", "Three"]) await program.command("component", "add", "--name", name);
});
after(() => program.stop());

const set = async (states) => {
  const names = ["One", "Two", "Three"];
  for (const [n, status] of states.entries()) {
    await program.command("component", "set", names[n], "--status", status);
  }
  return eventually(`the page shows ${states}`, async () => {
    const summary = await (await program.get("/api/v2/summary.json")).json();
    return states.every((s, n) => summary.components[n]?.status === s) && summary.status;
  });
};

const [ok, slow, part, down, work] = [
  "operational", "degraded_performance", "partial_outage", "major_outage", "under_maintenance",
];

const rows = [
  [[ok, ok, ok], "none", "All Systems Operational"],
  [[work, ok, ok], "maintenance", "Service Under Maintenance"],
  [[work, slow, ok], "minor", "Partially Degraded Service"],
  [[work, slow, part], "minor", "Minor Service Outage"],
  [[down, slow, part], "major", "Partial System Outage"],
  [[down, ok, ok], "major", "Partial System Outage"],
  [[down, down, down], "critical", "Major System Outage"],
];

for (const [states, indicator, description] of rows) {
  test(`${states.join(", ")}: ${description}`, async () => {
    const status = await set(states);
    assert.equal(status.indicator, indicator);
    assert.equal(status.description, description);
  });
}

test("an open incident without a broken component is told in the honest value", async () => {
  await set([ok, ok, ok]);
  const declared = ["incident", "declare", "--json", "--title", "Invoices cannot be printed", "--impact", "major"];
  await program.command(...declared, "--public", "--message", "We are looking at why.");
  const status = await eventually("the page shows the incident", async () => {
    const summary = await (await program.get("/api/v2/summary.json")).json();
    return summary.incidents.length === 1 && summary.status;
  });
  assert.equal(status.indicator, "none");
  assert.equal(status.amends.indicator, "major");
  const page = await (await program.get("/")).text();
  assert.doesNotMatch(page, /all systems (are )?operational/i);
});
