import { describe, expect, test } from "vitest";
import { readMailAddress, readPhoneNumber } from "./recipients.ts";

describe("who is alerted", () => {
  test.each([
    { name: "an address", value: "ada@x.org" },
    { name: "a host of the own network", value: "root@localhost" },
    { name: "a plus and an international domain", value: "a+b@bücher.example" },
  ])("by mail may be $name", ({ value }) => {
    expect(readMailAddress(value)).toBe(value);
  });

  test.each([
    { name: "a name beside the address", value: "Ada <ada@x.org>" },
    { name: "a line break", value: "ada@x.org\r\nBcc: eve@x.org" },
    { name: "no domain", value: "ada@" },
    { name: "two at signs", value: "ada@x@y.org" },
    { name: "an address of a machine", value: "ada@127.0.0.1" },
    { name: "dots at the edge", value: ".ada@x.org" },
    { name: "nobody", value: "bob" },
    { name: "too long a name", value: `${"a".repeat(65)}@x.org` },
  ])("by mail is never $name", ({ value }) => {
    expect(readMailAddress(value)).toBeUndefined();
  });

  test.each([
    { name: "in E.164", value: "+15551234567", want: "+15551234567" },
    { name: "as people write it", value: "+49 (30) 123-4567", want: "+49301234567" },
  ])("by SMS may be written $name", ({ value, want }) => {
    expect(readPhoneNumber(value)).toBe(want);
  });

  test.each(["5551234567", "+0555123456", "+1555", "+1234567890123456", "+1555CALLME1"])(
    "by SMS is refused as %s",
    (value) => {
      expect(readPhoneNumber(value)).toBeUndefined();
    },
  );
});
