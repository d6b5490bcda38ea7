// A projection, step by step: the rows before and after each event, reached from everything that has events, with and without scripts.
import { ADMIN_PASSWORD, equal, eventually, expect, fine, heading, logIn, screenshot, test } from "./harness.mjs";

for (const { scripts, width } of [{ scripts: true, width: 1440 }, { scripts: true, width: 390 }, { scripts: false, width: 390 }]) {
  test(`a manager steps through a projection at ${width}${scripts ? "" : " without scripts"}`, async (world) => {
    const shop = await world.shop();
    const teapot = await shop.product(await shop.category("Kitchen"));
    await shop.customer("ada");
    const order = await shop.ordered("ada", teapot.ProductId);
    const history = async () => (await shop.call(`/order/get-order-history?OrderId=${order}`)).Items;
    await eventually(async () => (await history()).length === 8, "the order has ended");
    const steps = await history();
    const page = await world.visitor(shop.backoffice, { scripts, width });
    const look = (name) => (scripts ? fine(page, name) : screenshot(page, `${name}-noscript`));
    await logIn(page, "admin", ADMIN_PASSWORD);
    const shown = () => page.locator(".walk > li").evaluateAll((items) => items.map((item) => item.id));

    await page.goto(`/orders/${order}`);
    await page.getByRole("link", { name: "Through the read models" }).click();
    await heading(page, "Step through a projection").waitFor();
    equal(String(await shown()), String(steps.map((step) => `event-${step.Position}`)), "the order and what followed");
    const finalized = page.locator(".walk > li", { has: page.getByRole("heading", { name: "order.finalized" }) });
    expect((await finalized.innerText()).includes("2 → 3"), "the status before and after");
    await look(`office-through-${width}`);

    await page.getByLabel("Read model").selectOption("accounting");
    await page.getByLabel("Up to position").fill(String(steps[3].Position));
    await page.getByRole("button", { name: "Show", exact: true }).click();
    equal((await shown()).length, 4, "up to a position");
    equal(await page.getByText("Changes no row here.").count(), 4, "there is no invoice yet");
    await page.getByLabel("Stream").fill("tea");
    await page.getByRole("button", { name: "Show", exact: true }).click();
    await page.locator(".error").first().waitFor();
    await look(`office-through-wrong-${width}`);

    await page.goto(`/products/${teapot.ProductId}`);
    await page.getByRole("link", { name: "Through the read models" }).click();
    await page.getByRole("heading", { name: "product.added" }).waitFor();
    await page.goto("/customers/ada");
    await page.getByRole("link", { name: "Through the read models" }).click();
    await page.getByRole("heading", { name: "customer.registered" }).waitFor();
    expect((await page.content()).includes("<td>withheld</td>"), "no password's hash");
    await page.goto(`/events/${steps[0].Position}`);
    await page.getByRole("link", { name: "Through the read models" }).click();
    equal((await shown()).length, 1, "up to that event");
  });
}
