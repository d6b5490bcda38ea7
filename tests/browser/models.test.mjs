// Read models on the System page: rebuilt while the shop serves, gone back to, and dropped, with and without scripts.
import { ADMIN_PASSWORD, equal, eventually, fine, heading, logIn, screenshot, test } from "./harness.mjs";

for (const { scripts, width } of [{ scripts: true, width: 1440 }, { scripts: true, width: 390 }, { scripts: false, width: 390 }]) {
  test(`a manager rebuilds a read model while the shop serves at ${width}${scripts ? "" : " without scripts"}`, async (world) => {
    const shop = await world.shop();
    const teapot = await shop.product(await shop.category("Kitchen"));
    await shop.customer("ada");
    await shop.ordered("ada", teapot.ProductId);
    const page = await world.visitor(shop.backoffice, { scripts, width });
    const look = (name) => (scripts ? fine(page, name) : screenshot(page, `${name}-noscript`));
    const generations = () => shop.call("/order/model-generations");
    // Without scripts the page loads again by itself, so a press may come to nothing: what counts is what the service says.
    const press = async (name, until) => {
      await eventually(async () => {
        if (until(await generations())) return true;
        const button = page.getByRole("button", { name });
        await button.click({ timeout: 2000 }).catch(() => {});
        return until(await generations());
      }, `${name} is done`);
    };
    await logIn(page, "admin", ADMIN_PASSWORD, "/system");
    await heading(page, "System").waitFor();
    const row = page.locator("#model-order");
    equal(await page.getByRole("button", { name: /^Rebuild/ }).count(), 4, "models that can be rebuilt");
    await look(`office-models-${width}`);

    await press("Rebuild order", (found) => found.Other !== undefined);
    await row.getByText("Kept").waitFor();
    await row.getByText("The last rebuild was equal").waitFor();
    equal((await generations()).Generation, 2, "the generation that answers");
    await look(`office-models-kept-${width}`);
    await press("Go back to the other model of order", (found) => found.Generation === 1);
    await row.getByText("Generation 2 follows the events too").waitFor();
    await press("Drop the other model of order", (found) => found.Other === undefined);
    await page.getByRole("button", { name: "Rebuild order" }).waitFor();
    await shop.ordered("ada", teapot.ProductId);
  });
}
