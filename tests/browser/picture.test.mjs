// The picture of a product: chosen or dropped, seen before it is sent, shown in the shop, taken away; and drawn ones in the dark.
import { readFile } from "node:fs/promises";
import { ADMIN_PASSWORD, equal, expect, fine, logIn, screenshot, test } from "./harness.mjs";

const file = (name) => readFile(new URL(`../../shop/product/tests/data/${name}`, import.meta.url));
const ways = [{ scripts: true, width: 1440 }, { scripts: true, width: 390 }, { scripts: false, width: 1440 }, { scripts: false, width: 390 }];

/** How wide the file of the first picture on a page is, once it is there. */
async function pictured(page, where) {
  const picture = page.locator(`${where} img`).first();
  await picture.evaluate((image) => image.decode());
  return picture.evaluate((image) => `${image.naturalWidth} ${image.getAttribute("width")}×${image.getAttribute("height")}`);
}

for (const { scripts, width } of ways) {
  const how = `at ${width}${scripts ? "" : " without scripts"}`;
  const look = (page, name) => (scripts ? fine(page, `${name}-${width}`) : screenshot(page, `${name}-${width}-noscript`));

  test(`a product gets a picture, and loses it ${how}`, async (world) => {
    const shop = await world.shop();
    const teapot = await shop.product(await shop.category("Kitchen"), { Name: "Blue Teapot", Price: 19.99, UnitsInStock: 7 });
    const page = await world.visitor(shop.backoffice, { scripts, width });
    await logIn(page, "admin", ADMIN_PASSWORD, `/products/${teapot.ProductId}`);
    const field = page.getByLabel(/^(Its own|Another) picture$/);
    const choose = (name, buffer) => field.setInputFiles({ name, mimeType: "image/png", buffer });
    const send = () => page.getByRole("button", { name: "Use this picture" }).click();
    equal(await pictured(page, ".office-picture"), "400 400×400", "a drawn picture");

    const long = Buffer.concat([await file("plain.png"), Buffer.alloc(200 * 1024)]);
    if (scripts) {
      await choose("a.png", long);
      equal(await field.evaluate((input) => input.validationMessage), "This file is larger than 200 KB.", "said before it is sent");
      // Dropped, it is shown before it is sent.
      const dropped = (await file("baseline.jpg")).toString("base64");
      await page.locator("[data-upload]").evaluate(async (form, text) => {
        const transfer = new DataTransfer();
        transfer.items.add(new File([Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0))], "tea.jpg"));
        form.dispatchEvent(new DragEvent("drop", { dataTransfer: transfer, bubbles: true, cancelable: true }));
      }, dropped);
      await page.getByRole("img", { name: "The picture you chose" }).waitFor();
    } else {
      await choose("a.png", long);
      await send();
      await page.getByText("Must be at most 200 KB.").waitFor();
      await choose("a.png", Buffer.from("<svg xmlns='http://www.w3.org/2000/svg'/>"));
      await send();
      await page.getByText("Must be a PNG, JPEG or WebP file.").waitFor();
      await look(page, "office-picture-refused");
      await choose("tea.png", await file("baseline.jpg"));
    }
    await send();
    await page.getByText("“Blue Teapot” has its picture.").waitFor();
    equal(await pictured(page, ".office-picture"), "40 40×24", "its own picture");
    await look(page, "office-picture");

    const shopper = await world.visitor(shop.storefront, { scripts, width });
    for (const [address, where] of [["/search?Search=teapot", ".card"], [`/products/${teapot.ProductId}`, ".product-picture"]]) {
      await shopper.goto(address);
      equal(await pictured(shopper, where), "40 40×24", address);
      await look(shopper, `picture-${where.slice(1)}`);
    }
    await page.goto("/audit");
    await page.getByRole("row", { name: /Product changed.*picture/ }).first().waitFor();

    await page.goto(`/products/${teapot.ProductId}`);
    await page.getByRole("button", { name: "Remove the picture" }).click();
    await page.getByText("“Blue Teapot” now shows a generated drawing.").waitFor();
    equal(await pictured(page, ".office-picture"), "400 400×400", "drawn again");
  });
}

test("drawn pictures are dark on a dark page", async (world) => {
  const shop = await world.shop();
  await shop.product(await shop.category("Kitchen"), { Name: "Blue Teapot", Price: 19.99, UnitsInStock: 7 });
  const brightness = async (dark) => {
    const page = await world.visitor(shop.storefront, { dark, width: 1440 });
    await page.goto("/search?Search=teapot");
    const taken = (await page.locator(".card img").screenshot()).toString("base64");
    await screenshot(page, `picture-drawn-${dark ? "dark" : "light"}`);
    return page.evaluate(async (text) => {
      const bytes = Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
      const image = await createImageBitmap(new Blob([bytes]));
      const context = new OffscreenCanvas(image.width, image.height).getContext("2d");
      context.drawImage(image, 0, 0);
      const [red, green, blue] = context.getImageData(8, 8, 1, 1).data;
      return (red + green + blue) / 3;
    }, taken);
  };
  const [light, dark] = [await brightness(false), await brightness(true)];
  expect(light > 190 && dark < 70, `the ground of the picture: ${light} on a light page, ${dark} on a dark one`);
});
