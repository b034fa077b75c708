import { describe, expect, test } from "vitest";
import { foreignUrlProblem } from "./foreign-url.ts";

describe("a URL elsewhere", () => {
  test.each([
    "https://example.com/a.png?x=1",
    "https://files.example.com:8443/a",
    "https://8.8.8.8/a",
    "https://[2606:4700::1111]/a",
    "https://bücher.example/a",
    "https://localhost.example.com/",
    "https://172.32.0.1/",
  ])("%s is taken", (url) => {
    expect(foreignUrlProblem(url)).toBeUndefined();
  });

  test.each([
    { url: "javascript:alert(1)", problem: "not https" },
    { url: "data:text/html,x", problem: "not https" },
    { url: "http://example.com/", problem: "not https" },
    { url: "ftp://example.com/", problem: "not https" },
    { url: "//example.com/a", problem: "no URL" },
    { url: "example", problem: "no URL" },
    { url: "https://", problem: "no URL" },
    { url: "https://exa\nmple.com/", problem: "no URL" },
    { url: " https://example.com/", problem: "no URL" },
    { url: "https:\\\\example.com\\", problem: "no URL" },
    { url: `https://example.com/${"a".repeat(2048)}`, problem: "too long" },
    { url: "https://user@example.com/", problem: "credentials" },
    { url: "https://example.com@10.0.0.1/", problem: "credentials" },
    { url: "https://localhost/", problem: "not public" },
    { url: "https://LOCALHOST./", problem: "not public" },
    { url: "https://db.internal/", problem: "not public" },
    { url: "https://chat.default.svc.cluster.local/", problem: "not public" },
    { url: "https://intranet/", problem: "not public" },
    { url: "https://127.0.0.1/", problem: "not public" },
    { url: "https://127.1/", problem: "not public" },
    { url: "https://2130706433/", problem: "not public" },
    { url: "https://0x7f000001/", problem: "not public" },
    { url: "https://0177.0.0.1/", problem: "not public" },
    { url: "https://0.0.0.0/", problem: "not public" },
    { url: "https://10.1.2.3/", problem: "not public" },
    { url: "https://100.64.0.1/", problem: "not public" },
    { url: "https://169.254.169.254/latest/meta-data", problem: "not public" },
    { url: "https://172.16.0.1/", problem: "not public" },
    { url: "https://192.168.1.1/", problem: "not public" },
    { url: "https://224.0.0.1/", problem: "not public" },
    { url: "https://255.255.255.255/", problem: "not public" },
    { url: "https://[::1]/", problem: "not public" },
    { url: "https://[::]/", problem: "not public" },
    { url: "https://[::ffff:127.0.0.1]/", problem: "not public" },
    { url: "https://[64:ff9b::7f00:1]/", problem: "not public" },
    { url: "https://[2002:7f00:1::]/", problem: "not public" },
    { url: "https://[fc00::1]/", problem: "not public" },
    { url: "https://[fe80::1]/", problem: "not public" },
    { url: "https://[ff02::1]/", problem: "not public" },
  ])("$url is refused: $problem", ({ url, problem }) => {
    expect(foreignUrlProblem(url)).toBe(problem);
  });
});
