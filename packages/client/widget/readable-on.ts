/** Black or white, whichever is read better on a CSS colour (WCAG 2.2, relative luminance). */
export function readableOn(color: string): "#000" | "#fff" {
  const channels = channelsOf(color);
  if (channels === undefined) return "#fff";
  const [red = 0, green = 0, blue = 0] = channels.map(linear);
  const luminance = 0.2126 * red + 0.7152 * green + 0.0722 * blue;
  // Where the two contrasts are the same: (1.05 / (l + 0.05)) = ((l + 0.05) / 0.05).
  return luminance > 0.179 ? "#000" : "#fff";
}

function linear(channel: number): number {
  const share = channel / 255;
  return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
}

/** The browser knows all colours: one point of it is drawn and read back. */
function channelsOf(color: string): readonly number[] | undefined {
  const canvas = new OffscreenCanvas(1, 1).getContext("2d");
  if (canvas === null) return undefined;
  canvas.fillStyle = color;
  canvas.fillRect(0, 0, 1, 1);
  return Array.from(canvas.getImageData(0, 0, 1, 1).data.slice(0, 3));
}
