// What a page looks like, from afar: a screenshot that is scaled down is compared with one that is kept. Colours, boxes and where they
// are count; the strokes of letters do not, since they differ from machine to machine.
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { expect, keep } from "./harness.mjs";

/** Points of a screenshot to one of the kept picture. */
const SCALE = 3;
/** Points of a kept picture to a cell: as high as a line of text. */
const CELL = 8;
/** How far the average colours of two cells may be apart, of 255. */
const COLOUR_TOLERANCE = 24;
/** The part of the cells that may have nothing alike near their place. A page taken twice has none; a broken style sheet changes 3 % and more. */
const TOLERANCE = 0.02;

const isRenewed = "AGORA_RENEW_LOOKS" in process.env;
const file = (name) => new URL(`looks/${name}.png`, import.meta.url);

/** The page looks as it does in the kept picture of that name; with `AGORA_RENEW_LOOKS` it is kept instead. */
export async function looksAs(page, name) {
  const shot = await taken(page);
  if (isRenewed) {
    const [small] = await inBrowser(page, scaled, [shot], SCALE);
    await mkdir(new URL("looks/", import.meta.url), { recursive: true });
    await writeFile(file(name), Buffer.from(small, "base64"));
    return;
  }
  const differs = await difference(page, shot, name);
  if (differs > TOLERANCE) await keep(`look-${name}`, Buffer.from(shot, "base64"));
  expect(differs <= TOLERANCE, `${percent(differs)} of the page look different from looks/${name}.png, more than ${percent(TOLERANCE)}; look-${name}.png of the screenshots shows it. If it is as it should be: npm run looks`);
}

/** The page must not look as it does in the kept picture of that name. */
export async function looksOtherThan(page, name) {
  if (isRenewed) return;
  const differs = await difference(page, await taken(page), name);
  expect(differs > TOLERANCE, `only ${percent(differs)} of the page look different from looks/${name}.png`);
}

const percent = (part) => `${(100 * part).toFixed(1)} %`;

/** A screenshot of the window, once its pictures are there, in a font that every Debian with Chromium has. */
async function taken(page) {
  await page.evaluate("document.documentElement.style.setProperty('--letters', '\"DejaVu Sans\", sans-serif')");
  await page.evaluate("for (const picture of document.images) picture.loading = 'eager'");
  await page.evaluate("Promise.all([document.fonts.ready, ...[...document.images].map((picture) => picture.decode().catch(() => {}))])");
  return (await page.screenshot({ animations: "disabled", caret: "hide" })).toString("base64");
}

/** The part of the cells that have nothing alike in the other picture, at their place or next to it. */
async function difference(page, shot, name) {
  const [small] = await inBrowser(page, scaled, [shot], SCALE);
  const kept = (await readFile(file(name))).toString("base64");
  const [found, wanted] = await inBrowser(page, averages, [small, kept], CELL);
  expect(found.columns === wanted.columns && found.rows === wanted.rows, `looks/${name}.png has another size than the window`);
  return Math.max(missing(found, wanted), missing(wanted, found));
}

/** The part of the cells of one picture that the other has nothing like. */
function missing(one, other) {
  const { columns, rows } = one;
  const isAlike = (a, b) => a.every((part, at) => Math.abs(part - b[at]) <= COLOUR_TOLERANCE);
  const near = (at) => [at - 1, at, at + 1];
  let count = 0;
  for (let row = 0; row < rows; row += 1) {
    for (let column = 0; column < columns; column += 1) {
      const cell = one.cells[row * columns + column];
      const places = near(row).flatMap((y) => near(column).map((x) => [y, x]));
      const found = places.some(([y, x]) => x >= 0 && x < columns && other.cells[y * columns + x] && isAlike(cell, other.cells[y * columns + x]));
      if (!found) count += 1;
    }
  }
  return count / (columns * rows);
}

/** Runs `draw` with the pictures on an empty page beside it: a page's own policy has a say in what its scripts may load. */
async function inBrowser(page, draw, pngs, size) {
  const canvas = await page.context().newPage();
  try {
    return await canvas.evaluate(draw, { pngs, size });
  } finally {
    await canvas.close();
  }
}

/** Each picture, so many times smaller. Runs in the page. */
async function scaled({ pngs, size }) {
  const small = async (png) => {
    const bytes = Uint8Array.from(atob(png), (char) => char.charCodeAt(0));
    const picture = await createImageBitmap(new Blob([bytes], { type: "image/png" }));
    const [width, height] = [Math.floor(picture.width / size), Math.floor(picture.height / size)];
    const canvas = new OffscreenCanvas(width, height);
    const context = canvas.getContext("2d");
    context.imageSmoothingQuality = "high";
    context.drawImage(picture, 0, 0, width, height);
    const file = new Uint8Array(await (await canvas.convertToBlob({ type: "image/png" })).arrayBuffer());
    return btoa(Array.from(file, (byte) => String.fromCharCode(byte)).join(""));
  };
  return Promise.all(pngs.map(small));
}

/** The average colour of each cell of the pictures. Runs in the page. */
async function averages({ pngs, size }) {
  const cells = async (png) => {
    const bytes = Uint8Array.from(atob(png), (char) => char.charCodeAt(0));
    const picture = await createImageBitmap(new Blob([bytes], { type: "image/png" }));
    const { width, height } = picture;
    const context = new OffscreenCanvas(width, height).getContext("2d");
    context.drawImage(picture, 0, 0);
    const { data } = context.getImageData(0, 0, width, height);
    const [columns, rows] = [Math.floor(width / size), Math.floor(height / size)];
    const average = (row, column) => {
      const sum = [0, 0, 0];
      for (let y = row * size; y < (row + 1) * size; y += 1) {
        for (let x = column * size; x < (column + 1) * size; x += 1) {
          for (let part = 0; part < 3; part += 1) sum[part] += data[4 * (y * width + x) + part];
        }
      }
      return sum.map((part) => part / (size * size));
    };
    const all = Array.from({ length: columns * rows }, (_, at) => average(Math.floor(at / columns), at % columns));
    return { columns, rows, cells: all };
  };
  return Promise.all(pngs.map(cells));
}
