// The drills of a sample shop: each is prepared by the command, its cause is found on the way from the dashboard that the list names,
// within two clicks, and it ends with exact sums and a system that is well.
import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { ADMIN_PASSWORD, PATIENCE_MS, arrived, equal, eventually, expect, fine, heading, logIn, screenshot, test } from "./harness.mjs";

const agora = process.env.AGORA_BIN ?? new URL("../../target/debug/agora", import.meta.url).pathname;

async function command(...words) {
  const env = { PATH: process.env.PATH, HOME: "/nonexistent", AGORA_ADMIN_PASSWORD: ADMIN_PASSWORD };
  const { stdout } = await promisify(execFile)(agora, ["demo", "drill", ...words], { env, timeout: 2 * PATIENCE_MS });
  return stdout;
}

/** Loads the page once more, after a moment; false, so that the caller looks again. */
async function again(page) {
  await new Promise((resolve) => setTimeout(resolve, 500));
  await arrived(page.reload());
  return false;
}

/** Waits until the page says it. */
async function says(page, words) {
  const said = async () => (await page.getByRole("main").innerText()).replaceAll(/\s+/g, " ").includes(words);
  await eventually(async () => (await said()) || again(page), `"${words}" is shown at ${page.url()}`);
}

/** From the dashboard, by the links that the drill names. A link may take a moment to be there: what is wrong has to be noticed. */
async function findTheCause(page, drill) {
  expect(drill.Clicks.length <= 2, `${drill.Name}: ${drill.Clicks.length} clicks`);
  await page.goto("/");
  for (const { Link, Href } of drill.Clicks) {
    const link = page.getByRole("link", { name: Link }).or(page.locator(`main table a[href^="${Href}"]`)).first();
    await eventually(async () => (await link.isVisible()) || again(page), `the link "${Link}" is there at ${page.url()}`);
    await link.click();
    await page.waitForURL((address) => `${address.pathname}${address.search}`.startsWith(Href));
  }
  await says(page, drill.Says);
}

/** No fault is on, nothing is wrong, and every sum is exact. */
async function isWell(page, shop) {
  await shop.call("/playground/set-traffic", { Visits: 0, Seed: 1 });
  await eventually(async () => {
    const { Orders, Missing, Drill } = await shop.call("/playground/get-playground");
    return Orders.Open === 0 && Missing === 0 && !Drill;
  }, "every order ends");
  await page.goto("/playground");
  equal(await page.locator("#now .sums dt").filter({ hasText: "Exact" }).count(), 4, "sums that are exact");
  equal(await page.getByText("A promise is broken").count(), 0, "broken promises");
  await page.goto("/system?live=off");
  await eventually(async () => (await page.locator("main .alert").count()) === 0 || again(page), "the system is well");
}

const drills = JSON.parse(await command("--list", "--json"));
// A year is made once for all of them.
let opened;

for (const [at, drill] of drills.entries()) {
  const run = async (world, whole) => {
    opened ??= whole.shop("--demo");
    await find(world, await opened, drill);
    if (at === 0) await theListIsFine(world, await opened, drill);
  };
  test(`a drill: ${drill.Title.toLowerCase()}`, run, { series: "drills" });
}

async function find(world, shop, drill) {
  const page = await world.visitor(shop.backoffice, { width: 1440 });
  await logIn(page, "admin", ADMIN_PASSWORD);
  await shop.managerToken();

  const said = await command(drill.Name, "--url", shop.gateway);
  expect(said.includes(drill.Report), `the command says what users report: ${said}`);
  await findTheCause(page, drill);
  await screenshot(page, `drill-${drill.Name}`);
  if (drill.Name === "poison-event") {
    await theInboxIsFine(world, shop);
    await theInboxIsDecidedAbout(page);
  }
  if (drill.Name === "wrong-clock") {
    // The part with the wrong time refuses, and the manager stays logged in.
    await page.goto("/customers");
    await page.getByText("A part of the shop has the wrong time").first().waitFor();
  }

  await page.goto("/drills");
  await page.getByRole("heading", { name: "What users report now" }).waitFor();
  await page.getByRole("button", { name: "End all faults" }).click();
  await page.getByText("All faults have ended.").waitFor();
  await isWell(page, shop);
}

/** The inbox while an event waits in it, on a screen and on a phone. */
async function theInboxIsFine(world, shop) {
  for (const { width, scripts } of [{ width: 1440, scripts: true }, { width: 390, scripts: true }, { width: 390, scripts: false }]) {
    const page = await world.visitor(shop.backoffice, { width, scripts });
    await logIn(page, "admin", ADMIN_PASSWORD, "/inbox");
    await page.getByText("product.projector").first().waitFor();
    await (scripts ? fine(page, `office-inbox-${width}`) : screenshot(page, `office-inbox-${width}-noscript`));
  }
}

/** A retry finds that the event still cannot be read; a skip takes a reason, and ends the entry. */
async function theInboxIsDecidedAbout(page) {
  await page.goto("/inbox");
  const entry = page.getByRole("region", { name: /^product\.projector at position/ });
  await entry.getByRole("button", { name: "Retry" }).click();
  await page.getByText(/The event at position [\d,]+ is retried\./).waitFor();
  await eventually(async () => (await entry.count()) === 1 || again(page), "the entry is there again");
  await entry.getByRole("button", { name: "Skip" }).click();
  await page.getByText("Say why the event is skipped").waitFor();
  await entry.getByLabel("Why it may be skipped").fill("forged");
  await entry.getByRole("button", { name: "Skip" }).click();
  await page.getByText(/The event at position [\d,]+ is skipped\./).waitFor();
  await eventually(async () => (await entry.count()) === 0 || again(page), "the entry is gone");
}

/** The page of all drills, on a screen and on a phone. */
async function theListIsFine(world, shop, drill) {
  await shop.call("/playground/begin-drill", { Name: drill.Name, Seed: 1 });
  for (const { width, scripts } of [{ width: 1440, scripts: true }, { width: 390, scripts: true }, { width: 390, scripts: false }]) {
    const page = await world.visitor(shop.backoffice, { width, scripts });
    await logIn(page, "admin", ADMIN_PASSWORD);
    await page.goto("/playground");
    await page.getByRole("link", { name: "drill", exact: true }).click();
    await heading(page, "Drills").waitFor();
    equal(await page.locator(".drills li").count(), drills.length, "drills");
    await page.getByText(`“${drill.Report}”`).first().waitFor();
    if (scripts) await fine(page, `office-drills-${width}`);
    else await screenshot(page, `office-drills-${width}-noscript`);
    await page.getByText("The cause, and where it is shown").click();
    await page.getByText(drill.Cause).waitFor();
  }
}
