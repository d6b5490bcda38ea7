// Orders as sagas: the list of those that run and those that ended, and an order's diagram, played slowly, on a desk and on a phone.
import { ADMIN_PASSWORD, equal, eventually, expect, fine, logIn, screenshot, test } from "./harness.mjs";

const ways = [{ scripts: true, width: 1440 }, { scripts: true, width: 390 }, { scripts: false, width: 1440 }, { scripts: false, width: 390 }];

/** A shop with one order that was finalized and one that was denied. */
async function sold(world) {
  const shop = await world.shop();
  const teapot = await shop.product(await shop.category("Kitchen"), { UnitsInStock: 10, Price: 30 });
  await shop.customer("ada");
  const done = await shop.ordered("ada", teapot.ProductId, 2);
  const denied = await shop.ordered("ada", teapot.ProductId, 4);
  const steps = async (order) => (await shop.call(`/order/get-order-history?OrderId=${order}`)).Items.length;
  await eventually(async () => (await steps(done)) === 8 && (await steps(denied)) === 5, "both orders have ended");
  return { shop, done, denied };
}

for (const { scripts, width } of ways) {
  const how = `at ${width}${scripts ? "" : " without scripts"}`;
  const look = (page, name) => (scripts ? fine(page, `${name}-${width}`) : screenshot(page, `${name}-${width}-noscript`));

  test(`running and finished sagas are listed ${how}`, async (world) => {
    const { shop, done, denied } = await sold(world);
    const gate = await world.gate(shop);
    gate.hold(done);
    const page = await world.visitor(await world.site("backoffice", gate.url), { scripts, width });
    await logIn(page, "admin", ADMIN_PASSWORD, "/sagas");
    const running = page.locator("#sagas tbody tr");
    await running.getByText("1 of 8").waitFor();
    await eventually(async () => /product for .*customer for /s.test(await running.innerText()), "two services are awaited, and for how long");
    expect((await running.innerText()).includes("accounting.invoice-issued"), "what remains");
    await look(page, "office-sagas");
    await gate.reach(done, "order.finalized");
    await page.reload();
    await running.getByText("5 of 8").waitFor();
    expect((await running.innerText()).includes("accounting for "), "accounting is awaited, too");
    const ended = page.locator(".runs").last().locator("tbody tr");
    equal(await ended.count(), 2, "finished sagas");
    await page.goto("/sagas?outcome=Canceled&sort=longest");
    equal(await ended.count(), 1, "canceled sagas");
    await ended.getByText("low credit").waitFor();
    await ended.getByRole("link").click();
    await page.waitForURL(`**/orders/${denied}`);
  });

  test(`an order's diagram joins both answers, and is whole ${how}`, async (world) => {
    const { shop, done, denied } = await sold(world);
    const page = await world.visitor(shop.backoffice, { scripts, width });
    await logIn(page, "admin", ADMIN_PASSWORD, `/orders/${done}`);
    const { Items: steps } = await shop.call(`/order/get-order-history?OrderId=${done}`);
    const links = page.locator(".graph a");
    const drawn = await links.evaluateAll((all) => all.map((link) => link.getAttribute("href")));
    equal(String(drawn), String(steps.map((step) => `/events/${step.Position}`)), "each event once, leading to it");
    equal(await page.locator(".graph .line").count(), steps.filter((step) => step.Cause).length + 2, "a line for each cause, and for the other answer of both decisions");
    expect((await page.locator(".graph .join").count()) > 0, "the answers are joined");
    const box = await page.locator(".graph").boundingBox();
    expect(box.x >= 0 && box.x + box.width <= width, "nothing of the diagram is cut off");
    const faint = () => page.locator(".graph a.later").count();
    equal(await faint(), 0, "events not shown yet");
    const slider = page.getByRole("slider");
    equal(await slider.count(), scripts ? 1 : 0, "sliders");
    await look(page, "office-saga");
    if (scripts) {
      await slider.fill("0");
      equal(await faint(), steps.length - 1, "events after the first");
      await screenshot(page, `office-saga-begin-${width}`);
      await page.getByRole("button", { name: "Play slowly" }).click();
      await eventually(async () => (await faint()) < steps.length - 1, "it plays");
      await page.getByRole("button", { name: "Pause" }).click();
    }
    await links.first().click();
    await page.getByRole("heading", { name: "order.placed" }).waitFor();

    await page.goto(`/orders/${denied}`);
    const { Items: no } = await shop.call(`/order/get-order-history?OrderId=${denied}`);
    const at = (event) => no.find((step) => step.Event === event).Position;
    const sentence = `Denied at event ${at("order.denied")}: the customer's credit was €40.00 at event ${at("customer.credit-denied")}, and the order needs €120.00; €80.00 more credit would have let it through.`;
    equal(await page.locator(".denial").innerText(), sentence, "why, and what would have helped");
    await look(page, "office-saga-denied");
  });
}
