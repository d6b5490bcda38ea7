// Puts screenshots together into an animated WebP: the browser encodes what changed from one to the next without loss, and here is the
// container around it.

/** The file; each frame has its `png` and how many `ms` it is shown. `page` is any page of the browser. */
export async function animated(page, frames) {
  const { width, height, changes } = await page.evaluate(changed, frames.map(({ png }) => png.toString("base64")));
  const shown = [];
  for (const [at, change] of changes.entries()) {
    // A frame in which nothing changed lets the one before it last.
    if (change) shown.push({ ...change, ms: frames[at].ms });
    else shown.at(-1).ms += frames[at].ms;
  }
  const header = chunk("VP8X", Buffer.concat([Buffer.from([0x02, 0, 0, 0]), three(width - 1), three(height - 1)]));
  const white = chunk("ANIM", Buffer.from([0xff, 0xff, 0xff, 0xff, 0, 0]));
  const body = Buffer.concat([Buffer.from("WEBP"), header, white, ...shown.map(frame)]);
  return Buffer.concat([Buffer.from("RIFF"), four(body.length), body]);
}

function frame({ x, y, width, height, ms, webp }) {
  // It replaces what is there, and stays.
  const place = Buffer.concat([three(x / 2), three(y / 2), three(width - 1), three(height - 1), three(ms), Buffer.from([0x02])]);
  return chunk("ANMF", Buffer.concat([place, ...pictureIn(Buffer.from(webp, "base64"))]));
}

/** The chunks of a file that are the picture itself; what is said about colours is for the whole file. */
function* pictureIn(file) {
  for (let at = "RIFFsizeWEBP".length; at < file.length; ) {
    const name = file.toString("latin1", at, at + 4);
    const length = file.readUInt32LE(at + 4);
    const end = at + 8 + length + (length % 2);
    if (["ALPH", "VP8 ", "VP8L"].includes(name)) yield file.subarray(at, end);
    at = end;
  }
}

function chunk(name, bytes) {
  const padding = Buffer.alloc(bytes.length % 2);
  return Buffer.concat([Buffer.from(name), four(bytes.length), bytes, padding]);
}

function three(number) {
  const bytes = Buffer.alloc(3);
  bytes.writeUIntLE(number, 0, 3);
  return bytes;
}

function four(number) {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(number);
  return bytes;
}

/** For each picture the rectangle that differs from the one before, encoded; null where nothing does. Runs in the page. */
async function changed(pngs) {
  const pictures = [];
  for (const png of pngs) {
    const bytes = Uint8Array.from(atob(png), (char) => char.charCodeAt(0));
    pictures.push(await createImageBitmap(new Blob([bytes], { type: "image/png" })));
  }
  const [{ width, height }] = pictures;
  const changes = [];
  let before = null;
  for (const picture of pictures) {
    const canvas = new OffscreenCanvas(width, height);
    const context = canvas.getContext("2d", { willReadFrequently: true });
    context.drawImage(picture, 0, 0);
    const now = new Uint32Array(context.getImageData(0, 0, width, height).data.buffer);
    const at = before ? difference(before, now) : { left: 0, top: 0, right: width - 1, bottom: height - 1 };
    before = now;
    if (!at) {
      changes.push(null);
      continue;
    }
    // The format counts places in twos.
    const [x, y] = [at.left - (at.left % 2), at.top - (at.top % 2)];
    const part = new OffscreenCanvas(at.right - x + 1, at.bottom - y + 1);
    part.getContext("2d").drawImage(picture, -x, -y);
    const bytes = new Uint8Array(await (await part.convertToBlob({ type: "image/webp", quality: 1 })).arrayBuffer());
    const webp = btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(""));
    changes.push({ x, y, width: part.width, height: part.height, webp });
  }
  return { width, height, changes };

  function difference(one, other) {
    const found = { left: width, top: height, right: -1, bottom: -1 };
    for (let at = 0; at < one.length; at += 1) {
      if (one[at] === other[at]) continue;
      const [column, row] = [at % width, Math.floor(at / width)];
      found.left = Math.min(found.left, column);
      found.right = Math.max(found.right, column);
      found.top = Math.min(found.top, row);
      found.bottom = Math.max(found.bottom, row);
    }
    return found.right < 0 ? null : found;
  }
}
