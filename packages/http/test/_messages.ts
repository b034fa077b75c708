import * as fc from "fast-check";

/** Messages that are mostly valid, and each part of which is sometimes one of the known tricks. */
const mostly = <T>(good: fc.Arbitrary<T>, ...bad: T[]) =>
  fc.oneof({ arbitrary: good, weight: 80 }, { arbitrary: fc.constantFrom(...bad), weight: 1 });
const eol = mostly(fc.constant("\r\n"), "\n", "\r", "\r\r\n", "\n\r\n", " \r\n", "\r\n ", "\0\r\n");

const anyName = fc.constantFrom(
  "X",
  "Accept",
  "x-a_b",
  "Set-Cookie",
  "!#$%&'*+.^`|~1",
  "Connection-x",
);
const name = mostly(
  anyName,
  "",
  " X",
  "X ",
  "X\t",
  "X\0",
  "X:",
  "X\r",
  "(X)",
  "\xe9",
  "X y",
  "\x0bX",
  '"',
  "[",
  "X\n",
);
const colon = mostly(
  fc.constantFrom(":", ": ", ":  ", ":\t", ": \t "),
  " : ",
  "\t:",
  "",
  "::",
  ":\r\n ",
  ":\0",
  ":\x0b",
);
const value = mostly(
  fc.oneof(
    fc.string({ maxLength: 20 }),
    fc.constantFrom("", "a", "a b", "a\tb", "\xe9\xff", '"a,b"', "a:b", "gzip, x"),
  ),
  "a\0b",
  "a\nb",
  "a\rb",
  "a\r\n b",
  "\x01",
  "\x7f",
  "a\x0cb",
  "a\x1f",
);
const plainField = fc.tuple(name, colon, value).map((parts) => parts.join(""));

const SPECIAL_FIELDS = [
  "Connection: close",
  "Connection: keep-alive",
  "connection: Keep-Alive, X",
  "Connection: close, keep-alive",
  "Connection: x",
  "Connection:",
  "Connection: ,",
  "Connection: clos",
  "Connection: close x",
  "Connection: a,close ,b",
  "Connection: keep-alivex",
  "Connection: upgrade",
  "Connection: keep-alive, Upgrade",
  "Upgrade: websocket",
  "Upgrade: h2c",
  "Upgrade: a, b",
  "Expect: 100-continue",
  "Expect: x",
  "Proxy-Connection: close",
  "Keep-Alive: timeout=5",
  "TE: trailers",
  "Trailer: X",
  "Host: b",
  "host: a",
  "Host : a",
  "Content-Length: 3",
  "Content-Length: 0",
  "Content-Length: 03",
  "content-length: 5",
  "Content-Length: +3",
  "Content-Length: 3, 3",
  "Content-Length: -1",
  "Content-Length: 0x3",
  "Content-Length: 3 3",
  "Content-Length: \t3 ",
  "Content-Length:",
  "Content-Length: 3\x0b",
  "Content-Length: 99999999999999999999",
  "Content_Length: 3",
  "Content-Length : 3",
  "Content-Lengt: 3",
  "Transfer-Encoding: chunked",
  "transfer-encoding: CHUNKED",
  "Transfer-Encoding: chunked ",
  "Transfer-Encoding: gzip",
  "Transfer-Encoding: gzip, chunked",
  "Transfer-Encoding: chunked, gzip",
  "Transfer-Encoding: chunked, chunked",
  "Transfer-Encoding: identity",
  "Transfer-Encoding:",
  "Transfer-Encoding: ,chunked",
  "Transfer-Encoding: chunked;a=b",
  "Transfer-Encoding: xchunked",
  'Transfer-Encoding: "chunked"',
  "Transfer-Encoding:\x0bchunked",
  "Transfer-Encoding\t: chunked",
  "Transfer_Encoding: chunked",
  "Transfer-Encoding: chu\r\n nked",
  "Transfer-Encoding: \0chunked",
];
const special = fc.constantFrom(...SPECIAL_FIELDS);

/** What stands where CR LF should, one byte for one byte: a reader that skips two would not notice. */
const chunkEol = fc.oneof(
  { arbitrary: fc.constant("\r\n"), weight: 30 },
  {
    arbitrary: fc.constantFrom("\rX", "X\n", "\n\n", "\r\r", "\r0", "\r ", "\n", "\r", ""),
    weight: 1,
  },
);

const chunk = fc
  .tuple(
    mostly(
      fc.constantFrom("", "", "", ";a", ";a=b", ';a="b;c"', ";a;b"),
      ";",
      " ",
      ";a=",
      " ;a",
      ";a b",
      "; a",
      ';a="',
      ";a\0",
      ";a\n",
      "\t",
      ';a="b"c',
    ),
    fc.string({ minLength: 1, maxLength: 20 }),
    chunkEol,
    chunkEol,
    mostly(
      fc.constant((n: number) => n.toString(16)),
      (n) => `0${n.toString(16)}`,
      (n) => n.toString(16).toUpperCase(),
      (n) => `+${n}`,
      (n) => `0x${n}`,
      (n) => `-${n}`,
      (n) => (n + 1).toString(16),
      (n) => (n - 1).toString(16),
      (n) => ` ${n}`,
      () => "",
      () => "ffffffffffffffff",
      (n) => `10000000000000000${n}`,
      (n) => `000000000000000000${n.toString(16)}`,
    ),
  )
  .map(
    ([extension, data, afterSize, afterData, size]) =>
      `${size(data.length)}${extension}${afterSize}${data}${afterData}`,
  );
const trailer = fc
  .tuple(
    fc.oneof(
      plainField,
      fc.constantFrom("X: y", "Content-Length: 3", "Host: b", "Transfer-Encoding: chunked"),
    ),
    eol,
  )
  .map((parts) => parts.join(""));
const chunked = fc
  .tuple(
    fc.array(chunk, { maxLength: 3 }),
    mostly(fc.constantFrom("0", "0", "000", "0;a"), "", "0 ", "00x"),
    eol,
    fc.array(trailer, { maxLength: 2 }),
    eol,
  )
  .map(
    ([chunks, last, after, trailers, end]) =>
      `${chunks.join("")}${last}${after}${trailers.join("")}${end}`,
  );

/** Framing fields with a body that fits them, or nearly. */
const framed = fc.oneof(
  { arbitrary: fc.constant({ fields: [] as string[], body: "" }), weight: 3 },
  {
    arbitrary: fc
      .string({ maxLength: 20 })
      .map((body) => ({ fields: [`Content-Length: ${body.length}`], body })),
    weight: 3,
  },
  {
    arbitrary: chunked.map((body) => ({ fields: ["Transfer-Encoding: chunked"], body })),
    weight: 4,
  },
  {
    arbitrary: fc
      .tuple(fc.array(special, { maxLength: 2 }), fc.oneof(chunked, fc.string({ maxLength: 9 })))
      .map(([fields, body]) => ({ fields, body })),
    weight: 2,
  },
);
const extra = fc.oneof({ arbitrary: plainField, weight: 3 }, { arbitrary: special, weight: 1 });

function message(line: fc.Arbitrary<string>, always: fc.Arbitrary<string[]>): fc.Arbitrary<string> {
  return fc
    .tuple(
      line,
      always,
      framed,
      fc.array(extra, { maxLength: 3 }),
      fc.array(eol, { minLength: 9, maxLength: 9 }),
      eol,
    )
    .map(([line, always, { fields, body }, extras, eols, end]) => {
      const lines = [line, ...always, ...extras, ...fields];
      const head = lines.map((text, i) => `${text}${eols[i % eols.length]}`).join("");
      return `${head}${end}${body}`;
    });
}

const method = mostly(
  fc.constantFrom("GET", "POST", "PUT", "HEAD", "OPTIONS", "DELETE", "M-SEARCH", "QUERY"),
  "get",
  "BREW",
  "CONNECT",
  "PRI",
  "GET\t",
  "\r\nGET",
  "\nGET",
  " GET",
  "SOURCE",
  "DESCRIBE",
  "G\0ET",
  "",
);
const target = mostly(
  fc.oneof(
    fc.constantFrom(
      "/",
      "/a?b=%20",
      "/a//b",
      "//a",
      "/\\",
      "/a'\"<>[]{}|^`",
      "http://a/x",
      "HTTP://A:80/?x",
      "https://a",
    ),
    fc.string({ maxLength: 9 }).map((text) => `/${text.replace(/[# \x7f]/g, "")}`),
  ),
  "",
  "*",
  "a",
  "/a b",
  "/a#b",
  "http://b/",
  "http://a:81/",
  "http://u@a/",
  "/\xe9",
  "/\0",
  "/\t",
  "/\r",
  "http://",
  "http:///",
  "ftp://a/",
  "/\x7f",
  "a:443",
  "?x",
  "http://a#b",
);
const space = mostly(fc.constant(" "), "  ", "\t", "", " \t", "\r\n");
const version = mostly(
  fc.constantFrom("HTTP/1.1", "HTTP/1.1", "HTTP/1.1", "HTTP/1.0"),
  "HTTP/1.2",
  "HTTP/2.0",
  "HTTP/0.9",
  "http/1.1",
  "HTTP/1.1 ",
  "HTTP/1.10",
  "HTTP/01.1",
  "ICE/1.0",
  "RTSP/1.0",
  "HTTP/1,1",
  "HTTP/1",
  "HTTPS/1.1",
  "",
);
const requestLine = fc.tuple(method, space, target, space, version).map((parts) => parts.join(""));
const host = mostly<string[]>(
  fc.constantFrom(["Host: a"], ["host:a:80"], ["HOST:\ta "]),
  [],
  ["Host: a", "Host: a"],
  ["Host: a b"],
  ["Host:"],
  ["Host: u@a"],
  ["Host: a/b"],
);

const status = mostly(
  fc.constantFrom(
    "200",
    "200",
    "404",
    "100",
    "103",
    "101",
    "204",
    "304",
    "205",
    "299",
    "599",
    "999",
  ),
  "20",
  "2000",
  "099",
  "2x0",
  "-20",
  "",
  " 200",
);
const reason = mostly(
  fc.constantFrom(" OK", " ", "", " Not  Found", " \xe9"),
  " a\0",
  " a\rb",
  "\t",
  " a\nb",
  "OK",
  " \x7f",
);
const statusLine = fc.tuple(version, space, status, reason).map((parts) => parts.join(""));

const NASTY = [
  "\r",
  "\n",
  "\r\n",
  "\0",
  " ",
  "\t",
  ":",
  ",",
  ";",
  "\x0b",
  "\x7f",
  "\x80",
  "\xff",
  "0",
  "1",
  "a",
  "=",
  '"',
  "\\",
  "#",
  "/",
  "\r\n\r\n",
  "HTTP/1.1",
];
const change = fc.record({
  at: fc.nat(400),
  drop: fc.nat(3),
  put: fc.oneof(fc.constant(""), fc.constantFrom(...NASTY)),
});

/** Several messages on one connection, with some bytes changed. */
function connection(one: fc.Arbitrary<string>): fc.Arbitrary<Buffer> {
  const changes = fc.oneof(
    { arbitrary: fc.constant([]), weight: 2 },
    { arbitrary: fc.array(change, { minLength: 1, maxLength: 3 }), weight: 1 },
  );
  return fc
    .tuple(fc.array(one, { minLength: 1, maxLength: 3 }), changes)
    .map(([messages, changes]) => {
      let text = messages.join("");
      for (const { at, drop, put } of changes)
        text = text.slice(0, at) + put + text.slice(at + drop);
      return Buffer.from(text, "latin1");
    });
}

export const requests: fc.Arbitrary<Buffer> = connection(message(requestLine, host));
export const responses: fc.Arbitrary<Buffer> = connection(message(statusLine, fc.constant([])));
