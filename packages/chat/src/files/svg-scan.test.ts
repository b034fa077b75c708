import { ChatError } from "@warren/wire";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { SvgScan } from "./svg-scan.ts";

function scan(text: string | Buffer, size = Infinity): unknown {
  const bytes = Buffer.from(text);
  const svg = new SvgScan();
  try {
    for (let at = 0; at < bytes.length; at += size) svg.write(bytes.subarray(at, at + size));
    svg.end();
    return undefined;
  } catch (error) {
    return error;
  }
}
const svg = (inner: string) => `<svg xmlns="http://www.w3.org/2000/svg">${inner}</svg>`;
const PADDING = "x".repeat(20_000);

const BAD = [
  { name: "a script", text: svg("<script>alert(1)</script>") },
  { name: "a script in capitals", text: svg("<SCRIPT>alert(1)</SCRIPT>") },
  { name: "a script under a prefix", text: svg("<svg:script>alert(1)</svg:script>") },
  { name: "an empty script", text: svg('<script href="data:,alert(1)"/>') },
  { name: "an event handler", text: svg('<rect onload="alert(1)"/>') },
  { name: "an event handler in capitals", text: svg("<rect ONLOAD='alert(1)'/>") },
  { name: "an event handler on the root", text: '<svg onload = "x"/>' },
  { name: "an event handler after a slash", text: svg('<rect/onload="x">') },
  {
    name: "an event handler behind a value with a sign",
    text: svg('<a title="a>b" onclick="x"/>'),
  },
  { name: "a javascript link", text: svg('<a href="javascript:alert(1)"/>') },
  { name: "a javascript link of xlink", text: svg(`<a xlink:href=' JavaScript:alert(1)'/>`) },
  {
    name: "a javascript link in references",
    text: svg('<a href="java&#115;cript&#x3a;alert(1)"/>'),
  },
  { name: "a javascript link cut by a line", text: svg('<a href="java\nscript:alert(1)"/>') },
  {
    name: "a javascript link cut by a tab in a reference",
    text: svg('<a href="java&#9;script:x"/>'),
  },
  {
    name: "a javascript link stretched",
    text: svg(`<a href="java${"\n".repeat(30_000)}script:x"/>`),
  },
  {
    name: "a javascript link stretched by references",
    text: svg(`<a href="java${"&#10;".repeat(9_000)}script:x"/>`),
  },
  {
    name: "a javascript link with padded references",
    text: svg('<a href="&#0000000000000106;avascript:x"/>'),
  },
  {
    name: "a javascript link that an animation sets",
    text: svg('<animate attributeName="href" values="a;javascript:x"/>'),
  },
  {
    name: "a javascript link far into a value",
    text: svg(`<animate values="${PADDING}javascript:x"/>`),
  },
  { name: "a page in a link", text: svg('<a href="data:text/html,<script>"/>') },
  { name: "another SVG in a link", text: svg('<use href="data:image/svg+xml;base64,x"/>') },
  { name: "a frame", text: svg('<foreignObject><iframe src="https://x"/></foreignObject>') },
  { name: "an object", text: svg("<foreignObject><object/></foreignObject>") },
  { name: "entities", text: `<!DOCTYPE svg [<!ENTITY a "x">]>${svg("")}` },
  { name: "a style sheet that transforms", text: `<?xml-stylesheet href="x.xsl"?>${svg("")}` },
  { name: "another encoding", text: `<?xml version="1.0" encoding="UTF-7"?>${svg("")}` },
  { name: "bytes that are no UTF-8", text: Buffer.from([...Buffer.from("<svg>"), 0xff]) },
  { name: "a value without quotes", text: svg("<a href=javascript:x>") },
  { name: "an attribute without a value", text: svg("<a onload>") },
  { name: "an end in a tag", text: '<svg><a href="' },
];

describe("an SVG", () => {
  test.each(BAD)("with $name is refused, in one piece or sign by sign", ({ text }) => {
    expect(scan(text)).toMatchObject({ code: "INVALID_FILE_TYPE" });
    expect(scan(text, 1)).toMatchObject({ code: "INVALID_FILE_TYPE" });
  });

  test.each([
    { name: "shapes", text: svg('<path d="M0 0L1 1" style="fill:red" class="on"/>') },
    {
      name: "a prolog and a doctype",
      text: `<?xml version="1.0" encoding="UTF-8"?><!DOCTYPE svg PUBLIC "-//W3C//DTD SVG 1.1//EN" "http://www.w3.org/Graphics/SVG/1.1/DTD/svg11.dtd">${svg("")}`,
    },
    {
      name: "text that speaks of scripts",
      text: svg("<text>use &lt;script> or javascript: or onload = now</text>"),
    },
    { name: "a comment that speaks of scripts", text: svg('<!-- <script> <a onload="x"> -->') },
    { name: "styles in CDATA", text: svg("<style><![CDATA[ a > b { } <script> ]]></style>") },
    {
      name: "a picture of megabytes",
      text: svg(`<image href="data:image/png;base64,${"A".repeat(3_000_000)}"/>`),
    },
    { name: "a link to a place", text: svg('<a href="https://example.com/javascript"/>') },
    {
      name: "a page's text in a foreign object",
      text: svg('<foreignObject><div xmlns="x">one</div></foreignObject>'),
    },
    { name: "names that begin with on in a value", text: svg('<g id="onload=1"/>') },
  ])("with $name is accepted", ({ text }) => {
    expect(scan(text)).toBeUndefined();
    expect(scan(text, 7)).toBeUndefined();
  });

  test("is judged the same however it is cut", () => {
    const texts = BAD.filter(({ text }) => text.length < 500);
    fc.assert(
      fc.property(fc.constantFrom(...texts), fc.integer({ min: 1, max: 50 }), ({ text }, size) => {
        expect(scan(text, size)).toBeInstanceOf(ChatError);
      }),
    );
  });

  test("of ten megabytes of tags is read in a moment", () => {
    const started = performance.now();
    expect(scan(svg('<a b="c"/>'.repeat(1_000_000)), 65_536)).toBeUndefined();
    // Ten times of what it takes on a slow machine: quadratic reading would take minutes.
    expect(performance.now() - started).toBeLessThan(15_000);
  });
});
