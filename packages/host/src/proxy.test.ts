import { describe, expect, test } from "vitest";
import { isLoopback, proxyFor, proxySettings } from "./proxy.ts";

const settings = (noProxy?: string) => ({
  httpsProxy: "http://secure.proxy:3128",
  httpProxy: "plain.proxy:3128",
  noProxy,
});

describe("proxyFor", () => {
  test.each([
    { name: "wss goes through the https proxy", url: "wss://a.b/", want: "secure.proxy:3128" },
    { name: "ws goes through the http proxy", url: "ws://a.b/", want: "plain.proxy:3128" },
    { name: "a name in the list is direct", url: "ws://a.b/", no: "x.y, A.b", want: undefined },
    { name: "so is a name below it", url: "ws://c.a.b/", no: "a.b", want: undefined },
    { name: "a leading dot changes nothing", url: "ws://a.b/", no: ".a.b", want: undefined },
    {
      name: "a longer name is not below it",
      url: "ws://aa.b/",
      no: "a.b",
      want: "plain.proxy:3128",
    },
    { name: "a star is everything", url: "ws://a.b/", no: "*", want: undefined },
    { name: "a port narrows an entry", url: "wss://a.b/", no: "a.b:80", want: "secure.proxy:3128" },
    { name: "the default port counts", url: "wss://a.b/", no: "a.b:443", want: undefined },
    { name: "a block of addresses", url: "ws://10.1.2.3/", no: "10.0.0.0/8", want: undefined },
    {
      name: "an address outside",
      url: "ws://11.1.2.3/",
      no: "10.0.0.0/8",
      want: "plain.proxy:3128",
    },
    { name: "an IPv6 block", url: "ws://[fd00::1]/", no: "fd00::/8", want: undefined },
    {
      name: "nonsense in the list",
      url: "ws://a.b/",
      no: ",/,10.0.0.0/99",
      want: "plain.proxy:3128",
    },
    { name: "this machine is always direct", url: "ws://127.0.0.1:1/", want: undefined },
    { name: "and by name", url: "ws://x.localhost/", want: undefined },
  ])("$name", ({ url, no, want }) => {
    expect(proxyFor(new URL(url), settings(no))?.host).toBe(want);
  });

  test("a proxy of an unknown kind is a clear error", () => {
    const socks = { httpsProxy: undefined, httpProxy: "socks5://p:1", noProxy: undefined };
    expect(() => proxyFor(new URL("ws://a.b"), socks)).toThrow("socks5:// is not supported");
  });
});

test("settings come from the usual variables, lower case first, empty means unset", () => {
  expect(
    proxySettings({
      HTTPS_PROXY: "http://a",
      https_proxy: "http://b",
      HTTP_PROXY: "",
      ALL_PROXY: "c",
    }),
  ).toEqual({ httpsProxy: "http://b", httpProxy: "c", noProxy: undefined });
});

test.each([
  ["127.0.0.1", true],
  ["127.9.9.9", true],
  ["::1", true],
  ["::ffff:127.0.0.1", true],
  ["10.0.0.1", false],
  ["127.0.0.1.example", false],
  [undefined, false],
])("isLoopback(%s) is %s", (address, want) => {
  expect(isLoopback(address)).toBe(want);
});
