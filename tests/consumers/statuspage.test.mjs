// Clients of the Statuspage API v2, unchanged, and the rules that clients rely on.

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { Statuspage as Io } from "statuspage.io";
import statuspageJs from "statuspage.js";
import { demo, eventually } from "../support/program.mjs";

let program, work;
before(async () => {
  program = await demo();
  // Work that is going on now, so that no list is empty.
  work = await program.command(
    "maintenance", "schedule", "--json", "--title", "Move to new disks", "--from", "+1h", "--until", "+2h",
    "--component", "Checkout", "--message", "Orders may take a moment longer.", "--by-hand",
  );
  await program.command("maintenance", "start", work.id, "--message", "We have begun.");
  await eventually("the page shows the work", async () =>
    (await json("/api/v2/scheduled-maintenances/active.json")).scheduled_maintenances.length,
  );
});
after(() => program.stop());

const json = async (path) => {
  const answer = await program.get(path);
  assert.equal(answer.status, 200, path);
  return answer.json();
};

const paths = [
  "/api/v2/summary.json", "/api/v2/status.json", "/api/v2/components.json", "/api/v2/incidents.json",
  "/api/v2/incidents/unresolved.json", "/api/v2/scheduled-maintenances.json",
  "/api/v2/scheduled-maintenances/upcoming.json", "/api/v2/scheduled-maintenances/active.json",
];

describe("clients", () => {
  test("statuspage.io reads everything", async () => {
    const client = new Io("acme");
    client.setApiUrl(program.url);
    const { api } = client;
    const summary = await api.getSummary();
    assert.equal(summary.page.url, program.url);
    assert.ok(summary.incidents.length > 0);
    assert.deepEqual((await api.getStatus()).status, summary.status);
    assert.deepEqual((await api.getComponents()).components, summary.components);
    assert.deepEqual((await api.incidents.getUnresolved()).incidents, summary.incidents);
    assert.equal((await api.incidents.getAll()).incidents.length, 50);
    const upcoming = await api.scheduledMaintenances.getUpcoming();
    assert.ok(upcoming.scheduled_maintenances.every((m) => m.status === "scheduled"));
    assert.ok(upcoming.scheduled_maintenances.length > 0);
  });

  test("statuspage.io subscribes an address, which has to be confirmed", async () => {
    const client = new Io("acme");
    client.setApiUrl(program.url);
    const { subscriber } = await client.api.subscribers.createPageSubscription({ email: "client@example.com" });
    assert.equal(subscriber.email, "client@example.com");
    // Nobody is subscribed by a GET alone: all that happened is that a confirmation was asked for.
    assert.equal(subscriber.skip_confirmation_notification, false);
  });

  test("statuspage.js reads everything, and every time as a time", async () => {
    const client = new statuspageJs.Statuspage("acme");
    client.axios.defaults.baseURL = `${program.url}/api/v2`;
    const summary = await client.summary();
    assert.ok(summary.page.updated_at instanceof Date);
    const all = await client.allIncidents();
    for (const incident of all.incidents) {
      assert.equal(typeof incident.name, "string", `a name that looks like a date: ${incident.name}`);
      assert.ok(incident.created_at instanceof Date && !Number.isNaN(incident.created_at.getTime()));
      for (const update of incident.incident_updates) {
        assert.ok(update.display_at instanceof Date);
        assert.equal(typeof update.body, "string");
      }
    }
    assert.deepEqual((await client.status()).status, summary.status);
    assert.equal((await client.components()).components.length, summary.components.length);
    assert.deepEqual((await client.unresolvedIncidents()).incidents, summary.incidents);
    const planned = await client.upcomingScheduledMaintenances();
    assert.ok(planned.scheduled_maintenances[0].scheduled_for instanceof Date);
    assert.equal((await client.activeScheduledMaintenances()).scheduled_maintenances[0].id, work.id);
    const listed = (await client.allScheduledMaintenances()).scheduled_maintenances.map((m) => m.id);
    assert.ok(listed.includes(work.id) && listed.includes(planned.scheduled_maintenances[0].id));
  });

  test("statuspage.js notices a new word", async () => {
    // It asks at once when it is made, so it has to know by then that the page lives here.
    class Updates extends statuspageJs.StatuspageUpdates {
      fetch() {
        this.statuspage.axios.defaults.baseURL = `${program.url}/api/v2`;
        return super.fetch().catch(() => {});
      }
    }
    const updates = new Updates("acme", 200);
    let told;
    updates.on("incident_update", (incident) => (told = incident));
    await updates.start();
    try {
      const say = ["--public", "--message", "We are looking at why."];
      const { id } = await program.command("incident", "declare", "--json", "--title", "Receipts are late", ...say);
      await eventually("the client tells", () => told?.name === "Receipts are late");
      await program.command("incident", "resolve", id, "--message", "Receipts are on time.");
      // The command is a process of its own: the page hears of it a moment later, and what follows asks for one that rests.
      await eventually("the page tells", async () => {
        const { incidents } = await (await program.get("/api/v2/incidents.json")).json();
        return incidents.find((incident) => incident.id === id)?.status === "resolved";
      });
    } finally {
      updates.stop();
    }
  });
});

const PAGE = ["id", "name", "url", "time_zone", "updated_at"];
const COMPONENT = [
  "id", "name", "status", "created_at", "updated_at", "position", "description", "showcase", "start_date", "group_id",
  "page_id", "group", "only_show_if_degraded",
];
const INCIDENT = [
  "id", "name", "status", "created_at", "updated_at", "monitoring_at", "resolved_at", "impact", "shortlink", "started_at",
  "page_id", "incident_updates", "components", "reminder_intervals",
];
const MAINTENANCE = [...INCIDENT.slice(0, -1), "scheduled_for", "scheduled_until"];
const UPDATE = [
  "id", "status", "body", "incident_id", "created_at", "updated_at", "display_at", "affected_components",
  "deliver_notifications", "custom_tweet", "tweet_id",
];
const STATES = ["operational", "degraded_performance", "partial_outage", "major_outage", "under_maintenance"];
const ID = /^[a-z0-9]{12}$/;
const INSTANT = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}(Z|[+-]\d\d:\d\d)$/;

const instants = (thing, required, optional = []) => {
  for (const key of required) assert.match(thing[key], INSTANT, key);
  for (const key of optional) if (thing[key] !== null) assert.match(thing[key], INSTANT, key);
};

const component = (c) => {
  assert.deepEqual(Object.keys(c), c.group ? [...COMPONENT, "components"] : COMPONENT);
  assert.match(c.id, ID);
  assert.ok(STATES.includes(c.status), c.status);
  instants(c, ["created_at", "updated_at"]);
  assert.ok(Number.isInteger(c.position));
  if (c.start_date !== null) assert.match(c.start_date, /^\d{4}-\d\d-\d\d$/);
};

const update = (u, of) => {
  assert.deepEqual(Object.keys(u), UPDATE);
  assert.match(u.id, ID);
  assert.equal(u.incident_id, of.id);
  instants(u, ["created_at", "updated_at", "display_at"]);
  assert.equal(typeof u.deliver_notifications, "boolean");
  for (const affected of u.affected_components ?? []) {
    assert.deepEqual(Object.keys(affected), ["code", "name", "old_status", "new_status"]);
    assert.ok(STATES.includes(affected.old_status) && STATES.includes(affected.new_status));
  }
};

const record = (thing, keys, states, impacts) => {
  assert.deepEqual(Object.keys(thing), keys);
  assert.match(thing.id, ID);
  assert.ok(states.includes(thing.status), thing.status);
  assert.ok(impacts.includes(thing.impact), thing.impact);
  instants(thing, ["created_at", "updated_at", "started_at"], ["monitoring_at", "resolved_at"]);
  assert.ok(URL.canParse(thing.shortlink), "shortlink is an address");
  assert.ok(thing.incident_updates.length > 0);
  thing.incident_updates.forEach((u) => update(u, thing));
  const shown = thing.incident_updates.map((u) => u.display_at);
  assert.deepEqual(shown, shown.toSorted().toReversed(), `updates of ${thing.name}: newest first`);
  thing.components.forEach(component);
};

const incident = (i) =>
  record(i, INCIDENT, ["investigating", "identified", "monitoring", "resolved", "postmortem"], [
    "none", "minor", "major", "critical",
  ]);
const maintenance = (m) => {
  record(m, MAINTENANCE, ["scheduled", "in_progress", "verifying", "completed"], ["maintenance", "none", "minor", "major", "critical"]);
  instants(m, ["scheduled_for", "scheduled_until"]);
};

describe("what every client relies on", () => {
  test("keys, in order, on every path", async () => {
    const of = (name) => ["page", name];
    const shapes = {
      summary: ["page", "components", "incidents", "scheduled_maintenances", "status"],
      status: of("status"), components: of("components"), incidents: of("incidents"), unresolved: of("incidents"),
      "scheduled-maintenances": of("scheduled_maintenances"), upcoming: of("scheduled_maintenances"),
      active: of("scheduled_maintenances"),
    };
    for (const path of paths) {
      const body = await json(path);
      assert.deepEqual(Object.keys(body), shapes[path.match(/([a-z-]+)\.json/)[1]], path);
      assert.deepEqual(Object.keys(body.page), PAGE);
      assert.ok(Object.values(body.page).every((value) => typeof value === "string"));
      assert.match(body.page.updated_at, INSTANT);
      (body.components ?? []).forEach(component);
      (body.incidents ?? []).forEach(incident);
      (body.scheduled_maintenances ?? []).forEach(maintenance);
    }
  });

  test("components by position, children mixed with groups", async () => {
    const { components } = await json("/api/v2/components.json");
    const positions = components.map((c) => c.position);
    assert.deepEqual(positions, positions.toSorted((a, b) => a - b));
    const groups = components.filter((c) => c.group);
    assert.ok(groups.length > 0);
    for (const group of groups) {
      const children = components.filter((c) => c.group_id === group.id).map((c) => c.id);
      assert.deepEqual(group.components.toSorted(), children.toSorted());
    }
  });

  test("lists hold what they say", async () => {
    const [summary, all, upcoming, active] = await Promise.all(
      ["summary", "incidents", "scheduled-maintenances/upcoming", "scheduled-maintenances/active"].map((name) =>
        json(`/api/v2/${name}.json`),
      ),
    );
    assert.ok(summary.incidents.every((i) => !["resolved", "postmortem"].includes(i.status)));
    assert.ok(upcoming.scheduled_maintenances.every((m) => m.status === "scheduled"));
    assert.ok(active.scheduled_maintenances.every((m) => ["in_progress", "verifying"].includes(m.status)));
    const both = [...upcoming.scheduled_maintenances, ...active.scheduled_maintenances].map((m) => m.id);
    assert.deepEqual(summary.scheduled_maintenances.map((m) => m.id).toSorted(), both.toSorted());
    assert.ok(all.incidents.length >= 50);
    const told = all.incidents.find((i) => i.status === "postmortem");
    assert.equal(told?.incident_updates[0].status, "postmortem", "a published letter is the newest update");
    // Affected components carry the status that they have now.
    const now = new Map(summary.components.map((c) => [c.id, c.status]));
    for (const i of all.incidents) for (const c of i.components) assert.equal(c.status, now.get(c.id), c.name);
  });

  test("affected components are named with their group", async () => {
    const { incidents } = await json("/api/v2/incidents.json");
    const { components } = await json("/api/v2/components.json");
    const groups = new Map(components.filter((c) => c.group).map((g) => [g.id, g.name]));
    const affected = incidents.flatMap((i) => i.incident_updates).flatMap((u) => u.affected_components ?? []);
    const grouped = affected.filter((a) => components.find((c) => c.id === a.code)?.group_id);
    assert.ok(grouped.length > 0);
    for (const a of grouped) {
      const own = components.find((c) => c.id === a.code);
      assert.equal(a.name, `${groups.get(own.group_id)} - ${own.name}`);
    }
  });

  test("the page cannot be asked for in pages: ?page= is ignored", async () => {
    assert.deepEqual(await json("/api/v2/incidents.json?page=2"), await json("/api/v2/incidents.json"));
  });

  test("one incident, and the archive by quarters", async () => {
    const { incidents } = await json("/api/v2/incidents.json");
    const alone = await json(`/incidents/${incidents[0].id}.json`);
    assert.equal(alone.id, incidents[0].id);
    assert.equal(alone.incident_updates[0].body, incidents[0].incident_updates[0].body);
    const quarter = await json("/history.json?page=1");
    assert.ok(Array.isArray(quarter.months) && quarter.months.length === 3);
    const answer = await program.get("/incidents/zzzzzzzzzzzz.json");
    assert.equal(answer.status, 404);
  });

  test("an unknown path is not found, and says so as JSON", async () => {
    for (const path of ["/api/v2/nothing.json", "/api/v2/incidents/nothing.json", "/api/v2/", "/api/v2/summary"]) {
      const answer = await program.get(path);
      assert.equal(answer.status, 404, path);
      assert.match(answer.headers.get("content-type"), /json/, path);
      await answer.json();
    }
  });

  test("the shape of an answer to a subscriber", async () => {
    const ask = (init) => program.get("/api/v2/subscribers.json", { method: "POST", ...init });
    const shape = ["created_at", "skip_confirmation_notification", "quarantined_at", "id", "mode", "purge_at", "email"];
    const form = await ask({ body: new URLSearchParams({ "subscriber[email]": "form@example.com" }) });
    assert.ok(form.ok, `${form.status}`);
    const { subscriber } = await form.json();
    assert.deepEqual(Object.keys(subscriber).slice(0, 7), shape);
    assert.equal(subscriber.email, "form@example.com");
    assert.match(subscriber.created_at, INSTANT);
    const asJson = await ask({
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ subscriber: { email: "json@example.com" } }),
    });
    assert.equal((await asJson.json()).subscriber.email, "json@example.com");
    const wrong = await ask({ body: new URLSearchParams({ "subscriber[email]": "nonsense" }) });
    assert.ok(wrong.status >= 400 && wrong.status < 500);
    assert.equal((await program.get("/api/v2/subscribers.json")).status, 401);
  });

  test("nothing is sent again that is known, and everything is compressed", async () => {
    for (const path of paths) {
      const first = await program.get(path, { headers: { "accept-encoding": "br" } });
      assert.equal(first.headers.get("content-encoding"), "br", path);
      assert.match(first.headers.get("cache-control"), /stale-if-error/, path);
      const again = await program.get(path, { headers: { "if-none-match": first.headers.get("etag") } });
      assert.equal(again.status, 304, path);
    }
  });
});
