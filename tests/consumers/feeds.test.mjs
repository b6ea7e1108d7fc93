// Feed readers, a calendar reader, and the forms of the feeds that consumers search.

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { parseJsonFeed } from "feedsmith";
import ICAL from "ical.js";
import Parser from "rss-parser";
import { demo } from "../support/program.mjs";

let program, incidents, maintenances;
before(async () => {
  program = await demo();
  incidents = (await (await program.get("/api/v2/incidents.json")).json()).incidents;
  const planned = await (await program.get("/api/v2/scheduled-maintenances.json")).json();
  maintenances = planned.scheduled_maintenances;
});
after(() => program.stop());

const text = async (path) => {
  const answer = await program.get(path);
  assert.equal(answer.status, 200, path);
  return answer.text();
};

describe("feeds", () => {
  test("RSS", async () => {
    const parser = new Parser({ customFields: { item: ["maintenanceEndDate"] } });
    const source = await text("/history.rss");
    const feed = await parser.parseString(source);
    assert.match(feed.title, / Status - Incident History$/);
    assert.equal(feed.description, "Statuspage");
    assert.equal(feed.link, program.url);
    assert.match(source, /xmlns:dc=/);
    assert.equal(feed.items.length, 25);
    for (const item of feed.items) {
      assert.equal(item.link, item.guid);
      assert.ok(item.link.startsWith(`${program.url}/incidents/`));
      assert.match(item.pubDate, /^[A-Z][a-z]{2}, \d\d [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d [+-]\d{4}$/);
      const known = incidents.find((i) => item.link.endsWith(i.id));
      if (known) assert.equal(item.title, known.name);
    }
    const planned = feed.items.filter((item) => maintenances.some((m) => item.link.endsWith(m.id)));
    assert.ok(planned.length > 0);
    for (const item of planned) {
      assert.ok(!Number.isNaN(Date.parse(item.maintenanceEndDate)));
      assert.match(item.content, /^\s*<p><strong>THIS IS A SCHEDULED EVENT /);
      const m = maintenances.find((m) => item.link.endsWith(m.id));
      if (m.status === "scheduled") assert.equal(Date.parse(item.pubDate), Math.floor(Date.parse(m.scheduled_for) / 1000) * 1000);
    }
  });

  test("Atom", async () => {
    const source = await text("/history.atom");
    const feed = await new Parser().parseString(source);
    assert.match(feed.title, / Status - Incident History$/);
    assert.match(source, /<id>tag:127\.0\.0\.1,2005:\/history<\/id>/);
    assert.equal(feed.items.length, 25);
    for (const item of feed.items) {
      assert.match(item.id, /^tag:127\.0\.0\.1,2005:Incident\/\d+$/);
      const known = incidents.find((i) => item.link.endsWith(i.id));
      if (!known) continue;
      assert.equal(item.title, known.name);
      const newest = Math.floor(Date.parse(known.incident_updates[0].display_at) / 1000);
      assert.equal(Date.parse(item.pubDate) / 1000, newest, `${item.title}: published is the newest update`);
    }
    assert.equal(new Set(feed.items.map((item) => item.id)).size, 25);
  });

  test("the body of an update, byte for byte", async () => {
    const feed = await new Parser().parseString(await text("/history.atom"));
    const resolved = feed.items.find((item) => incidents.some((i) => item.link.endsWith(i.id) && i.status === "resolved"));
    assert.match(
      resolved.content,
      /^<p><small>[A-Z][a-z]{2} <var data-var='date'>[ \d]\d<\/var>, <var data-var='time'>\d\d:\d\d<\/var> [A-Z0-9+-]+<\/small><br><strong>Resolved<\/strong> - /,
    );
  });

  test("the change time is the real one: two requests give the same bytes", async () => {
    for (const path of ["/history.atom", "/history.rss", "/history.feed.json", "/maintenance.ics"]) {
      assert.equal(await text(path), await text(path), path);
    }
  });

  test("JSON Feed", async () => {
    const source = JSON.parse(await text("/history.feed.json"));
    assert.equal(source.version, "https://jsonfeed.org/version/1.1");
    const feed = parseJsonFeed(source);
    assert.equal(feed.home_page_url, program.url);
    assert.equal(feed.feed_url, `${program.url}/history.feed.json`);
    assert.equal(feed.items.length, 25);
    for (const item of feed.items) {
      assert.ok(item.id && item.url && item.title && item.content_html);
      assert.ok(!Number.isNaN(Date.parse(item.date_published)));
      assert.ok(Date.parse(item.date_modified) >= Date.parse(item.date_published), item.title);
    }
  });

  test("the page names its feeds, and their types are right", async () => {
    const page = await text("/");
    for (const [path, type] of [
      ["/history.rss", "application/rss+xml"], ["/history.atom", "application/atom+xml"],
      ["/history.feed.json", "application/feed+json"],
    ]) {
      assert.ok(page.includes(type), `${type} on the page`);
      const answer = await program.get(path);
      assert.ok(answer.headers.get("content-type").startsWith(type), `${path}: ${answer.headers.get("content-type")}`);
    }
  });
});

describe("the calendar", () => {
  test("planned work as events", async () => {
    const answer = await program.get("/maintenance.ics");
    assert.match(answer.headers.get("content-type"), /^text\/calendar/);
    const calendar = new ICAL.Component(ICAL.parse(await answer.text()));
    assert.equal(calendar.getFirstPropertyValue("version"), "2.0");
    assert.equal(calendar.getFirstPropertyValue("method"), "PUBLISH");
    const events = calendar.getAllSubcomponents("vevent").map((event) => new ICAL.Event(event));
    assert.equal(events.length, maintenances.length);
    assert.equal(new Set(events.map((event) => event.uid)).size, events.length);
    for (const event of events) {
      const m = maintenances.find((m) => event.uid.includes(m.id));
      assert.equal(event.summary, m.name);
      assert.ok(event.component.getFirstPropertyValue("dtstamp"));
      assert.ok(event.endDate.compare(event.startDate) >= 0);
      assert.ok(event.description.includes(m.shortlink));
      if (m.status === "scheduled") {
        assert.equal(event.startDate.toJSDate().getTime(), Math.floor(Date.parse(m.scheduled_for) / 1000) * 1000);
      }
    }
  });
});
