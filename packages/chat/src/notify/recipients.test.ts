import * as v from "valibot";
import { describe, expect, test } from "vitest";
import { MailAddresses, PhoneNumbers } from "./recipients.ts";

describe("who is alerted", () => {
  test.each([
    { name: "a comma list", value: "ada@x.org, bob@x.org ,", want: ["ada@x.org", "bob@x.org"] },
    {
      name: "an array of TOML",
      value: ["ada@x.org", "bob@x.org"],
      want: ["ada@x.org", "bob@x.org"],
    },
    { name: "nothing", value: "", want: [] },
    { name: "one who is named twice", value: "ada@x.org,ada@x.org", want: ["ada@x.org"] },
    { name: "a host of the own network", value: "root@localhost", want: ["root@localhost"] },
    {
      name: "a plus and an international domain",
      value: "a+b@bücher.example",
      want: ["a+b@bücher.example"],
    },
  ])("by mail may be written as $name", ({ value, want }) => {
    expect(v.parse(MailAddresses, value)).toEqual(want);
  });

  test.each([
    { name: "a name beside the address", value: "Ada <ada@x.org>" },
    { name: "a line break", value: "ada@x.org\r\nBcc: eve@x.org" },
    { name: "no domain", value: "ada@" },
    { name: "two at signs", value: "ada@x@y.org" },
    { name: "an address of a machine", value: "ada@127.0.0.1" },
    { name: "dots at the edge", value: ".ada@x.org" },
    { name: "one bad among good ones", value: "ada@x.org,bob" },
    { name: "too long a name", value: `${"a".repeat(65)}@x.org` },
  ])("by mail is refused with $name, without being quoted", ({ value }) => {
    const parsed = v.safeParse(MailAddresses, value);
    expect(parsed.success).toBe(false);
    expect(parsed.issues?.[0]?.message).toBe("expected mail addresses, separated by commas");
  });

  test.each([
    { name: "E.164", value: "+15551234567", want: ["+15551234567"] },
    { name: "as people write it", value: "+49 (30) 123-4567", want: ["+49301234567"] },
    {
      name: "an array",
      value: ["+15551234567", "+15551234568"],
      want: ["+15551234567", "+15551234568"],
    },
  ])("by SMS may be written as $name", ({ value, want }) => {
    expect(v.parse(PhoneNumbers, value)).toEqual(want);
  });

  test.each(["5551234567", "+0555123456", "+1555", "+1234567890123456", "+1555CALLME1"])(
    "by SMS is refused as %s",
    (value) => {
      expect(v.safeParse(PhoneNumbers, value).success).toBe(false);
    },
  );
});
