// Why an event happened: reached from everything that it made, drawn and listed, with and without scripts, on a desk and on a phone.
import { ADMIN_PASSWORD, equal, eventually, expect, fine, heading, logIn, screenshot, test } from "./harness.mjs";

for (const { scripts, width } of [{ scripts: true, width: 1440 }, { scripts: true, width: 390 }, { scripts: false, width: 390 }]) {
  test(`a manager sees what led to an event and what followed at ${width}${scripts ? "" : " without scripts"}`, async (world) => {
    const shop = await world.shop();
    const teapot = await shop.product(await shop.category("Kitchen"));
    await shop.customer("ada");
    const order = await shop.ordered("ada", teapot.ProductId);
    const history = async () => (await shop.call(`/order/get-order-history?OrderId=${order}`)).Items;
    await eventually(async () => (await history()).length === 8, "the order has ended");
    const page = await world.visitor(shop.backoffice, { scripts, width });
    const look = (name) => (scripts ? fine(page, name) : screenshot(page, `${name}-noscript`));
    await logIn(page, "admin", ADMIN_PASSWORD);
    await page.goto(`/orders/${order}`);
    await page.getByRole("link", { name: "Why it is so" }).click();
    await heading(page, /^Why .* happened$/).waitFor();
    equal(await page.locator(".marks .here").count(), 1, "the event asked about");
    const first = page.locator(".marks li").first();
    await first.getByText("order.placed").waitFor();
    expect((await first.innerText()).includes("requested by manager admin"), "who asked for the order");
    await look(`office-why-end-${width}`);

    await first.getByRole("link").click();
    await page.locator(".marks").getByText("customer.credit-debited").waitFor();
    const steps = await history();
    const drawn = await page.locator(".graph a").evaluateAll((links) => links.map((link) => link.getAttribute("href")));
    equal(String(drawn), String(steps.map((step) => `/events/${step.Position}`)), "every event of the order, once");
    equal(await page.locator(".graph .line").count(), steps.filter((step) => step.Cause).length, "a line for each recorded cause");
    await look(`office-why-${width}`);
    await page.locator(".graph a").last().click();
    await page.getByRole("link", { name: "Why, and what followed" }).click();
    await page.getByText("Nothing so far.").waitFor();

    await page.goto(`/orders/${order}`);
    await page.getByRole("link", { name: "Why?" }).click();
    await page.getByRole("heading", { name: "accounting.invoice-issued" }).waitFor();
    await page.goto(`/products/${teapot.ProductId}`);
    await page.getByRole("link", { name: "Why it is so" }).click();
    await page.getByRole("heading", { name: "product.stock-committed" }).waitFor();
    await page.goto("/customers/ada");
    await page.getByRole("link", { name: "Why it is so" }).click();
    await page.getByRole("heading", { name: "customer.credit-debited" }).waitFor();
    await page.locator("a[href^='/why/request/']").click();
    await page.getByRole("heading", { name: "order.placed" }).waitFor();
    await page.goto("/events/999999/why");
    await heading(page, "There is no such page").waitFor();
  });
}
