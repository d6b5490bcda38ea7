// Products from a CSV file in the page: what it would do, the import, and the same again.
import { readFile } from "node:fs/promises";
import { ADMIN_PASSWORD, equal, expect, fine, heading, logIn, screenshot, test } from "./harness.mjs";

const ways = [{ scripts: true, width: 1440 }, { scripts: true, width: 390 }, { scripts: false, width: 1440 }];
const COLUMNS = "ProductCode,Name,Description,Supplier,Category,PriceMinor,UnitsInStock";

for (const { scripts, width } of ways) {
  const how = `at ${width}${scripts ? "" : " without scripts"}`;
  const look = (page, name) => (scripts ? fine(page, `${name}-${width}`) : screenshot(page, `${name}-${width}-noscript`));

  test(`products are imported from a file, after a preview ${how}`, async (world) => {
    const shop = await world.shop();
    const teapot = await shop.product(await shop.category("Kitchen"), { Code: "TEA-1", Price: 19.99, UnitsInStock: 7 });
    const page = await world.visitor(shop.backoffice, { scripts, width });
    await logIn(page, "admin", ADMIN_PASSWORD, "/products");
    const choose = async (text, setStock = false) => {
      await page.goto("/products/import");
      await page.getByLabel("CSV file").setInputFiles({ name: "goods.csv", mimeType: "text/csv", buffer: Buffer.from(text) });
      if (setStock) await page.getByLabel("Set the stock of products that exist, too").check();
      await page.getByRole("button", { name: "Preview" }).click();
    };
    const details = () => shop.call(`/product/get-product-details?ProductId=${teapot.ProductId}`);

    await page.getByRole("link", { name: "Import a file" }).click();
    await heading(page, "Import products").waitFor();
    await look(page, "office-import");
    // What is no such file is said at the field.
    await choose("Name,Price\nCup,5\n");
    await page.getByText("Cannot be read: these columns are missing: ProductCode").waitFor();
    await choose(Buffer.from([0x1f, 0x8b, 8, 0]));
    await page.getByText("Is compressed: unpack it first.").waitFor();

    const row = (price, units) => `TEA-1,Blue Teapot,"Holds ""four"", and\nmore.",Potters & Sons,kitchen,${price},${units}\r\n`;
    const file = `${COLUMNS}\r\n${row(1750, 9)}CUP-1,Café cup,,,Garden & Kitchen,300,4\r\nCUP-2,Long ${"x".repeat(300)},,,Garden & Kitchen,100,4\r\nCUP-3,Bad cup,,,Kitchen,3.00,4\r\nCUP-1,Twice,,,Kitchen,300,4\r\n`;
    await choose(file);
    await heading(page, "5 rows read").waitFor();
    await page.getByText("2 would be added, 1 would be changed, 2 are left out.").waitFor();
    await page.getByText('Line 6: PriceMinor "3.00" is not a whole number').waitFor();
    await page.getByText('Line 7: "CUP-1" is in line 4 already').waitFor();
    await page.getByText("New category: Garden & Kitchen").waitFor();
    await page.getByRole("row", { name: /Blue Teapot.*Price/ }).getByText("€17.50").waitFor();
    expect(!(await page.getByRole("row", { name: /Blue Teapot.*(Stock|Category)/ }).count()), "its stock and category stay");
    await look(page, "office-import-preview");
    equal((await details()).Price, 19.99, "nothing is changed by the preview");

    await page.getByRole("button", { name: "Import 3 products" }).click();
    await heading(page, "2 of 3 products are as in the file").waitFor();
    await page.getByRole("row", { name: /Long x/ }).getByText("Not changed").waitFor();
    await look(page, "office-import-done");
    const { Price, UnitsInStock, Description, Version } = await details();
    equal(`${Price} ${UnitsInStock} ${Description}`, '17.5 7 Holds "four", and\nmore.', "the teapot");
    // Sent again, it does nothing more.
    await page.reload();
    await heading(page, "2 of 3 products are as in the file").waitFor();
    equal((await details()).Version, Version, "changed once");

    await choose(`${COLUMNS}\n${row(1750, 9)}`, true);
    await page.getByRole("row", { name: /Blue Teapot.*Stock/ }).waitFor();
    await page.getByRole("button", { name: "Import 1 product" }).click();
    await heading(page, "1 of 1 product is as in the file").waitFor();
    equal((await details()).UnitsInStock, 9, "the file's stock");

    // What is exported is what would be imported.
    await page.getByRole("link", { name: "To the products" }).click();
    await page.getByText("2 products").waitFor();
    const saving = page.waitForEvent("download");
    await page.getByRole("link", { name: "Save as CSV" }).click();
    await choose(await readFile(await (await saving).path(), "utf8"));
    await page.getByText("Nothing is changed yet. 2 are as in the shop.").waitFor();
    equal(await page.getByRole("button", { name: /^Import/ }).count(), 0, "nothing to import");
  });
}
