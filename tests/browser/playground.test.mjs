// The playground of a sample shop: faults at the press of a button, what the pages say meanwhile, and that everything heals. A shop
// without `--demo` has nothing of it.
import { ADMIN_PASSWORD, arrived, equal, eventually, expect, fine, heading, logIn, screenshot, test } from "./harness.mjs";

const PAGES = ["/playground", "/playground/live", "/drills"];
const CALLS = ["set-messages", "set-part", "cut-power", "set-traffic", "hold-sale", "play", "begin-drill", "heal"];

/** A manager who plays: without scripts, the page is looked at again instead of being followed. */
class Player {
  constructor(page, scripts, width) {
    Object.assign(this, { page, scripts, width, now: page.locator("#now") });
  }

  /** Waits until the playground shows it, or, without scripts, another page. */
  async until(what, holds, address = "/playground") {
    await eventually(async () => {
      if (this.scripts) return holds();
      return (await arrived(this.page.goto(address))) && holds();
    }, `${what} at ${this.width}${this.scripts ? "" : " without scripts"}`);
  }

  async says(text, address) {
    await this.until(`"${text}" is shown`, () => this.page.getByRole("main").getByText(text).first().isVisible(), address);
  }

  press(name) {
    return this.page.getByRole("main").getByRole("button", { name, exact: true }).click();
  }

  /** How a part is, in the list of parts. */
  part(name, state) {
    const one = this.now.locator(".states li", { hasText: name });
    return this.until(`${name}: ${state}`, async () => (await one.innerText()).includes(state));
  }

  async shoppers(visits) {
    await this.page.getByLabel("Visits a minute").fill(visits);
    await this.page.locator("form[action='/playground/traffic']").getByRole("button", { name: "Set" }).click();
    await this.page.getByText("Sample customers come at this rate").waitFor();
  }

  async isExact() {
    const sums = await this.now.locator(".sums dt").allInnerTexts();
    equal(sums.filter((sum) => sum.includes("Exact")).length, 4, `sums that are exact, of ${sums}`);
    equal(await this.now.getByText("A promise is broken").count(), 0, "broken promises");
  }

  /** No fault is on, nobody comes, and every order has ended, as promised. */
  async healed() {
    await this.shoppers("0");
    await this.says("No fault is on, and every order has ended.");
    await this.isExact();
  }

  look(name) {
    return this.scripts ? fine(this.page, `${name}-${this.width}`) : screenshot(this.page, `${name}-${this.width}-noscript`);
  }
}

for (const width of [1440, 390]) {
  test(`a manager breaks the sample shop, and it heals, at ${width}`, async (world) => {
    const shop = await world.shop("--demo");
    for (const scripts of [true, false]) {
      const page = await world.visitor(shop.backoffice, { scripts, width });
      const player = new Player(page, scripts, width);
      await logIn(page, "admin", ADMIN_PASSWORD);
      await page.goto("/playground");
      await heading(page, "Playground").waitFor();
      await player.says("Fate of messages");
      await player.look("office-playground");

      await accountingIsKilled(player);
      await productStandsStill(player);
      if (scripts) await theStoreIsSlow(player);
      await aLinkFillsTheForms(player);
      // Once with scripts and once without.
      if (scripts === (width === 1440)) await aLinkRepeatsTheRun(player);
      await twoWantOneUnit(player);
      await thePowerGoes(player);
      await allFaultsEnd(player);
    }
  });
}

async function accountingIsKilled(player) {
  const { page } = player;
  await player.shoppers("300");
  await player.press("Kill accounting");
  await page.getByText("The accounting service is killed.").waitFor();
  await player.part("accounting", "Killed");
  await player.says("Faults are on: accounting killed.");
  await player.until("orders wait for accounting", async () => (await player.now.innerText()).includes("accounting by"));
  await player.look("office-playground-killed");

  await page.goto("/");
  await player.says("accounting does not answer since", "/");
  await player.look("office-dashboard-killed");
  await page.goto("/system");
  await player.says("For shoppers:", "/system");
  await player.look("office-system-killed");
  await page.goto("/playground");
  await page.locator("#waiting").click();
  await page.waitForURL("**/sagas");
  await player.until("a saga waits for accounting", async () => (await page.locator("#sagas").innerText()).includes("accounting for"), "/sagas");
  await player.look("office-sagas-killed");

  await page.goto("/playground");
  await player.press("Mend accounting");
  await page.getByText("The accounting service works as it should.").waitFor();
  await player.part("accounting", "Works");
  await player.healed();
  await player.look("office-playground-healed");
  await page.goto("/system");
  await player.until("accounting is well again", async () => (await page.locator(".alert").count()) === 0, "/system");
  await page.goto("/playground");
}

async function productStandsStill(player) {
  const { page } = player;
  await player.press("Freeze product");
  await page.getByText("The product service is frozen.").waitFor();
  await player.part("product", "Frozen");
  await page.goto("/system");
  await player.until("the system says so", async () => (await page.locator(".alert.bad").allInnerTexts()).some((text) => /^product\s+does not answer/i.test(text)), "/system");
  await player.look("office-system-frozen");
  await page.goto("/playground");
  await player.press("Mend product");
  await player.part("product", "Works");
  await player.healed();
}

async function theStoreIsSlow(player) {
  const { page } = player;
  await player.shoppers("120");
  await player.press("Slow event store");
  await player.part("event store", "Slow: 150 ms an event");
  await page.goto("/system");
  await player.says("event store slow since", "/system");
  await player.says("commits took", "/system");
  await player.look("office-system-slow-store");
  await page.goto("/");
  await player.says("event store slow since", "/");
  await page.goto("/playground");
  await player.press("Mend event store");
  await player.part("event store", "Works");
  await page.goto("/system");
  await player.until("the store is well again", async () => (await page.locator(".alert").count()) === 0, "/system");
  await page.goto("/playground");
  await player.healed();
}

async function aLinkFillsTheForms(player) {
  const { page } = player;
  await page.goto("/playground?seed=4711&BroadcastLost=300&ReplyLost=20");
  equal(await page.getByLabel("Events lost").inputValue(), "300", "events lost");
  equal(await page.getByLabel("Replies lost").inputValue(), "20", "replies lost");
  for (const seed of await page.getByLabel("Seed").all()) equal(await seed.inputValue(), "4711", "the seed");
  await page.getByText("No fault is on").waitFor();
  await page.locator("form[action='/playground/messages']").getByRole("button", { name: "Set" }).click();
  await page.waitForURL("**/playground?seed=4711&BroadcastLost=300&ReplyLost=20*");
  await player.says("Faults are on: Events lost: 300 of 1,000; Replies lost: 20 of 1,000. Seed 4711.");
  await player.shoppers("300");
  await player.says("events lost.");
  await player.look("office-playground-lossy");
  await player.press("End all faults");
  await player.until("what was lost is read", async () => (await page.locator("#now").innerText()).includes("All were read from the log since."));
  await player.healed();
}

/** Everything that one does on the playground is in its address, and the address does it again. */
async function aLinkRepeatsTheRun(player) {
  const { page } = player;
  await player.press("Kill accounting");
  await page.waitForURL(/accounting=Kill/);
  const link = new URL(page.url());
  await player.part("accounting", "Killed");
  await player.press("End all faults");
  await player.part("accounting", "Works");
  link.searchParams.set("seed", "12");
  link.searchParams.set("Visits", "300");
  link.searchParams.set("Shoppers", "3");
  link.searchParams.set("Units", "1");
  await page.goto(link.href);
  await player.look("office-playground-run");
  equal(await page.getByLabel("Units of one product").inputValue(), "1", "the link fills the forms");
  await player.press("Do all of this");
  await page.getByText("The run has begun.").waitFor();
  await player.part("accounting", "Killed");
  await player.until("the sale was held", async () => /3 shoppers for 1 unit\./.test(await page.locator("#sale").innerText().catch(() => "")));
  await player.says("Faults are on: accounting killed. Seed 12.");
  await player.press("End all faults");
  await player.part("accounting", "Works");
  await player.healed();
}

async function twoWantOneUnit(player) {
  const { page } = player;
  await page.goto("/playground?preset=LastUnit&seed=12");
  expect(await page.getByLabel("Two shoppers, one unit").isChecked(), "the link chooses what to play");
  await player.press("Play");
  await page.waitForURL("**/playground?preset=LastUnit&seed=12#now");
  await player.until("one of them gets it", async () => /2 shoppers for 1 unit\. 1 sold, 1 denied\./.test(await page.locator("#sale").innerText().catch(() => "")));
  await player.look("office-playground-sold");
  await player.healed();
}

async function thePowerGoes(player) {
  const { page } = player;
  const cuts = async () => /Cut (once|\d+ times)\./.exec(await player.now.innerText())?.[0] ?? "";
  const before = await cuts();
  await player.shoppers("300");
  await player.press("Cut the power");
  await page.getByText("The power goes with the next write.").waitFor();
  await player.until("the power went", async () => (await cuts()) !== before);
  await player.says("The log is opened again only with every event that it had confirmed.");
  for (const part of ["event store", "customer", "product", "order", "accounting"]) await player.part(part, "Works");
  await player.look("office-playground-power");
  await player.healed();
}

async function allFaultsEnd(player) {
  const { page } = player;
  await player.press("Slow order");
  await player.part("order", "Slow: 50 ms an event");
  await player.press("Stop customer");
  await player.part("customer", "Stopped");
  await player.press("End all faults");
  await page.getByText("All faults have ended.").waitFor();
  for (const part of ["customer", "order"]) await player.part(part, "Works");
  await player.healed();
}

/** Every part, the heading of its page that goes without it, and what that says. */
const MISSING = {
  product: ["/", "stock is not shown"],
  customer: ["/", "customer does not answer since"],
  order: ["/sagas", "sagas are not shown"],
  accounting: ["/", "revenue is not shown"],
  events: ["/", "event store does not answer since"],
};

test("with each part killed in turn, dashboard, system, sagas and tour are there and say so", async (world) => {
  const shop = await world.shop("--demo");
  const page = await world.visitor(shop.backoffice, { width: 1440 });
  const player = new Player(page, true, 1440);
  await logIn(page, "admin", ADMIN_PASSWORD);
  for (const [part, [where, words]] of Object.entries(MISSING)) {
    await page.goto("/playground");
    await page.locator(`form:has(input[value="${part}"]) button[value="Kill"]`).click();
    await page.getByText("is killed.").waitFor();
    const said = new RegExp(`${part === "events" ? "event store" : part}\\s+does not answer\\s+since`, "i");
    for (const address of ["/", "/system"]) {
      equal((await page.goto(address)).status(), 200, `${address} without ${part}`);
      await page.locator(".alert.bad").filter({ hasText: said }).first().waitFor();
    }
    await page.locator(".alert.bad").getByText("For shoppers:").waitFor();
    for (const [address, title] of [["/sagas", "Sagas"], ["/tour", "Guided tour"], ["/tour/1", "An event"]]) {
      equal((await page.goto(address)).status(), 200, `${address} without ${part}`);
      await heading(page, title).waitFor();
    }
    await page.goto(where);
    await page.getByRole("main").getByText(words).first().waitFor();
    if (part === "order") await fine(page, "office-sagas-no-order-service");
    await page.goto("/playground");
    await page.locator(`form:has(input[value="${part}"]) button[value="Mend"]`).click();
    await page.getByText("works as it should.").waitFor();
    await page.goto("/system");
    await eventually(async () => (await page.locator(".alert").count()) === 0, `all is well again with ${part}`);
  }
  await page.goto("/playground");
  await player.healed();
});

test("a shop without --demo has no playground", async (world) => {
  const shop = await world.shop();
  const page = await world.visitor(shop.backoffice);
  await logIn(page, "admin", ADMIN_PASSWORD);
  const links = await page.locator("a").evaluateAll((all) => all.map((link) => link.getAttribute("href")));
  equal(links.filter((link) => link.includes("playground")).length, 0, "links to the playground");
  for (const address of PAGES) equal((await page.goto(address)).status(), 404, address);
  const headers = { authorization: `Bearer ${await shop.managerToken()}`, "content-type": "application/json" };
  equal((await fetch(`${shop.gateway}/playground/get-playground`, { headers })).status, 404, "get-playground");
  for (const call of CALLS) {
    const answer = await fetch(`${shop.gateway}/playground/${call}`, { method: "POST", headers, body: "{}" });
    equal(answer.status, 404, call);
  }
});
