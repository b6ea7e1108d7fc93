// Ways to use a page. A test tells one story; each hand carries it out as its user would.

import assert from "node:assert/strict";
import { visitor } from "./chromium.mjs";

/** Points and clicks. */
export class Pointer {
  constructor(page) {
    this.page = page;
  }

  static options = {};

  static async of(browser, options) {
    return new this(await visitor(browser, { ...this.options, ...options }));
  }

  field(label) {
    return this.page.getByLabel(label).locator("visible=true").first();
  }

  button(name) {
    return this.page.getByRole("button", { name }).locator("visible=true").first();
  }

  link(name) {
    return this.page.getByRole("link", { name }).locator("visible=true").first();
  }

  async open(url) {
    const answer = await this.page.goto(url);
    assert.ok(answer.status() < 400, `${url}: ${answer.status()}`);
  }

  async fill(label, text) {
    await this.field(label).fill(text);
  }

  /** What is clicked is the words beside the circle or box. */
  async choose(label) {
    const wanted = this.page.getByLabel(label).first();
    if (await wanted.isChecked()) return;
    await wanted.locator("xpath=ancestor::label").click();
    assert.ok(await wanted.isChecked(), `${label} can be chosen`);
  }

  /** Opens what is folded away beneath these words, unless it is open. */
  async unfold(words) {
    const summary = this.page.locator("summary").filter({ hasText: words }).first();
    if ((await summary.count()) > 0 && !(await summary.evaluate((s) => s.parentElement.open))) await this.touch(summary);
  }

  async touch(locator) {
    await locator.click();
  }

  async press(name) {
    await this.#leaving(this.button(name), (button) => button.click());
  }

  async follow(name) {
    await this.#leaving(this.link(name), (link) => link.click());
  }

  async #leaving(locator, act) {
    await Promise.all([this.page.waitForEvent("domcontentloaded"), act(locator)]);
  }
}

/** The same with script switched off. */
export class Scriptless extends Pointer {
  static options = { javaScriptEnabled: false };
}

/** Has no mouse: everything is reached with the tab key, as far as it takes. */
export class Keyboard extends Pointer {
  async fill(label, text) {
    await this.reach(this.field(label));
    await this.page.keyboard.press("ControlOrMeta+A");
    await this.page.keyboard.type(text);
  }

  /** A radio is chosen within its group with the arrow keys, a check box with the space bar. */
  async choose(label) {
    const wanted = this.page.getByLabel(label).first();
    if (await wanted.isChecked()) return;
    if ((await wanted.getAttribute("type")) === "checkbox") {
      await this.reach(wanted);
      await this.page.keyboard.press("Space");
    } else {
      const name = await wanted.getAttribute("name");
      await this.reach(this.page.locator(`input[type=radio][name="${name}"]`));
      for (let n = 0; n < 12 && !(await wanted.isChecked()); n++) await this.page.keyboard.press("ArrowDown");
    }
    assert.ok(await wanted.isChecked(), `${label} can be chosen`);
  }

  async touch(locator) {
    await this.reach(locator);
    await this.page.keyboard.press("Enter");
  }

  async press(name) {
    await this.#enter(this.button(name));
  }

  async follow(name) {
    await this.#enter(this.link(name));
  }

  async #enter(locator) {
    await this.reach(locator);
    await Promise.all([this.page.waitForEvent("domcontentloaded"), this.page.keyboard.press("Enter")]);
  }

  /** Presses the tab key until one of the elements has the focus, which must then be seen. */
  async reach(locator) {
    await locator.first().waitFor();
    for (let n = 0; n < 150; n++) {
      const there = await locator.evaluateAll((all) => {
        const at = all.find((element) => element === document.activeElement);
        return at && (at.matches(":focus-visible") ? "seen" : "hidden");
      });
      if (there) return assert.equal(there, "seen", `the focus on ${locator} is shown`);
      await this.page.keyboard.press("Tab");
    }
    return assert.fail(`${locator} cannot be reached with the tab key`);
  }
}
