// The guided tour, walked from end to end: every step's thing to do is done on the real pages, and what it says to watch is seen.
import { ADMIN_PASSWORD, arrived, equal, eventually, expect, fine, heading, isWhole, logIn, screenshot, test } from "./harness.mjs";

/** What the tour promises of each of its steps. */
const STEP_MAX_MS = 180_000;

class Walker {
  number = 0;

  constructor(page, shop, scripts, width) {
    Object.assign(this, { page, shop, scripts, width, main: page.getByRole("main"), strip: page.getByRole("complementary", { name: "Guided tour" }) });
  }

  /** Opens the next step by the way that the tour offers. */
  async next(title, watch) {
    this.number += 1;
    if (this.number === 1) await this.page.getByRole("link", { name: "Begin" }).click();
    else await this.strip.getByRole("link", { name: "Next step" }).click();
    await heading(this.page, `${this.number}. ${title}`).waitFor();
    await this.look(`tour-${this.number}`);
    const said = await this.page.locator("section[aria-labelledby=watch] li").allInnerTexts();
    for (const words of watch) expect(said.some((one) => one.includes(words)), `step ${this.number} says to watch "${words}"`);
    expect((await this.page.locator("details pre").first().innerText()).length > 40, "the code behind it");
  }

  /** Follows a link of the step. */
  async deed(words) {
    await this.page.locator(".tasks").getByRole("link", { name: words, exact: true }).first().click();
    await this.strip.getByText(`Step ${this.number} of 10`).waitFor();
  }

  /** Back to the step from a real page. Without scripts, only links of the step itself and forms keep it. */
  async back() {
    if (await this.strip.isVisible()) await this.strip.getByRole("link", { name: "Back to the step" }).click();
    else await this.page.goto(`/tour/${this.number}`);
    await this.page.locator(".tasks").first().waitFor();
  }

  /** With scripts, the step goes along with every link. */
  async still() {
    if (this.scripts) return this.strip.getByText(`Step ${this.number} of 10`).waitFor();
    const address = new URL(this.page.url());
    address.searchParams.set("tour", this.number);
    await this.page.goto(address.href);
  }

  press(name) {
    return this.main.getByRole("button", { name, exact: true }).click();
  }

  follow(name) {
    return this.main.getByRole("link", { name, exact: true }).first().click();
  }

  async shoppers() {
    await this.page.getByLabel("Visits a minute").fill("240");
    await this.page.locator("form[action='/playground/traffic']").getByRole("button", { name: "Set" }).click();
    await this.page.getByText("Sample customers come at this rate").waitFor();
  }

  /** Waits for what the playground shows. */
  async until(what, holds) {
    const shown = async () => holds(await this.page.locator("#now").innerText());
    await eventually(async () => {
      if (!this.scripts && !(await arrived(this.page.reload()))) return false;
      return shown();
    }, `${what}, in step ${this.number}`);
  }

  async endsExact() {
    await this.press("End all faults");
    await this.page.getByText("All faults have ended.").waitFor();
    await this.until("no fault is on", (now) => now.includes("No fault is on"));
    equal(await this.page.locator("#now .sums dt").filter({ hasText: "Exact" }).count(), 4, "sums that are exact");
    await this.still();
  }

  async ended() {
    const { Finalized, Denied } = (await this.shop.call("/playground/get-playground")).Orders;
    return Finalized + Denied;
  }

  look(name) {
    return this.scripts ? fine(this.page, `${name}-${this.width}`) : screenshot(this.page, `${name}-${this.width}-noscript`);
  }
}

const walks = [{ scripts: true, width: 1440 }, { scripts: false, width: 390 }];
if (isWhole) walks.push({ scripts: true, width: 390 });
for (const { scripts, width } of walks) {
  test(`the guided tour is walked at ${width}${scripts ? "" : " without scripts"}`, async (world) => {
    const shop = await world.shop("--demo");
    const page = await world.visitor(shop.backoffice, { scripts, width });
    await logIn(page, "admin", ADMIN_PASSWORD);
    await page.getByRole("link", { name: "guided tour" }).click();
    await heading(page, "Guided tour").waitFor();
    const walker = new Walker(page, shop, scripts, width);
    equal(await page.locator(".tour > li").count(), 10, "steps");
    await walker.look("tour");
    for (const step of [anEvent, aStream, aReadModel, asOfAnyEvent, theSaga, losingMessages, doingItTwice, powerCut, ownWrites, timeTravel]) {
      const began = performance.now();
      await step(walker);
      expect(performance.now() - began < STEP_MAX_MS, `${step.name} takes longer than three minutes`);
    }
    await walker.strip.getByRole("link", { name: "Next step" }).click();
    await heading(page, "Guided tour").waitFor();
  });
}

async function anEvent(walker) {
  const { page } = walker;
  await walker.next("An event", ["rises by exactly one", "no button"]);
  await theCode(walker);
  await walker.deed("event store");
  await walker.look("tour-events");
  await page.locator(".log th a").first().click();
  await page.getByText("Correlation").waitFor();
  await walker.still();
  const at = async () => Number(/events\/(\d+)/.exec(page.url())[1]);
  const begun = await at();
  for (let back = 1; back <= 3; back += 1) {
    await walker.follow("Before");
    await page.waitForURL(`**/events/${begun - back}*`);
  }
  await walker.follow("After");
  await page.waitForURL(`**/events/${begun - 2}*`);
  equal(await walker.main.getByRole("button").count(), 0, "buttons that could change an event");
  await walker.still();
}

/** The place of an excerpt leads to the whole file, at that line, without a network. */
async function theCode(walker) {
  const { page } = walker;
  const step = page.url();
  const place = page.locator(".place a").first();
  const line = /line (\d+)/.exec(await place.innerText())[1];
  await place.click();
  await page.waitForURL(`**/tour/code/**#L${line}`);
  const target = page.locator(`#L${line}`);
  await target.waitFor();
  expect((await target.innerText()).trim().length > 0, "a line of code");
  await walker.look("tour-code");
  await page.goto(step);
}

async function aStream(walker) {
  const { page } = walker;
  await walker.next("A stream", ["0, 1, 2", "gaps"]);
  await walker.deed("list of orders");
  await page.locator(".sales .number").first().click();
  await walker.follow("Its stream in the event store");
  await page.waitForURL("**/events?stream=order-*");
  const rows = await page.locator(".log tbody tr").evaluateAll((all) => all.map((row) => [row.cells[0].innerText, row.cells[3].innerText].map((text) => Number(text.replaceAll(/\D/g, "")))));
  equal(String(rows.map(([, version]) => version).reverse()), String(rows.map((_, at) => at)), "versions");
  const positions = rows.map(([position]) => position);
  expect(positions[0] - positions.at(-1) > positions.length - 1, `positions with gaps: ${positions}`);
  await walker.still();
}

async function aReadModel(walker) {
  const { page } = walker;
  const revenue = async () => Number((await page.locator("#figures .figures dd").first().innerText()).replaceAll(/[^\d.]/g, ""));
  await walker.next("A read model, and throwing it away", ["the revenue is what it was"]);
  await walker.deed("dashboard");
  const before = await revenue();
  expect(before > 0, "there is revenue");
  await walker.back();
  const ended = await walker.ended();
  await walker.deed("playground");
  await walker.press("Rebuild accounting");
  await page.getByText("The accounting service has lost its read model, and builds it again from the log.").waitFor();
  await walker.shoppers();
  await walker.until("orders did not stop", () => walker.ended().then((now) => now > ended));
  await walker.back();
  await page.locator(".tasks").getByRole("link", { name: "dashboard" }).last().click();
  await eventually(async () => {
    if (!walker.scripts && !(await arrived(page.reload()))) return false;
    return (await revenue()) >= before;
  }, "the revenue is what it was");
  await walker.look("tour-dashboard");
}


async function asOfAnyEvent(walker) {
  const { page } = walker;
  await walker.next("As of any event", ["marked, with what was there before"]);
  await walker.deed("list of products");
  await page.locator("tbody th a").first().click();
  await walker.follow("Its history, event by event");
  await walker.follow("First");
  await page.getByText("Event 1 of").waitFor();
  equal(await page.locator(".state .changed").count(), 0, "changes of the first event");
  await walker.follow("After");
  await page.getByText("Event 2 of").waitFor();
  await page.locator(".state .changed .was").first().waitFor();
  // Of a product that sells, the first change that is no manager's is a reservation.
  const available = page.locator(".state .changed", { hasText: "Available" });
  const reserved = page.locator(".marks a", { hasText: "product.stock-reserved" }).first();
  if ((await reserved.count()) > 0) {
    await reserved.click();
    await available.locator(".was").waitFor();
    equal(await page.locator(".state .changed", { hasText: "Units in stock" }).count(), 0, "units taken off the stock by a reservation");
  }
  await walker.still();
  await walker.look("tour-as-of");
}

async function theSaga(walker) {
  const { page } = walker;
  await walker.next("The saga", ["Product and customer react to the same event", "Every arrow"]);
  await walker.deed("list of orders");
  await page.locator(".sales .number").first().click();
  await page.locator(".graph .line").first().waitFor();
  if (walker.scripts) {
    await page.getByRole("button", { name: "Play slowly" }).click();
    await page.getByRole("button", { name: "Pause" }).click();
  }
  const rows = await page.locator(".steps tbody tr").evaluateAll((all) => all.map((row) => ({ position: row.cells[0].innerText, event: row.cells[1].innerText, cause: /\d+/.exec(row.cells[6].innerText)?.[0] })));
  const of = (event) => rows.find((row) => row.event === event);
  equal(of("product.stock-reserved").cause, of("order.placed").position, "what product reacts to");
  equal(of("customer.credit-reserved").cause, of("order.placed").position, "what customer reacts to");
  equal(of("accounting.invoice-issued").cause, of("order.finalized").position, "what accounting reacts to");
  await page.locator(".graph a").first().click();
  await heading(page, "order.placed").waitFor();
  await walker.still();
}

async function losingMessages(walker) {
  await walker.next("Losing messages", ["lost events", "Orders still end", "All four sums"]);
  await walker.deed("this run on the playground");
  await walker.press("Do all of this");
  await walker.page.getByText("The run has begun.").waitFor();
  const ended = await walker.ended();
  await walker.until("events are lost", (now) => now.includes("events lost."));
  await walker.until("orders end", () => walker.ended().then((now) => now > ended + 2));
  await walker.press("End all faults");
  await walker.until("what was lost is read", (now) => now.includes("All were read from the log since."));
  await walker.endsExact();
}

async function doingItTwice(walker) {
  await walker.next("Doing it twice", ["Each is recognised", "Nothing is sold"]);
  await walker.deed("this run on the playground");
  await walker.press("Play");
  await walker.page.getByText("Everything twice: it has begun").waitFor();
  await walker.until("all is duplicated", (now) => /events duplicated\. Recognised; nothing happened twice\./.test(now) && now.includes("appends duplicated."));
  await walker.endsExact();
}

async function powerCut(walker) {
  await walker.next("Crash and power cut", ["killed in the middle of a write", "Open orders end"]);
  await walker.deed("this run on the playground");
  await walker.shoppers();
  await walker.press("Cut the power");
  await walker.until("the power went, and is back", (now) => now.includes("Cut once.") && (now.match(/Works/g) ?? []).length === 5);
  await walker.endsExact();
}

async function ownWrites(walker) {
  const { page } = walker;
  await walker.next("Reading your writes", ["shows your change"]);
  await walker.deed("playground");
  await walker.press("Slow product");
  await walker.until("product is slow", (now) => now.includes("Slow: 50 ms an event"));
  await walker.back();
  await walker.deed("list of products");
  await page.locator("tbody th a").first().click();
  const units = page.getByLabel("Units in stock");
  const more = String(Number(await units.inputValue()) + 1000);
  await units.fill(more);
  await walker.press("Save changes");
  await page.locator(".alert.good").waitFor();
  const sold = 20;
  const shown = Number(await units.inputValue());
  expect(shown > Number(more) - sold && shown <= Number(more), `the page shows the change: ${shown} of ${more}`);
  await page.goto(`/tour/${walker.number}`);
  await page.locator(".tasks").getByRole("link", { name: "playground" }).last().click();
  await walker.endsExact();
}

async function timeTravel(walker) {
  const { page } = walker;
  await walker.next("Time travel", ["The list begins half a year ago", "pending at first", "Its causes"]);
  await walker.deed("orders from half a year ago on");
  const since = new URL(page.url()).searchParams.get("since");
  const times = await page.locator(".log time").evaluateAll((all) => all.map((time) => time.dateTime));
  expect(times.length > 10 && times.every((time) => time.slice(0, 16) >= since), `events since ${since}: ${times[0]}`);
  await page.locator(".log th a").first().click();
  await walker.follow("See it as of this event");
  const status = page.locator(".state tr", { hasText: "Status" });
  await status.getByText("Pending").waitFor();
  await walker.follow("After");
  await page.getByText("Event 2 of").waitFor();
  await walker.follow("Last");
  await status.getByText(/Finalized|Canceled/).waitFor();
  await walker.follow("The order now");
  await walker.follow("Why it is so");
  await page.locator(".marks").getByText("order.placed").first().waitFor();
  await walker.still();
}

test("a shop without --demo shows the tour, and says which steps take the playground", async (world) => {
  const shop = await world.shop();
  const page = await world.visitor(shop.backoffice, { width: 390, dark: true });
  await logIn(page, "admin", ADMIN_PASSWORD);
  await page.getByText("Learn", { exact: true }).click();
  await fine(page, "office-learn-390");
  equal(await page.getByRole("link", { name: "Drills" }).count(), 0, "drills of a shop that is not a sample");
  await page.getByRole("link", { name: "Guided tour", exact: true }).click();
  await page.getByText("This shop has no playground").waitFor();
  await fine(page, "tour-plain-390");
  await page.goto("/tour/8");
  await page.getByText("only a sample shop has").waitFor();
  equal(await page.locator(".tasks a").count(), 0, "links to what is not there");
  await fine(page, "tour-plain-step-390");
  for (const address of ["/tour/0", "/tour/11", "/tour/x"]) equal((await page.goto(address)).status(), 404, address);
});
