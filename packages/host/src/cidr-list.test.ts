import { describe, expect, test } from "vitest";
import { CidrList, cidrProblem } from "./cidr-list.ts";

describe("CIDR lists", () => {
  test.each([
    { list: ["10.0.0.0/8"], address: "10.255.0.1", want: true },
    { list: ["10.0.0.0/8"], address: "11.0.0.1", want: false },
    { list: ["10.0.0.0/8"], address: "::ffff:10.0.0.1", want: true },
    { list: ["10.0.0.0/8"], address: "::ffff:a00:1", want: true },
    { list: ["::ffff:10.0.0.0/104"], address: "10.9.9.9", want: true },
    { list: ["192.0.2.1"], address: "192.0.2.1", want: true },
    { list: ["192.0.2.1"], address: "192.0.2.2", want: false },
    { list: ["0.0.0.0/0"], address: "203.0.113.9", want: true },
    { list: ["0.0.0.0/0"], address: "2001:db8::1", want: false },
    { list: ["2001:db8::/32"], address: "2001:DB8:1::1", want: true },
    { list: ["2001:db8::/32", "192.0.2.0/24"], address: "192.0.2.200", want: true },
    { list: ["nonsense", "10.0.0.0/33"], address: "10.0.0.1", want: false },
    { list: [], address: "10.0.0.1", want: false },
    { list: ["0.0.0.0/0"], address: "not an address", want: false },
  ])("$list holds $address: $want", ({ list, address, want }) => {
    expect(new CidrList(list).has(address)).toBe(want);
  });

  test.each([
    "10.0.0.0/33",
    "10.0.0.0/",
    "10.0.0.0/8/8",
    "2001:db8::/129",
    "::ffff:1.2.3.4/95",
    "host",
    "",
    "10.0.0.0/-1",
    "fe80::1%eth0/64",
  ])("%j is not a CIDR", (text) => {
    expect(cidrProblem(text)).toContain("neither an address nor a CIDR");
  });
  test.each(["10.0.0.0/8", "::/0", "192.0.2.1", "::1"])("%j is one", (text) => {
    expect(cidrProblem(text)).toBeUndefined();
  });
});
