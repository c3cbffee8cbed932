/** A small PNG of a large picture: 256 colors by median cut, at the best zlib level. */

import { deflateSync } from 'node:zlib';
import type { Page } from '@playwright/test';

interface Indexed {
  width: number;
  height: number;
  /** Red, green and blue of each color. */
  palette: number[];
  /** The color of each pixel, as base64. */
  pixels: string;
}

/** Decodes the picture in the browser and reduces it to 256 colors. */
function index(page: Page, png: Buffer): Promise<Indexed> {
  return page.evaluate(async (source) => {
    const picture = new Image();
    picture.src = `data:image/png;base64,${source}`;
    await picture.decode();
    const { naturalWidth: width, naturalHeight: height } = picture;
    const canvas = document.createElement('canvas');
    Object.assign(canvas, { width, height });
    const context = canvas.getContext('2d');
    if (!context) throw new Error('no canvas');
    context.drawImage(picture, 0, 0);
    const { data } = context.getImageData(0, 0, width, height);

    // Colors that differ only in their last bits count as one: its count, and the sums of red, green and blue.
    const seen = new Map<number, number[]>();
    const bucket = (at: number) =>
      ((data[at]! >> 2) << 12) | ((data[at + 1]! >> 2) << 6) | (data[at + 2]! >> 2);
    for (let at = 0; at < data.length; at += 4) {
      const sum = seen.get(bucket(at)) ?? [0, 0, 0, 0];
      seen.set(bucket(at), [
        sum[0]! + 1,
        sum[1]! + data[at]!,
        sum[2]! + data[at + 1]!,
        sum[3]! + data[at + 2]!,
      ]);
    }
    const mean = (one: [number, number[]], side: number) => one[1][side]! / one[1][0]!;
    const weigh = (box: [number, number[]][]) => {
      const ranges = [1, 2, 3].map((side) => {
        const values = box.map((one) => mean(one, side));
        return Math.max(...values) - Math.min(...values);
      });
      const range = Math.max(...ranges);
      const count = box.reduce((sum, one) => sum + one[1][0]!, 0);
      return { box, side: ranges.indexOf(range) + 1, weight: box.length < 2 ? 0 : range * Math.sqrt(count) };
    };
    let boxes = [weigh([...seen])];
    while (boxes.length < 256) {
      const widest = boxes.reduce((one, other) => (other.weight > one.weight ? other : one));
      if (widest.weight === 0) break;
      const sorted = [...widest.box].sort((one, other) => mean(one, widest.side) - mean(other, widest.side));
      // Cut in the middle of the range, so that a rare accent keeps its own color.
      const middle = (mean(sorted[0]!, widest.side) + mean(sorted.at(-1)!, widest.side)) / 2;
      const cut = Math.max(
        1,
        sorted.findIndex((one) => mean(one, widest.side) > middle),
      );
      boxes = [
        ...boxes.filter((one) => one !== widest),
        weigh(sorted.slice(0, cut)),
        weigh(sorted.slice(cut)),
      ];
    }
    const palette: number[] = [];
    const colour = new Map<number, number>();
    boxes.forEach(({ box }, number) => {
      const count = box.reduce((sum, one) => sum + one[1][0]!, 0);
      for (const side of [1, 2, 3]) {
        palette.push(Math.round(box.reduce((sum, one) => sum + one[1][side]!, 0) / count));
      }
      for (const [key] of box) colour.set(key, number);
    });
    let pixels = '';
    for (let at = 0; at < data.length; at += 4) pixels += String.fromCharCode(colour.get(bucket(at)) ?? 0);
    return { width, height, palette, pixels: btoa(pixels) };
  }, png.toString('base64'));
}

function crc(bytes: Buffer): number {
  let sum = 0xffffffff;
  for (const byte of bytes) {
    sum ^= byte;
    for (let bit = 0; bit < 8; bit += 1) sum = (sum >>> 1) ^ (sum & 1 ? 0xedb88320 : 0);
  }
  return (sum ^ 0xffffffff) >>> 0;
}

function chunk(type: string, body: Buffer): Buffer {
  const named = Buffer.concat([Buffer.from(type, 'latin1'), body]);
  const frame = Buffer.alloc(8);
  frame.writeUInt32BE(body.length, 0);
  frame.writeUInt32BE(crc(named), 4);
  return Buffer.concat([frame.subarray(0, 4), named, frame.subarray(4)]);
}

export async function small(page: Page, png: Buffer): Promise<Buffer> {
  const { width, height, palette, pixels } = await index(page, png);
  const colours = Buffer.from(pixels, 'base64');
  // Each line begins with its filter: none, which is best for few colors.
  const lines = Buffer.alloc((width + 1) * height);
  for (let line = 0; line < height; line += 1) {
    colours.copy(lines, line * (width + 1) + 1, line * width, (line + 1) * width);
  }
  const head = Buffer.alloc(13);
  head.writeUInt32BE(width, 0);
  head.writeUInt32BE(height, 4);
  head.set([8, 3, 0, 0, 0], 8);
  return Buffer.concat([
    Buffer.from('\x89PNG\r\n\x1a\n', 'latin1'),
    chunk('IHDR', head),
    chunk('PLTE', Buffer.from(palette)),
    chunk('IDAT', deflateSync(lines, { level: 9, memLevel: 9 })),
    chunk('IEND', Buffer.alloc(0)),
  ]);
}
