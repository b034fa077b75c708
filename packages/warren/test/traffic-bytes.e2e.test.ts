import {
  answering,
  rawClient,
  RawService,
  testCertificates,
  tlsClient,
  type RawEnd,
} from "@warren/host/testing";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { routeTo } from "./_kit/configs.ts";
import { Joined } from "./_kit/joined.ts";
import { ask, session } from "./_kit/web-client.ts";

const OK = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok";
const LOCALS = ["strict.test", "raw.test", "h2.test"] as const;
const certificates = testCertificates([...LOCALS]);
const owned = new AsyncDisposableStack();
let joined: Joined;
let service: RawService;

beforeAll(async () => {
  service = owned.use(await RawService.start());
  joined = owned.use(
    await Joined.start({
      routes: [
        routeTo("strict.test", service.port),
        routeTo("raw.test", service.port, { policy: { raw_path: true } }),
      ],
      certificates: { bytes: certificates.server },
    }),
  );
});
afterAll(() => owned.disposeAsync());
/** Every test has connections to the service of its own. */
beforeEach(() => {
  for (const end of service.connections.splice(0)) end[Symbol.dispose]();
  service.onConnection = undefined;
});

const get = (target: string, more = "", host = "raw.test") =>
  `GET ${target} HTTP/1.1\r\nhost: ${host}\r\n${more}\r\n`;
/** The head that the service got, without what the gateway adds. */
const ownFields = ({ text }: RawEnd) =>
  text
    .split("\r\n\r\n")[0]!
    .split("\r\n")
    .slice(1)
    .filter(
      (line) => !/^(x-forwarded-|forwarded|x-request-id|content-length|transfer-)/i.test(line),
    );

describe("paths and queries are passed on byte for byte", () => {
  const targets = [
    { name: "escapes, also of unreserved letters", target: "/%41%7e%2D/%20?%41=%42" },
    { name: "lower and upper case of escapes", target: "/%c3%a9/%C3%A9" },
    { name: "double slashes", target: "//a///b//?//" },
    { name: "semicolons", target: "/a;v=1/b;c,d?x;y" },
    { name: "an empty query", target: "/a?" },
    { name: "a query of question marks", target: "/a???b=?" },
    {
      name: "letters that escapes are not needed for",
      target: "/!$&'()*+,;=:@-._~?!$&'()*+,;=:@/",
    },
    { name: "characters that URLs should not have", target: '/a"b|c^d`e{f}<g>[h]?"|^`{}<>[]' },
    { name: "broken escapes", target: "/%zz%1?%" },
    { name: "32 KB", target: `/${"a".repeat(32_000)}?${"b".repeat(1_000)}` },
    { name: "a slash", target: "/" },
    { name: "something like an authority", target: "/http://other.test/x" },
  ];
  test.each(targets)("$name", async ({ target }) => {
    service.onConnection = answering(OK);
    for (const host of ["raw.test", "strict.test"]) {
      using client = rawClient(joined.port, get(target, "", host));
      await client.has("\r\n\r\nok");
    }
    const lines = service.text.match(/^GET .*$/gm)!.map((line) => line.trimEnd());
    expect(lines).toEqual([`GET ${target} HTTP/1.1`, `GET ${target} HTTP/1.1`]);
  });

  const ambiguous = ["/a%2Fb", "/a%2fb%5Cc", "/a/../b", "/a/./b", "/%2e%2e/x", "/a\\b", "/..;/x"];
  test.each(ambiguous)("%s only where the route says raw", async (target) => {
    service.onConnection = answering(OK);
    using refused = rawClient(joined.port, get(target, "", "strict.test"));
    await refused.has("\r\n\r\n");
    expect(refused.text).toMatch(/^HTTP\/1.1 400 /);
    using client = rawClient(joined.port, get(target));
    await client.has("\r\n\r\nok");
    expect(service.text.split("\r\n")[0]).toBe(`GET ${target} HTTP/1.1`);
    expect(service.connections.length).toBe(1);
  });

  test("from HTTP/2 too", async () => {
    service.onConnection = answering(OK);
    const client = session(true, {
      port: joined.port,
      tlsPort: 0,
      ca: "",
      host: "raw.test",
    });
    const target = "//a%2F;b/%zz/../?x=%41&";
    expect((await ask(client, "raw.test", { path: target })).status).toBe(200);
    client.destroy();
    expect(service.text.split("\r\n")[0]).toBe(`GET ${target} HTTP/1.1`);
  });

  test("OPTIONS *", async () => {
    service.onConnection = answering(OK);
    using client = rawClient(joined.port, "OPTIONS * HTTP/1.1\r\nhost: raw.test\r\n\r\n");
    await client.has("\r\n\r\nok");
    expect(service.text).toMatch(/^OPTIONS \* HTTP\/1.1\r\n/);
  });
});

describe("fields", () => {
  test("of a request keep their order, case, repetition and bytes", async () => {
    service.onConnection = answering(OK);
    const fields = ["X-One: 1", "x-two: a\tb", "X-ONE: 2", "Cookie: a=1", "cookie: b=2"];
    const more = [...fields, "X-Empty: ", "X-High: caf\u00e9 \u00ff", "Accept: a,b", "Accept: c"];
    using client = rawClient(joined.port, get("/", more.map((line) => `${line}\r\n`).join("")));
    await client.has("\r\n\r\nok");
    expect(ownFields(await service.connection())).toEqual(["host: raw.test", ...more]);
  });

  test("of an answer keep their order, case, repetition, bytes and reason", async () => {
    const fields =
      "Set-Cookie: a=1; Path=/\r\nX-A: 1\r\nset-cookie: b=2\r\nX-a: 2\r\nX-H: \u00fc\r\n";
    service.onConnection = answering(
      `HTTP/1.1 299 Quite \u00e4 Reason\r\n${fields}content-length: 0\r\n\r\n`,
    );
    using client = rawClient(joined.port, get("/"));
    await client.has("\r\n\r\n");
    expect(client.text).toContain(`HTTP/1.1 299 Quite \u00e4 Reason\r\n${fields}`);
  });

  test("that speak of one connection go no further, in either direction", async () => {
    service.onConnection = answering(
      "HTTP/1.1 200 OK\r\nconnection: x-hop\r\nx-hop: 1\r\nkeep-alive: timeout=9\r\n" +
        "proxy-authenticate: Basic\r\ncontent-length: 2\r\n\r\nok",
    );
    const hop =
      "connection: keep-alive, x-secret-hop\r\nx-secret-hop: 1\r\nte: trailers, gzip\r\n" +
      "keep-alive: 300\r\nproxy-authorization: Basic eA==\r\nproxy-connection: x\r\nx-kept: 1\r\n";
    using client = rawClient(joined.port, get("/", hop));
    await client.has("\r\n\r\nok");
    expect(ownFields(await service.connection())).toEqual(["host: raw.test", "x-kept: 1"]);
    expect(client.text).not.toMatch(/x-hop|keep-alive|proxy-authenticate/i);
  });

  test("cannot be removed by naming them in Connection when a request would mean another thing", async () => {
    service.onConnection = answering(OK);
    using client = rawClient(joined.port, get("/", "connection: close, host, x-forwarded-for\r\n"));
    await client.has("\r\n\r\nok");
    expect(service.text).toContain("host: raw.test");
    expect(service.text).toMatch(/x-forwarded-for: 127.0.0.1/);
  });
});

describe("bodies", () => {
  test("in chunks with extensions arrive in chunks of our own, trailers behind them", async () => {
    using client = rawClient(
      joined.port,
      "POST / HTTP/1.1\r\nhost: raw.test\r\ntransfer-encoding: chunked\r\n\r\n" +
        '5;a=b;c="d;e"\r\nhello\r\n1\r\n!\r\n0\r\nX-Sum: 1\r\nx-Sum: 2\r\n\r\n',
    );
    const end = await (await service.connection()).has("x-Sum: 2\r\n\r\n");
    const body = end.text.slice(end.text.indexOf("\r\n\r\n") + 4);
    expect(end.text).toContain("transfer-encoding: chunked\r\n");
    expect(body.replace(/^[0-9a-f]+\r\n/gm, "").replaceAll("\r\n", "")).toBe(
      "hello!X-Sum: 1x-Sum: 2",
    );
    end.send(
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3;x=y\r\nabc\r\n0\r\nX-T: 1\r\n\r\n",
    );
    await client.has("0\r\nX-T: 1\r\n\r\n");
    expect(client.text).toContain("3\r\nabc\r\n");
  });

  test("sent although the service ignores Expect arrive, and so does the answer", async () => {
    using client = rawClient(
      joined.port,
      "POST / HTTP/1.1\r\nhost: raw.test\r\nexpect: 100-continue\r\ncontent-length: 4\r\n\r\n",
    );
    const end = await (await service.connection()).has("\r\n\r\n");
    expect(end.text).toMatch(/expect: 100-continue/i);
    client.send("body");
    await end.has("\r\n\r\nbody");
    end.send(OK);
    await client.has("\r\n\r\nok");
    expect(client.text).not.toContain("100 Continue");
  });

  test("of length zero say so", async () => {
    service.onConnection = answering(OK);
    using client = rawClient(
      joined.port,
      "POST / HTTP/1.1\r\nhost: raw.test\r\ncontent-length: 0\r\n\r\n",
    );
    await client.has("\r\n\r\nok");
    expect(service.text).toMatch(/content-length: 0\r\n/i);
  });

  test("that end with the service's connection end in chunks for a client of HTTP/1.1", async () => {
    using client = rawClient(joined.port, get("/"));
    const end = await (await service.connection()).has("\r\n\r\n");
    end.send("HTTP/1.0 200 OK\r\n\r\nuntil the end");
    end.socket.end();
    await client.has("0\r\n\r\n");
    expect(client.text).toContain("transfer-encoding: chunked");
    expect(client.text).toContain("until the end");
  });

  test("of HEAD, 204 and 304 are not waited for, and lengths that they announce pass", async () => {
    service.onConnection = answering("HTTP/1.1 304 Not Modified\r\ncontent-length: 77\r\n\r\n");
    using client = rawClient(joined.port, get("/1") + get("/2"));
    await client.until(({ text }) => text.split("content-length: 77").length === 3);
    service.connections[0]!.socket.destroy();
    service.onConnection = answering("HTTP/1.1 200 OK\r\ncontent-length: 99\r\n\r\n");
    using header = rawClient(joined.port, "HEAD / HTTP/1.1\r\nhost: raw.test\r\n\r\n");
    await header.has("content-length: 99");
  });
});

describe("connections", () => {
  test("carry one request after the other, in front and behind", async () => {
    service.onConnection = answering(OK);
    using client = rawClient(joined.port);
    for (let n = 1; n <= 10; n++) {
      client.send(get(`/${n}`));
      await client.until(({ text }) => text.split("\r\n\r\nok").length === n + 1);
    }
    expect(service.connections.length).toBe(1);
  });

  test("carry pipelined requests, answered in order", async () => {
    service.onConnection = (end) => {
      let answered = 0;
      end.socket.on("data", () => {
        const lines = end.text.match(/^GET (\S+)/gm) ?? [];
        for (; answered < lines.length; answered++) {
          const { length } = lines[answered]!;
          end.send(`HTTP/1.1 200 OK\r\ncontent-length: ${length}\r\n\r\n${lines[answered]}`);
        }
      });
    };
    const paths = Array.from({ length: 50 }, (_, n) => `/${n}`);
    using client = rawClient(joined.port, paths.map((path) => get(path)).join(""));
    await client.until(({ text }) => text.endsWith("GET /49"));
    const bodies = client.text.match(/GET \/\d+/g);
    expect(bodies).toEqual(paths.map((path) => `GET ${path}`));
  });

  test("of HTTP/1.0 get the body as it is and end with it, or are kept on request", async () => {
    service.onConnection = answering(
      "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n",
    );
    using client = rawClient(joined.port, "GET / HTTP/1.0\r\nhost: raw.test\r\n\r\n");
    await client.over();
    expect(client.text).toMatch(/\r\n\r\nok$/);
    expect(client.text).not.toMatch(/transfer-encoding/i);
    for (const end of service.connections.splice(0)) end[Symbol.dispose]();
    service.onConnection = answering(OK);
    using kept = rawClient(
      joined.port,
      "GET / HTTP/1.0\r\nhost: raw.test\r\nconnection: keep-alive\r\n\r\n",
    );
    await kept.has("\r\n\r\nok");
    expect(kept.text).toMatch(/connection: keep-alive/i);
    kept.send("GET / HTTP/1.0\r\nhost: raw.test\r\n\r\n");
    await kept.over();
    expect(kept.text.match(/\r\n\r\nok/g)?.length).toBe(2);
  });

  test("that say close are closed behind the answer", async () => {
    service.onConnection = answering(OK);
    using client = rawClient(joined.port, get("/", "connection: close\r\n"));
    await client.over();
    expect(client.text).toMatch(/connection: close[^]*\r\n\r\nok$/i);
  });
});

describe("an upgrade to a protocol of one's own", () => {
  const asked = get("/", "connection: upgrade\r\nupgrade: Echo/1\r\n");
  const switched =
    "HTTP/1.1 101 Switching\r\nconnection: upgrade\r\nupgrade: echo/1\r\nx-a: 1\r\n\r\n";

  test.each([{ front: "plain" }, { front: "TLS" }])(
    "carries bytes and each direction's end ($front)",
    async ({ front }) => {
      using client =
        front === "plain"
          ? rawClient(joined.port, `${asked}early`)
          : await tlsClient(joined.tlsPort, {
              ca: certificates.ca,
              servername: "raw.test",
              allowHalfOpen: true,
            } as object);
      if (front === "TLS") client.send(`${asked}early`);
      const end = await (await service.connection()).has("\r\n\r\n");
      expect(end.text).toMatch(/connection: upgrade\r\n/i);
      expect(end.text).toMatch(/upgrade: echo\/1\r\n/i);
      end.send(`${switched}first`);
      await client.has("\r\n\r\nfirst");
      expect(client.text).toContain("x-a: 1");
      await end.has("\r\n\r\nearly");
      client.send("last");
      client.socket.end();
      await end.until(({ ended, text }) => ended && text.endsWith("last"));
      end.send("after the end");
      await client.has("after the end");
      end.socket.end();
      await client.over();
    },
  );

  test("that the service declines is an ordinary answer, and the connection goes on", async () => {
    service.onConnection = answering(OK);
    using client = rawClient(joined.port, asked);
    await client.has("\r\n\r\nok");
    client.send(get("/next"));
    await client.until(({ text }) => text.split("\r\n\r\nok").length === 3);
  });

  test("that nobody asked for is refused", async () => {
    service.onConnection = answering(switched);
    using client = rawClient(joined.port, get("/"));
    await client.has("\r\n\r\n");
    expect(client.text).toMatch(/^HTTP\/1.1 502 /);
  });
});
